"""The command line: what it lists, and how it refuses."""

import subprocess
import sys

import pytest

from bmm.data import MEASURED_TABLES, THEORY_TABLES, load_measured, load_theory
from bmm.workflows import pipeline
from bmm.workflows.compare_config import shipped_comparisons
from bmm.workflows.config import shipped_configurations

HEAVY = ("arviz", "matplotlib", "numba", "nutpie", "pandas", "pymc", "scipy", "xarray")
CARD = """
name = "mine"
adapter = "table"
file = "mine.csv"
citation = "[/] somebody"
calibrated_on = "AME2020"
[layout]
Z = "Z"
N = "N"
value = "mass"
quantity = "mass_excess"
unit = "MeV"
"""


BRACKETS = "[/] [red]"  # what rich would take for markup


def write_model(folder, factor=1.0):
    """A user's card and table: FRDM2012 in its disguise."""
    masses = load_theory("FRDM2012")["mass_excess"].rename("mass")
    (factor * masses).reset_index().to_csv(folder / "mine.csv", index=False)
    (folder / "mine.toml").write_text(CARD)


def refused(result):
    """One line on the error stream, nothing else."""
    return (
        result.code == 2
        and result.out.count("\n") <= 2  # the headline of a run, and the stage it was in
        and result.err.startswith("error: ")
        and result.err.count("\n") == 1
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["compare", "--help"],
        ["predict", "--help"],
        ["export", "--help"],
        ["cite", "--help"],
    ],
)
def test_help_imports_nothing_heavy(arguments):
    script = f"""
import sys
from bmm.cli import main
sys.argv = ["bmm", *{arguments!r}]
try:
    main()
finally:
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    print("loaded:", *loaded)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert done.stdout.endswith("loaded:\n")


def test_python_m_is_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "bmm.cli", "data", "nonesuch"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_help_names_every_command_and_configuration(bmm):
    commands = ("run", "resume", "report", "explore", "compare", "design", "update",
                "emulate", "train-mdn", "explain-mdn", "models", "data", "predict", "check-table",
                "export", "cite", "doubt", "score", "freeze")  # fmt: skip
    assert all(word in bmm("--help").out for word in commands)
    # Without spaces: a line may end at the hyphen of a name.
    text = "".join(bmm("run", "--help").out.replace("│", " ").split())
    assert all(name in text for name in shipped_configurations())
    text = "".join(bmm("compare", "--help").out.replace("│", " ").split())
    assert all(name in text for name in shipped_comparisons())


def test_an_unknown_option_is_refused(bmm):
    assert bmm("run", "--sed", "3").code == 2
    assert bmm("run", "--seed", "-1").code == 2


def test_data_lists_every_table(bmm):
    listed = bmm("data").out
    assert all(f"│ {name} " in listed for name in (*MEASURED_TABLES, *THEORY_TABLES))


def test_data_shows_a_record(bmm):
    shown = bmm("data", "FRDM2012")
    assert shown.code == 0
    assert "citation: P. Möller" in shown.out
    assert "unit: MeV" in shown.out


def test_data_of_an_unknown_table(bmm):
    result = bmm("data", "FRDM2013")
    assert refused(result)
    assert "'FRDM2013'" in result.err


def test_models_lists_coverage_and_rms(bmm):
    rows = {}
    for line in bmm("models").out.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            rows[cells[0]] = cells[1:]
    assert set(THEORY_TABLES) <= set(rows)
    assert rows["DZ33"][0] == "any"
    masses = load_measured("AME2020")
    masses = masses[masses.index.to_frame().min(axis=1) >= 8]["mass_excess"]
    error = (load_theory("FRDM2012")["mass_excess"] - masses).dropna()
    assert rows["FRDM2012"][1] == str(len(error))
    assert float(rows["FRDM2012"][2]) == pytest.approx((error**2).mean() ** 0.5, abs=6e-4)


def test_models_shows_the_users_own(bmm, tmp_path):
    write_model(tmp_path)
    assert "[/] somebody" in bmm("models", "-c", tmp_path).out
    rows = {line.split()[1]: line.split()[3:] for line in _rows(bmm("models", "-c", tmp_path))}
    assert rows["mine"][:5] == rows["FRDM2012"][:5]  # nuclei, measured, rms between bars


def _rows(result):
    assert result.code == 0
    return [line for line in result.out.splitlines() if line.startswith(("│ mine ", "│ FRDM2012 "))]


@pytest.mark.parametrize("command", ["models", "data"])
def test_a_narrow_screen_has_one_line_for_each_row(bmm, command):
    lines = {}
    for columns in (80, 100, 160):
        shown = bmm(command, columns=columns).out
        assert "…" not in shown
        assert ("citation" in shown) == (columns > 80)
        lines[columns] = shown.count("\n│")
    assert len(set(lines.values())) == 1


def test_models_with_a_card_that_is_not_there(bmm, tmp_path):
    result = bmm("models", "--cards", tmp_path / "x.toml")
    assert refused(result)
    assert "x.toml: expected a model card" in result.err


def test_run_names_the_table_that_is_in_other_units(bmm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path, factor=1000.0)
    (tmp_path / "x.toml").write_text('[theory]\nmodels = ["DZ33", "mine"]\ncards = ["mine.toml"]')
    result = bmm("run", "x.toml")
    assert refused(result)
    assert "mine.csv" in result.err
    assert "MeV" in result.err
    assert not (tmp_path / "runs" / "x").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[theory]\nmodels = ['DZ34']", "no model is called 'DZ34'"),
        ("[theory]\nmodel = ['DZ33']", "'theory.model"),
        ("[theory]\nmodels = ['DZ33']\n[data]\nmeasured = 'AME1887'", "'AME1887'"),
        ("[theory]\nmodels = ['DZ33']\n[data]\nZ = [9, 8]", "key 'data.Z': expected [first, last]"),
    ],
)
def test_run_refuses_a_wrong_configuration(bmm, tmp_path, text, message):
    (tmp_path / "x.toml").write_text(text)
    result = bmm("run", tmp_path / "x.toml", "-o", tmp_path / "out")
    assert refused(result)
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_brackets_in_a_description_are_shown(bmm, tmp_path):
    text = f"description = '{BRACKETS}'\n[theory]\nmodels = ['{BRACKETS}']"
    (tmp_path / "x.toml").write_text(text)
    result = bmm("run", tmp_path / "x.toml", "-o", tmp_path / "out")
    assert refused(result)
    assert result.out == f"bmm run x  {BRACKETS}\n"
    assert f"no model is called '{BRACKETS}'" in result.err


def test_run_refuses_a_folder_of_something_else(bmm, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    result = bmm("run", "default", "-o", tmp_path, "--overwrite")
    assert refused(result)
    assert f"{tmp_path} exists and is not the folder of a run" in result.err


def test_predict_without_a_run(bmm, tmp_path):
    result = bmm("predict", tmp_path / BRACKETS, "Sn-132")
    assert refused(result)
    assert f"{BRACKETS}: expected the folder of a run" in result.err


def test_seed_and_output_reach_the_run(bmm, tmp_path, monkeypatch):
    calls = []

    def remember(config, path, **options):
        calls.append((config.seed, path, options["overwrite"]))
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run", remember)
    assert bmm("run", "default", "--seed", "7", "-o", tmp_path / "x", "--overwrite").code == 130
    assert calls == [(7, tmp_path / "x", True)]


@pytest.mark.parametrize("command", ["run", "resume"])
def test_control_c_says_how_to_go_on(bmm, tmp_path, monkeypatch, command):
    def interrupt(*_, **__):
        stop = KeyboardInterrupt()
        stop.add_note("to go on: bmm resume [/]")
        raise stop

    monkeypatch.setattr(pipeline, command, interrupt)
    shown = bmm(command, "default" if command == "run" else tmp_path)
    assert shown.code == 130
    assert "to go on: bmm resume [/]\n" in shown.err


def test_resume_without_a_run(bmm, tmp_path):
    result = bmm("resume", tmp_path / BRACKETS)
    assert refused(result)
    assert f"{BRACKETS}: expected the folder of a run, but there is none" in result.err
    (tmp_path / "thesis.tex").write_text("precious")
    result = bmm("resume", tmp_path)
    assert refused(result)
    assert "holds no run: manifest.json missing" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
