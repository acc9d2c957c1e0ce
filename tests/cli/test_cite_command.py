"""``bmm cite``: of runs, models and tables."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import bmm as package
from bmm.data import citation_file, read_provenance
from bmm.theory.library import find_cards
from bmm.workflows.config import Data, RunConfig, Theory
from bmm.workflows.folder import RunFolder

CARD = """
name = "mine"
adapter = "duflo_zuker"
formula = "DZ10"
coefficients = "published"
citation = "somebody & others, in preparation"
calibrated_on = "AME1995"
"""
REFERENCE = """
[[references]]
authors = ["M. Mine"]
title = "Masses of my own"
year = 2025
note = "In preparation"
"""


def keys(text):
    return re.findall(r"^@\w+\{(\w+),$", text, flags=re.MULTILINE)


@pytest.fixture
def run(tmp_path):
    """A complete run with a card of the user's."""
    card = tmp_path / "mine.toml"
    card.write_text(CARD)
    theory = Theory(models=["DZ28", "DZ33", "MDN", "UNEDF1", "mine"], cards=[card])
    config = RunConfig(name="mine", theory=theory, data=Data(measured="AME2016"))
    with RunFolder.begin(tmp_path / "run") as folder:
        folder.write_config(config.to_toml())
        folder.complete()
    return folder.path


def test_a_run_is_cited_with_its_tables_models_and_bmm(bmm, run):
    done = bmm("cite", run)
    assert done.code == 0, done.err
    assert keys(done.out) == [
        "Wang2017Ame2016", "Duflo1995Microscopic", "Lovell2022Nuclear", "Mumpower2022Physically",
        "Kortelainen2012Nuclear", "Erler2012Limits", "mine", "Thebmmdevelopers2026Bmm",
    ]  # fmt: skip
    assert r"note = {somebody \& others, in preparation}" in done.out
    assert f"version {package.__version__}" in done.out


def test_models_and_tables_are_cited_each_once(bmm):
    done = bmm("cite", "AME2020", "HFB24", "HFB26", "DZ28")
    assert keys(done.out) == ["Wang2021Ame", "Goriely2013Further", "Duflo1995Microscopic"]
    lines = bmm("cite", "AME2020", "DZ28", "--format", "text").out.splitlines()
    assert lines == [
        f"{read_provenance(name).citation}; doi:{read_provenance(name).doi}"
        for name in ("AME2020", "DZ28")
    ]


def test_a_card_may_bring_references_of_its_own(bmm, tmp_path):
    card = tmp_path / "mine.toml"
    card.write_text(CARD + REFERENCE)
    done = bmm("cite", "mine", "--cards", card)
    assert keys(done.out) == ["Mine2025Masses"]
    card.write_text(CARD + REFERENCE.replace("year", "years"))
    done = bmm("cite", "mine", "--cards", card)
    assert done.code == 2
    assert "years" in done.err


def test_keys_that_are_alike_are_told_apart(bmm, tmp_path):
    for name, note in (("one", "First"), ("two", "Second")):
        text = (CARD + REFERENCE).replace('"mine"', f'"{name}"').replace("In prep", note)
        (tmp_path / f"{name}.toml").write_text(text)
    done = bmm("cite", "one", "two", "--cards", tmp_path)
    assert keys(done.out) == ["Mine2025Masses", "Mine2025Massesb"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DZ82", "'DZ82' is no run folder, model or measured table (nearest: 'DZ28')"),
        (".", "holds no complete run: manifest.json missing"),
    ],
)
def test_names_that_cannot_be_cited_are_refused(bmm, tmp_path, monkeypatch, name, expected):
    monkeypatch.chdir(tmp_path)
    done = bmm("cite", name)
    assert done.code == 2
    assert not done.out
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert expected in done.err


def test_every_model_can_be_cited(bmm):
    cards = find_cards()
    done = bmm("cite", *cards)
    assert done.code == 0
    for card in cards.values():
        assert card.doi in done.out


def test_the_citation_file_is_of_this_version():
    facts = yaml.safe_load(citation_file().read_text(encoding="utf-8"))
    assert facts["version"] == package.__version__
    project = Path(package.__file__).parents[1] / "pyproject.toml"
    wheel = tomllib.loads(project.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["CITATION.cff"] == "bmm/library/CITATION.cff"
