"""What a result was made with: checksums of measured masses and tables from files and folders."""

import hashlib

import pytest

from bmm.data import load_measured, load_theory
from bmm.errors import DataError
from bmm.theory.cards import read_card
from bmm.workflows.citations import references_of_card
from bmm.workflows.config import RunConfig
from bmm.workflows.inputs import select_measured
from bmm.workflows.run_provenance import provenance

CARD = """
name = "mine"
adapter = "table"
file = "masses"
layout = "talys"
citation = "somebody"
calibrated_on = "AME2003"
"""


@pytest.fixture
def card(tmp_path):
    masses = load_theory("FRDM2012")["mass_excess"]
    folder = tmp_path / "masses"
    folder.mkdir()
    for symbol, Z in (("Sn", 50), ("Sb", 51)):
        rows = [f"{Z:4d}{Z + N:4d}{0.0:12.6f}{M:12.6f}" for N, M in masses[Z].items()]
        (folder / f"{symbol}.mass").write_text("\n".join(rows) + "\n")
    (tmp_path / "card.toml").write_text(CARD)
    return read_card(tmp_path / "card.toml")


def test_a_table_of_several_files_has_a_checksum_of_all(card):
    assert len(card.build().masses) == sum(len(load_theory("FRDM2012").loc[[Z]]) for Z in (50, 51))
    before = provenance(["AME2020"], [card], 0)["sha256"]["mine"]
    assert provenance(["AME2020"], [card], 0)["sha256"]["mine"] == before
    file = card.file / "Sb.mass"
    file.write_text(file.read_text().replace("-", "+", 1))
    assert provenance(["AME2020"], [card], 0)["sha256"]["mine"] != before
    for each in card.file.iterdir():
        each.unlink()
    with pytest.raises(DataError, match="no file found"):
        provenance(["AME2020"], [card], 0)


def test_measured_masses_of_a_file_are_selected_and_have_its_checksum(card, tmp_path):
    file = tmp_path / "own.csv"
    table = load_measured("AME2020").loc[[50]]
    table.reset_index()[["Z", "N", "mass_excess", "mass_excess_uncertainty"]].to_csv(
        file, index=False
    )
    config = RunConfig.model_validate(
        {"name": "own", "theory": {"models": ["DZ33"]}, "data": {"measured": str(file)}}
    )
    assert select_measured(config).index.equals(table.index)
    origin = provenance([str(file)], [card], 0)
    assert origin["sha256"][str(file)] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert references_of_card(card)[0].note == "somebody"
