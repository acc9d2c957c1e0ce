"""Values that are no masses: sentinels, single wrong rows, impossible spreads."""

import numpy as np
import pytest

from bmm.data import TableLayout, load_measured, load_theory, read_mass_table
from bmm.errors import DataError

KEYS = {"format": "whitespace", "Z": 1, "N": 2, "value": 3, "quantity": "mass_excess"}


def write(path, cells):
    path.write_text("".join(f"{Z} {N} {cell}\n" for (Z, N), cell in cells.items()))
    return path


@pytest.fixture
def cells(tin):
    return tin.map("{:.2f}".format)


@pytest.fixture
def unmeasured(tin):
    return ~tin.index.isin(load_measured("AME2020").index)


@pytest.mark.parametrize("text", ["999.99", "99.9", "0.000", "9999", "-999", "1e30", "42.0"])
def test_a_value_that_stands_for_none_is_refused(tmp_path, cells, unmeasured, text):
    cells[unmeasured] = text
    path = write(tmp_path / "mine.txt", cells)
    message = rf"line 36: .* stands in 43 of 215 rows .* write missing = \[\"{float(text):g}\"\]"
    with pytest.raises(DataError, match=message.replace("+", r"\+")):
        read_mass_table(path, TableLayout(**KEYS, unit="MeV"))
    table = read_mass_table(path, TableLayout(**KEYS, unit="MeV", missing=[text]))
    assert len(table) == 215 - 43


def test_a_sentinel_in_most_rows_is_refused(tmp_path, cells):
    cells[::2], cells[1::4] = "0.00", "0.00"
    with pytest.raises(DataError, match=r"0 stands in 1\d\d of 215 rows"):
        read_mass_table(write(tmp_path / "mine.txt", cells), TableLayout(**KEYS, unit="MeV"))


@pytest.mark.parametrize("text", ["999.99", "0.0"])
def test_one_value_of_nines_or_zero_is_enough(tmp_path, cells, text):
    cells.iloc[100] = text
    with pytest.raises(DataError, match=rf"line 101: {float(text):g} stands in 1 of 215 rows"):
        read_mass_table(write(tmp_path / "mine.txt", cells), TableLayout(**KEYS, unit="MeV"))


def test_masses_that_several_nuclei_share_are_no_sentinels(tmp_path):
    masses = load_theory("FRDM2012")["mass_excess"]
    rounded = masses.round(0)
    assert rounded.value_counts().max() > 50
    path = write(tmp_path / "mine.txt", rounded)
    assert read_mass_table(path, TableLayout(**KEYS, unit="MeV"))["mass_excess"].equals(rounded)


@pytest.mark.parametrize("value", [-176.55, 40.0, 5000.0, -1e300, 1e15])
def test_one_wrong_row_among_thousands_is_that_rows_error(tmp_path, value):
    masses = load_theory("FRDM2012")["mass_excess"]
    line = masses.index.get_loc((50, 82)) + 1
    cells = masses.map("{:.2f}".format)
    cells[50, 82] = str(value)
    message = rf"mine\.txt, line {line}: Z=50, N=82 has .*; expected about -76\.55 MeV"
    with pytest.raises(DataError, match=message) as error:
        read_mass_table(write(tmp_path / "mine.txt", cells), TableLayout(**KEYS, unit="MeV"))
    assert "unit" not in str(error.value)


def test_several_wrong_rows_are_counted(tmp_path, cells):
    cells.iloc[[3, 7, 11]] = ["200.1", "300.2", "-400.3"]
    with pytest.raises(DataError, match=r"line 4: .* MeV \(and 2 more such rows\); expected"):
        read_mass_table(write(tmp_path / "mine.txt", cells), TableLayout(**KEYS, unit="MeV"))


def test_a_mass_hundreds_of_mev_off_its_neighbours_is_refused(tmp_path):
    masses = load_theory("UNEDF2")["mass_excess"].copy()
    masses[100, 270] += 200  # beyond what other models cover
    line = masses.index.get_loc((100, 270)) + 1
    message = rf"line {line}: Z=100, N=270 is \+(199|200)\.?\d* MeV off its neighbours"
    with pytest.raises(DataError, match=message):
        read_mass_table(write(tmp_path / "mine.txt", masses), TableLayout(**KEYS, unit="MeV"))


@pytest.mark.parametrize("sd", ["0", "-0.1", "101", "1e9", "1e300"])
def test_a_spread_has_to_be_possible(tmp_path, tin, sd):
    cells = tin.map("{:.2f} 0.5".format)
    cells.iloc[9] = f"{tin.iloc[9]:.2f} {sd}"
    with pytest.raises(DataError, match=r"line 10: expected a standard deviation above 0"):
        read_mass_table(write(tmp_path / "mine.txt", cells), TableLayout(**KEYS, unit="MeV", sd=4))


def test_a_single_nucleus_is_compared_as_well(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("50 82 -76.5\n")
    assert len(read_mass_table(path, TableLayout(**KEYS, unit="MeV"))) == 1
    path.write_text("50 82 -76500\n")
    with pytest.raises(DataError, match=r'it is 0\.05 MeV with unit = "keV"'):
        read_mass_table(path, TableLayout(**KEYS, unit="MeV"))
    assert np.isclose(
        read_mass_table(path, TableLayout(**KEYS, unit="keV"))["mass_excess"].item(), -76.5
    )
