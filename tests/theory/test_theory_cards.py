"""Model cards, and messages about wrong ones."""

import re

import pytest

from bmm.data import THEORY_TABLES, read_provenance
from bmm.errors import ConfigError
from bmm.theory.cards import read_card
from bmm.theory.library import find_cards

DUFLO_ZUKER = """
name = "mine"
adapter = "duflo_zuker"
formula = "DZ10"
coefficients = "published"
citation = "somebody"
calibrated_on = "AME1995"
"""
FAMILY = """
name = "mine"
adapter = "duflo_zuker"
formula = "family"
family = "SO"
configurations = [[0, 0], [0, 2]]
coefficients = "joint"
citation = "somebody"
calibrated_on = "training"
"""
TABLE = """
name = "mine"
adapter = "table"
file = "mine.csv"
citation = "somebody"
calibrated_on = "AME2020"

[layout]
N = "N"
value = "mass"
quantity = "mass_excess"
unit = "MeV"
"""


def write(folder, text, name="mine.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [DUFLO_ZUKER, FAMILY, TABLE])
def test_complete_cards_are_read(tmp_path, text):
    assert read_card(write(tmp_path, text)).name == "mine"


def test_the_table_lies_beside_its_card(tmp_path):
    assert read_card(write(tmp_path, TABLE)).file == tmp_path / "mine.csv"


def test_a_shipped_table_brings_its_provenance(tmp_path):
    card = read_card(write(tmp_path, 'name = "x"\nadapter = "table"\ntable = "FRDM2012"'))
    record = read_provenance("FRDM2012")
    assert (card.citation, card.doi) == (record.citation, record.doi)
    assert card.calibrated_on == record.calibrated_on
    assert card.calibrated_on_confirmed


def test_a_calibration_that_no_source_states_is_flagged():
    flagged = {name for name, card in find_cards().items() if not card.calibrated_on_confirmed}
    tables = {name for name in THEORY_TABLES if not read_provenance(name).calibrated_on_confirmed}
    assert flagged == tables | {"DZ10"}
    assert {"BCPM", "ETFSI", "SLy4"} < tables
    assert not tables & {"HFB24", "UNEDF2", "WS4", "FRDM2012"}
    for name in tables:
        assert read_provenance(name).calibrated_on_note


def test_every_shipped_table_has_a_card():
    cards = find_cards()
    assert set(THEORY_TABLES) <= set(cards)
    assert {"DZ10", "DZ10-refit", "DZ33", "DZ33-refit", "DZ10-SO", "DZ10-HO"} <= set(cards)
    assert all(card.description for card in cards.values())


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (DUFLO_ZUKER, 'name = "mine"', "", "key 'name' is missing"),
        (
            DUFLO_ZUKER,
            "duflo_zuker",
            "bnn",
            "key 'adapter': no theory adapter is called 'bnn': expected one of table, commi",
        ),
        (DUFLO_ZUKER, 'adapter = "duflo_zuker"', "", "key 'adapter' is missing"),
        (DUFLO_ZUKER, "DZ10", "DZ11", "key 'formula': expected 'DZ10', 'DZ33' or 'family', not"),
        (
            DUFLO_ZUKER,
            "citation",
            "citations",
            "unknown key 'citations' (did you mean 'citation'?)",
        ),
        (
            DUFLO_ZUKER,
            "[[end]]",
            'fit_too = "B"',
            "unknown key 'fit_too' (did you mean 'fit_to'?): expected one of ",
        ),
        (DUFLO_ZUKER, "[[end]]", 'fit_to = "A"', "key 'fit_to': expected 'B' or 'B/A', not 'A'"),
        (DUFLO_ZUKER, "[[end]]", "[domain]\nA = [1, 2]", "unknown key 'domain.A'"),
        (
            DUFLO_ZUKER,
            "[[end]]",
            "[domain]\nZ = [140, 8]",
            "key 'domain.Z': expected [lowest, highest], not [140, 8]",
        ),
        (
            DUFLO_ZUKER,
            '"published"',
            '"joint"',
            "key 'coefficients': DZ10 has 'published', 'amdc-table', 'mendoza-temis-2010', "
            "'refit', not 'joint'",
        ),
        (DUFLO_ZUKER, '"published"', '"refit"', "key 'calibrated_on': expected 'training' if"),
        (DUFLO_ZUKER, '"AME1995"', '"training"', "key 'calibrated_on': expected 'training' if"),
        (
            DUFLO_ZUKER,
            "[[end]]",
            'family = "SO"',
            "keys 'family', 'configurations' and 'kind' are for formula 'family', not for 'DZ10'",
        ),
        (FAMILY, 'family = "SO"', "", "formula 'family' needs the keys 'family' and"),
        (FAMILY, "[0, 2]", "[0, 0]", "key 'configurations': expected each configuration once"),
        (FAMILY, "[0, 2]", "[0, -2]", "key 'configurations.1.1': expected a value greater than"),
        (TABLE, 'file = "mine.csv"', "", "expected either 'table' (a shipped table), or 'file'"),
        (TABLE, '"AME2020"', '"AME2022"', "key 'calibrated_on': expected 'before AME1993', 'AME"),
        (TABLE, '"MeV"', '"GeV"', "key 'layout.unit': expected 'MeV', 'keV', 'u' or 'micro-u'"),
        (TABLE, 'N = "N"', "", "key 'layout': give the column of N or the column of A"),
        (
            TABLE,
            'file = "mine.csv"',
            'table = "FRDM2012"',
            "key 'citation' cannot be given with 'table': the shipped table 'FRDM2012' brings",
        ),
    ],
)
def test_wrong_cards_are_explained(tmp_path, text, old, new, message):
    wrong = text + new if old == "[[end]]" else text.replace(old, new)
    path = write(tmp_path, wrong)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {message}")):
        read_card(path)


def test_an_unknown_shipped_table_is_refused(tmp_path):
    path = write(tmp_path, 'name = "x"\nadapter = "table"\ntable = "FRDM1066"')
    with pytest.raises(ConfigError, match="key 'table': No shipped table is called 'FRDM1066'"):
        read_card(path)


def test_files_that_are_no_cards_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: expected a model card, but No such file"):
        read_card(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"mine\.toml: expected a TOML file: "):
        read_card(write(tmp_path, "name: mine"))
