"""Columns that are not what they are declared as are refused; published tables are not."""

import logging

import numpy as np
import pandas as pd
import pytest

from bmm.conversions import (
    ATOMIC_MASS_UNIT,
    ELECTRON_MASS,
    atomic_mass,
    binding_energy,
    electron_binding_energy,
    nuclear_to_atomic_binding_energy,
)
from bmm.data import THEORY_TABLES, TableLayout, load_measured, load_theory, read_mass_table
from bmm.data.expected_masses import Source, expected_masses
from bmm.data.plausibility import Column, check_masses
from bmm.data.readings import SHIFTS, Reading, find_misreading
from bmm.errors import DataError

MICRO_U = ATOMIC_MASS_UNIT * 1e-6


def numbers_of(masses):
    return (masses.index.get_level_values(level).to_numpy() for level in "ZN")


def nuclear_binding(Z, N, mass):
    return binding_energy(Z, N, mass) - nuclear_to_atomic_binding_energy(Z, 0)


def nuclear_mass(Z, N, mass):
    return atomic_mass(Z, N, mass) - Z * ELECTRON_MASS + electron_binding_energy(Z)


# What a column holds; what it is declared as; and the message expected.
MISREAD = {
    "keV as MeV": (lambda Z, N, M: 1000 * M, {"unit": "MeV"}, 'unit = "keV"'),
    "MeV as keV": (lambda Z, N, M: M, {"unit": "keV"}, 'unit = "MeV"'),
    "micro-u as keV": (lambda Z, N, M: M / MICRO_U, {"unit": "keV"}, 'unit = "micro-u"'),
    "keV as micro-u": (lambda Z, N, M: 1000 * M, {"unit": "micro-u"}, 'unit = "keV"'),
    "another sign": (lambda Z, N, M: -M, {}, "sign = -1"),
    "a bare mass excess": (
        lambda Z, N, M: M - Z * ELECTRON_MASS + electron_binding_energy(Z),
        {},
        'convention = "nuclear"',
    ),
    "masses of bare nuclei": (
        nuclear_mass,
        {"quantity": "atomic_mass"},
        'quantity = "nuclear_mass"',
    ),
    "masses of atoms": (
        lambda Z, N, M: atomic_mass(Z, N, M) / ATOMIC_MASS_UNIT,
        {"quantity": "nuclear_mass", "unit": "u"},
        'quantity = "atomic_mass"',
    ),
    "binding energies": (binding_energy, {}, 'quantity = "binding_energy"'),
    "negative binding energies": (
        lambda Z, N, M: -binding_energy(Z, N, M),
        {"quantity": "binding_energy", "convention": "atomic"},
        "sign = -1",
    ),
    "binding energies in keV": (
        lambda Z, N, M: 1000 * binding_energy(Z, N, M),
        {"quantity": "binding_energy", "convention": "atomic"},
        'unit = "keV"',
    ),
    "energies per nucleon": (
        lambda Z, N, M: binding_energy(Z, N, M) / (Z + N),
        {"quantity": "binding_energy", "convention": "atomic"},
        'quantity = "binding_energy_per_nucleon"',
    ),
}


def read(path, masses, value, keys, nuclei=lambda Z, N: (Z, N)):
    Z, N = numbers_of(masses)
    first, second = nuclei(Z, N)
    frame = pd.DataFrame({"Z": first, "N": second, "M": value(Z, N, masses.to_numpy())})
    frame.to_csv(path, index=False, float_format="%.9g")
    layout = {"N": "N", "value": "M", "quantity": "mass_excess", "unit": "MeV"} | keys
    return read_mass_table(path, TableLayout.model_validate(layout))


@pytest.mark.parametrize("table", ["FRDM2012", "around tin"])
@pytest.mark.parametrize("name", MISREAD)
def test_a_misreading_is_refused_and_named(tmp_path, tin, table, name):
    masses = tin if table == "around tin" else load_theory(table)["mass_excess"]
    value, keys, message = MISREAD[name]
    with pytest.raises(DataError, match=f"MeV with {message}( and|: expected)") as error:
        read(tmp_path / "mine.csv", masses, value, keys)
    assert len(str(error.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("name", MISREAD)
def test_what_the_message_says_makes_the_table_right(tmp_path, tin, name):
    value, keys, message = MISREAD[name]
    key, said = message.split(" = ")
    keys = keys | {key: int(said) if key == "sign" else said.strip('"')}
    if keys.get("quantity", "").startswith("binding"):
        keys.setdefault("convention", "atomic")
    table = read(tmp_path / "mine.csv", tin, value, keys)
    np.testing.assert_allclose(table["mass_excess"], tin, rtol=0, atol=5e-4)


def test_mev_read_as_kev_is_seen_among_light_nuclei(tmp_path):
    light = load_theory("FRDM2012").query("Z <= 12 and N <= 14")["mass_excess"]
    with pytest.raises(DataError, match='with unit = "MeV"'):
        read(tmp_path / "mine.csv", light, lambda Z, N, M: M, {"unit": "keV"})


ORDERS = {
    "N one larger than printed": lambda Z, N: (Z, N - 1),
    "N one smaller than printed": lambda Z, N: (Z, N + 1),
    "Z one larger than printed": lambda Z, N: (Z - 1, N),
    "Z one smaller than printed": lambda Z, N: (Z + 1, N),
    "A, not N, in the column of N": lambda Z, N: (Z, N + Z),
    "Z and N swapped": lambda Z, N: (N, Z),
}


@pytest.mark.parametrize("table", ["FRDM2012", "UNEDF1", "DD-ME2", "around tin"])
@pytest.mark.parametrize("name", ORDERS)
def test_the_columns_of_other_numbers_are_refused(tmp_path, tin, table, name):
    masses = tin if table == "around tin" else load_theory(table)["mass_excess"]
    # What is no nuclide in the other order is refused row by row.
    masses = masses[[8 < Z < 60 and 8 < N < 80 and N <= 1.3 * Z + 4 for Z, N in masses.index]]
    with pytest.raises(DataError, match=rf"mine\.csv: .* (MeV|table) with {name}: expected"):
        read(tmp_path / "mine.csv", masses, lambda Z, N, M: M, {}, ORDERS[name])


SHIFTED = {
    "N two smaller than printed": lambda Z, N: (Z, N + 2),
    "Z two smaller than printed": lambda Z, N: (Z + 2, N),
    "N two larger than printed": lambda Z, N: (Z, N - 2),
}


@pytest.mark.parametrize("table", ["FRDM2012", "WS4"])
@pytest.mark.parametrize("parity", ["all", "even-even"])
@pytest.mark.parametrize("name", SHIFTED)
def test_a_shift_that_staggering_cannot_show_is_refused(tmp_path, table, parity, name):
    """As where the rows of an even-even table slip by one beside its nuclei."""
    masses = load_theory(table)["mass_excess"]
    masses = masses[
        [Z < 100 and (parity == "all" or not (Z % 2 or N % 2)) for Z, N in masses.index]
    ]
    with pytest.raises(DataError, match=rf"mine\.csv: .* MeV with {name}: expected"):
        read(tmp_path / "mine.csv", masses, lambda Z, N, M: M, {}, SHIFTED[name])


def test_a_shift_among_unmeasured_nuclei_shows_by_its_staggering(tmp_path):
    masses = load_theory("WS4").query("70 <= Z <= 75")["mass_excess"]
    exotic = masses[~masses.index.isin(load_measured("AME2020", estimated=True).index)]
    with pytest.raises(
        DataError, match=r"odd and even nuclei, .* of a table with N one smaller than"
    ):
        read(tmp_path / "mine.csv", exotic, lambda Z, N, M: M, {}, lambda Z, N: (Z, N + 1))


def test_the_usual_unit_is_named_where_models_cannot_tell_two_apart(tmp_path):
    masses = load_theory("WS4").query("70 <= Z <= 75")["mass_excess"]
    exotic = masses[~masses.index.isin(load_measured("AME2020", estimated=True).index)]
    with pytest.raises(DataError, match='MeV with unit = "keV": expected'):
        read(tmp_path / "mine.csv", exotic, lambda Z, N, M: 1000 * M, {})


def test_N_in_the_column_of_A_is_refused(tmp_path, tin):
    rich = tin[[N > Z + 30 for Z, N in tin.index]]
    with pytest.raises(DataError, match="N, not A, in the column of A"):
        read(tmp_path / "mine.csv", rich, lambda Z, N, M: M, {"N": None, "A": "N"})
    with pytest.raises(DataError, match=r"line 2: Z=48, N=2 is no nuclide; expected"):
        read(tmp_path / "mine.csv", tin, lambda Z, N, M: M, {"N": None, "A": "N"})


@pytest.mark.parametrize("name", THEORY_TABLES)
@pytest.mark.parametrize("declared", [
    Reading(unit="keV"),
    Reading(unit="micro-u"),
    Reading("binding_energy", convention="nuclear"),
    Reading("nuclear_mass", "u", "nuclear"),
], ids=lambda reading: f"{reading.quantity} in {reading.unit}")  # fmt: skip
def test_no_published_table_is_taken_for_another(name, declared, caplog, tmp_path):
    masses = load_theory(name)["mass_excess"]
    Z, N = numbers_of(masses)
    column = {
        "keV": 1000 * masses.to_numpy(),
        "micro-u": masses.to_numpy() / MICRO_U,
        "MeV": nuclear_binding(Z, N, masses.to_numpy()),
        "u": nuclear_mass(Z, N, masses.to_numpy()) / ATOMIC_MASS_UNIT,
    }[declared.unit]
    orders = (*SHIFTS, "Z and N swapped", "A for N")
    with caplog.at_level(logging.WARNING):
        found = check_masses(tmp_path, Column(Z, N, column, [""] * len(Z)), declared, orders)
    np.testing.assert_allclose(found, masses, rtol=0, atol=1e-6)
    assert not caplog.text


def test_a_table_of_unmeasured_nuclei_is_compared_with_models(tmp_path):
    table = load_theory("FRDM2012").query("48 <= Z <= 52")
    exotic = table[~table.index.isin(load_measured("AME2020").index)]["mass_excess"]
    value, keys, message = MISREAD["keV as MeV"]
    with pytest.raises(DataError, match=f"from models and a liquid drop .* {message}"):
        read(tmp_path / "mine.csv", exotic, value, keys)
    table = read(tmp_path / "mine.csv", exotic, lambda Z, N, M: M, {})
    np.testing.assert_allclose(table["mass_excess"], exotic, rtol=0, atol=1e-6)


def test_where_no_model_goes_the_liquid_drop_does():
    masses = load_theory("UNEDF2")["mass_excess"]
    Z, N = numbers_of(masses)
    expected = expected_masses(Z, N)
    far = expected.source == Source.LIQUID_DROP
    assert far.sum() > 1000
    assert np.abs(masses.to_numpy() - expected.mass_excess)[far].max() < 150
    everywhere = Reading(unit="MeV")

    def drop(Z, N):
        return expected_masses(Z, N).mass_excess

    found = find_misreading(Z[far], N[far], 1000 * masses.to_numpy()[far], everywhere, drop,
                            measured=False)  # fmt: skip
    assert found.reading == Reading(unit="keV")


def test_a_model_that_is_off_by_a_constant_is_no_misreading(tmp_path, tin, caplog):
    with caplog.at_level(logging.WARNING):
        table = read(tmp_path / "mine.csv", tin - 30, lambda Z, N, M: M, {})
    np.testing.assert_allclose(table["mass_excess"], tin - 30, rtol=0, atol=1e-6)
    assert "the median deviation from AME2020 is 30.0 MeV" in caplog.text


def test_a_poor_model_whose_unit_is_in_doubt_is_reported(tmp_path, caplog):
    masses = load_theory("UNEDF1")["mass_excess"]
    with caplog.at_level(logging.WARNING):
        read(tmp_path / "mine.csv", masses, lambda Z, N, M: M / MICRO_U, {"unit": "keV"})
    assert 'MeV with unit = "micro-u": is the layout right?' in caplog.text


def test_what_is_no_mass_in_any_reading_is_refused(tmp_path, tin):
    with pytest.raises(DataError, match="no other quantity, unit, sign or order of the columns"):
        read(tmp_path / "mine.csv", tin, lambda Z, N, M: 400.0 + 0.1 * N + Z, {})


def test_nuclear_and_atomic_binding_energies_differ_where_electrons_weigh(tmp_path):
    # An exact table: elsewhere, the error of a model hides the electrons' binding energy.
    heavy = load_measured("AME2020").query("Z >= 70")["mass_excess"]
    keys = {"quantity": "binding_energy", "convention": "atomic"}
    with pytest.raises(DataError, match='with convention = "nuclear"'):
        read(tmp_path / "mine.csv", heavy, nuclear_binding, keys)
