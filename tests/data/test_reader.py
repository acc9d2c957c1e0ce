import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bmm.data import TableLayout, load_theory, read_mass_table
from bmm.data.layout import RowLayout
from bmm.data.reader import read_rows
from bmm.errors import DataError

FRDM = """\
Z,N,A,E_bind,M_th
8,8,16,128.03,-5.15
50,82,132,1102.23,-75.94
82,126,208,1635.60,-20.92
"""
NAMED = TableLayout(N="N", value="M_th", quantity="mass_excess", unit="MeV")
COUNTED = TableLayout(
    format="whitespace", Z=1, N=2, value=4, quantity="mass_excess", unit="MeV", skip=1
)


@pytest.fixture
def write(tmp_path):
    def _write(text, name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return _write


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_named_column_is_read_whatever_ends_the_lines(write, end):
    table = read_mass_table(write(FRDM.replace("\n", end)), NAMED)
    assert list(table.index) == [(8, 8), (50, 82), (82, 126)]
    assert table["mass_excess"].tolist() == [-5.15, -75.94, -20.92]


def test_mass_number_and_binding_energy_do_as_well(write):
    layout = TableLayout(
        A="A", value="E_bind", quantity="binding_energy", unit="MeV", convention="atomic"
    )
    table = read_mass_table(write(FRDM), layout)
    assert table.loc[(82, 126), "mass_excess"] == pytest.approx(-20.92, abs=0.011)


def test_columns_can_be_counted(write):
    text = "a title\n# Z N A M\n82 126 208 -20.92\n\n 50  82 132 -75.94\n"
    table = read_mass_table(write(text), COUNTED)
    assert table.loc[(50, 82), "mass_excess"] == -75.94


def test_rows_without_a_mass_are_left_out(write):
    table = read_mass_table(write(FRDM + "83,126,209,,*\n"), NAMED)
    assert len(table) == 3


def test_whole_numbers_may_be_printed_with_a_point(write):
    assert (8, 8) in read_mass_table(write(FRDM.replace("8,8,16", "8.0,8.,16")), NAMED).index


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRDM + "83,126,209,1,x\n", r"mine\.csv, line 5: 'x' in column 'M_th' is not a number"),
        (FRDM + "83,126,209,1,inf\n", "line 5: 'inf' in column 'M_th' is not a number"),
        (FRDM + "83,126,209\n", "line 5: 3 cells; expected 5, as in the header"),
        (FRDM + "Bx,126,209,1,1\n", "line 5: in column 'Z', 'Bx' names no element"),
        (FRDM + "8?,126,209,1,1\n", r"line 5: '8\?' in column 'Z' is not a whole number"),
        (FRDM + "83,1.5,209,1,1\n", "line 5: '1.5' in column 'N' is not a whole number"),
        (FRDM + "8,8,16,128,-5\n", "line 5: Z=8, N=8 comes a second time"),
        (FRDM + "-8,8,0,1,1\n", "line 5: Z=-8, N=8 is no nuclide"),
        (FRDM + "208,126,1,1,1\n", "line 5: Z=208, N=126 is no nuclide"),
        (FRDM.replace("M_th", "Mth"), "line 1: no column 'M_th'; the header has Z, N, A, E_bind"),
        ("Z,N,M_th\n", r"mine\.csv: no masses found"),
        ("", r"mine\.csv: empty; expected a header line"),
    ],
)
def test_a_bad_row_is_named(write, text, message):
    with pytest.raises(DataError, match=message):
        read_mass_table(write(text), NAMED)


def test_a_mass_number_below_Z_is_refused(write):
    layout = TableLayout(A="A", value="M_th", quantity="mass_excess", unit="MeV")
    with pytest.raises(DataError, match="line 5: Z=83, N=-3 is no nuclide"):
        read_mass_table(write(FRDM + "83,126,80,1,1\n"), layout)


def test_a_missing_or_binary_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv: cannot be read"):
        read_mass_table(tmp_path / "nowhere.csv", NAMED)
    (tmp_path / "binary.csv").write_bytes(b"\x00\x01\xff")
    with pytest.raises(DataError, match=r"binary\.csv: not a text file"):
        read_mass_table(tmp_path / "binary.csv", NAMED)


def test_a_wrong_quantity_is_named_with_the_file(write):
    layout = TableLayout(N="N", value="E_bind", quantity="mass_excess", unit="MeV")
    message = r'mine\.csv: read as declared, .* 0\.\d+ MeV with quantity = "binding_energy"'
    with pytest.raises(DataError, match=message):
        read_mass_table(write(FRDM), layout)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"Z": "Z", "value": "M"}, "the column of N or the column of A"),
        ({"Z": "Z", "N": "N", "A": "A", "value": "M"}, "the column of N or the column of A"),
        ({"Z": "Z", "N": 2, "value": "M"}, "all columns by name or all by number"),
        ({"Z": 0, "N": 1, "value": 2}, "counted from 1"),
        ({"Z": "Z", "N": "N", "value": "M", "colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_an_inconsistent_layout_is_refused(columns, message):
    with pytest.raises(ValidationError, match=message):
        TableLayout(quantity="mass_excess", unit="MeV", **columns)


def as_text(table):
    rows = (f"{Z},{N},{value!r}\n" for (Z, N), value in table["mass_excess"].items())
    return "Z,N,M_th\n" + "".join(rows)


def test_a_table_that_fits_its_neighbours_is_read_in_silence(write, caplog):
    table = load_theory("D1M")
    with caplog.at_level(logging.WARNING):
        again = read_mass_table(write(as_text(table)), NAMED)
    assert caplog.text == ""
    assert again.equals(table)


def test_a_mass_that_does_not_fit_is_reported_and_kept(write, caplog):
    table = load_theory("D1M")
    table.loc[(50, 82), "mass_excess"] += 20
    with caplog.at_level(logging.WARNING):
        again = read_mass_table(write(as_text(table)), NAMED)
    assert "1 masses do not fit their neighbours: Z=50 N=82" in caplog.text
    assert (50, 82) in again.index


def test_a_long_report_is_cut(write, caplog):
    table = load_theory("D1M")
    table.iloc[::50, 0] += 20
    with caplog.at_level(logging.WARNING):
        read_mass_table(write(as_text(table)), NAMED)
    assert caplog.text.count("Z=") == 20
    assert " more" in caplog.text


@given(
    masses=st.dictionaries(
        st.tuples(st.integers(120, 140), st.integers(190, 300)),
        st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_read_back(tmp_path_factory, masses):
    path = tmp_path_factory.mktemp("round") / "trip.csv"
    rows = "".join(f"{Z},{N},{value!r}\n" for (Z, N), value in masses.items())
    path.write_text("Z,N,M_th\n" + rows)
    found = read_rows(path, RowLayout(N="N"), ["M_th"])
    assert {nucleus: row.numbers for nucleus, row in found.items()} == {
        nucleus: (value,) for nucleus, value in masses.items()
    }


@pytest.mark.parametrize(("quantity", "unit", "per"), [
    ("mass_excess", "keV", lambda A: 1e-3),
    ("binding_energy_per_nucleon", "MeV", lambda A: A),
])  # fmt: skip
def test_a_models_own_spread_is_converted_as_its_mass(tmp_path, quantity, unit, per):
    Z, N = np.array([50, 82]), np.array([82, 126])
    mass = {"mass_excess": [-76543.0, -21748.0], "binding_energy_per_nucleon": [8.3549, 7.8675]}
    rows = zip(Z, N, mass[quantity], [0.03, 0.07], strict=True)
    path = tmp_path / "mine.csv"
    path.write_text("Z,N,value,sd\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows))
    layout = TableLayout(
        N="N", value="value", sd="sd", quantity=quantity, unit=unit, convention="atomic"
    )
    table = read_mass_table(path, layout)
    np.testing.assert_allclose(
        table["mass_excess_sd"], [0.03 * per(132), 0.07 * per(208)], rtol=1e-8
    )
    assert "mass_excess_sd" not in read_mass_table(path, layout.model_copy(update={"sd": None}))
    path.write_text(f"Z,N,value,sd\n50,82,{mass[quantity][0]},-0.1\n")
    expected = r"line 2: expected a standard deviation above 0 and at most 100 MeV, not -"
    with pytest.raises(DataError, match=expected):
        read_mass_table(path, layout)
