"""`bmm check-table`: the evidence, the card, and what is refused."""

import tomllib

import pytest

from bmm.data import load_theory


@pytest.fixture
def table(tmp_path):
    masses = load_theory("FRDM2012")["mass_excess"][lambda each: each.index.isin(range(40, 60), 0)]
    path = tmp_path / "mine.csv"
    (1000 * masses).round().reset_index().to_csv(path, index=False)
    return path


def test_a_table_gets_its_card(bmm, table, tmp_path):
    card = tmp_path / "mine.toml"
    result = bmm("check-table", table, "--card", card)
    assert result.code == 0
    assert "mass excess, keV, atomic" in result.out
    assert "complete citation and calibrated_on" in result.out
    content = tomllib.loads(card.read_text())
    assert content["file"] == "mine.csv"
    assert content["layout"]["unit"] == "keV"
    assert "mine" in bmm("models", "--cards", card).out
    again = bmm("check-table", table, "--card", card)
    assert (again.code, "mine.toml exists" in again.err) == (2, True)
    assert bmm("check-table", table, "--card", card, "--overwrite").code == 0


def test_what_is_known_of_a_model_goes_into_its_card(bmm, table, tmp_path):
    card = tmp_path / "mine.toml"
    result = bmm(
        "check-table", table, "--card", card, "--name", "Mine", "--citation", "[/] somebody",
        "--calibrated-on", "AME2012",
    )  # fmt: skip
    assert "complete" not in result.out
    content = tomllib.loads(card.read_text())
    assert (content["name"], content["calibrated_on"]) == ("Mine", "AME2012")
    assert "calibrated_on_confirmed" not in content


def test_what_is_no_table_is_refused_in_one_line(bmm, tmp_path):
    path = tmp_path / "letter [red].txt"
    path.write_text("Dear colleague\n")
    result = bmm("check-table", path)
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "letter [red].txt: no rows of numbers found" in result.err
    assert bmm("check-table", tmp_path / "nowhere").code == 2
