"""The layouts of tables that people have, all of which give the same masses."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from bmm.conversions import binding_energy
from bmm.data import TableLayout, load_theory, read_mass_table
from bmm.data.layout import RowLayout
from bmm.data.reader import read_rows
from bmm.errors import DataError
from bmm.nuclides import symbol

MASS = {"quantity": "mass_excess", "unit": "MeV"}
NAMED = {"Z": "Z", "N": "N", "value": "M"} | MASS
COUNTED = {"format": "whitespace", "Z": 1, "N": 2, "value": 3} | MASS


def rows(tin, line):
    return "".join(line(Z, N, mass) + "\n" for (Z, N), mass in tin.items())


def fortran(number):
    """Print a number as Fortran's D12.5 does."""
    mantissa, exponent = f"{number:.5e}".split("e")
    return f"{mantissa}D{int(exponent):+03d}"


def plain(Z, N, mass):
    return f"{Z} {N} {mass:.2f}"


LAYOUTS = {
    "whitespace": ("", plain, COUNTED),
    "a tab": ("Z\tN\tM\n", lambda Z, N, mass: f"{Z}\t{N}\t{mass:.2f}", NAMED),
    "a semicolon": ("Z;N;M\n", lambda Z, N, mass: f"{Z};{N};{mass:.2f}", NAMED),
    "a decimal comma": (
        "Z;N;M\n",
        lambda Z, N, mass: f"{Z};{N};{mass:.2f}".replace(".", ","),
        NAMED | {"decimal": ","},
    ),
    "a decimal comma between blanks": (
        "",
        lambda Z, N, mass: plain(Z, N, mass).replace(".", ","),
        COUNTED | {"decimal": ","},
    ),
    "quotes": ('"Z","N","M"\n', lambda Z, N, mass: f'"{Z}","{N}","{mass:.2f}"', NAMED),
    "a header behind #": ("#  Z  N  M\n", plain, NAMED | {"format": "whitespace"}),
    "a CSV header behind #": ("#Z,N,M\n", lambda Z, N, mass: f"{Z},{N},{mass:.2f}", NAMED),
    "a header among comments": (
        "# a table\n# Z N M\n# in MeV\n",
        plain,
        NAMED | {"format": "whitespace"},
    ),
    "fixed width": (
        "",
        lambda Z, N, mass: f"{Z:4d}{N:4d}{mass:9.4f}{mass - 0.1:9.4f}",
        COUNTED | {"format": "fixed", "widths": (4, 4, 9, 9)},
    ),
    "fixed width with blank cells": (
        "",
        lambda Z, N, mass: f"{Z:4d}{N:4d}{'' if N % 3 else '0.05':>9}{mass:9.2f}",
        COUNTED | {"format": "fixed", "widths": (4, 4, 9, 9), "value": 4},
    ),
    "a Fortran format": (
        "",
        lambda Z, N, mass: f"{Z:4d}{Z + N:4d} {symbol(Z):2s}{0.0:10.3f}{mass:10.3f}",
        {"format": "fixed", "fortran": "(2i4,1x,a2,2f10.3)", "Z": 1, "A": 2, "value": 5} | MASS,
    ),
    "names above columns of fixed width": (
        "   Z   N        M\n",
        lambda Z, N, mass: f"{Z:4d}{N:4d}{mass:9.2f}",
        NAMED | {"format": "fixed", "widths": (4, 4, 9)},
    ),
    "symbols and A": (
        "",
        lambda Z, N, mass: f"{symbol(Z)} {Z + N} {mass:.2f}",
        {"format": "whitespace", "Z": 1, "A": 2, "value": 3} | MASS,
    ),
    "names such as sn132": (
        "",
        lambda Z, N, mass: f"{symbol(Z).lower()}{Z + N} {mass:.2f}",
        {"format": "whitespace", "nuclide": 1, "value": 2} | MASS,
    ),
    "1000 Z + A": (
        "za,M\n",
        lambda Z, N, mass: f"{1000 * Z + Z + N},{mass:.2f}",
        {"nuclide": "za", "value": "M"} | MASS,
    ),
    "exponents with D": ("", lambda Z, N, mass: f"{Z} {N} {fortran(mass)}", COUNTED),
    "negative binding energies": (
        "",
        lambda Z, N, mass: f"{Z} {N} {-binding_energy(Z, N, mass):.4f}",
        COUNTED | {"quantity": "binding_energy", "convention": "atomic", "sign": -1},
    ),
    "isomers": (
        "",
        lambda Z, N, mass: f"{Z + N}{symbol(Z)} {mass:.2f}\n{Z + N}{symbol(Z)}m {mass + 1:.2f}",
        {"format": "whitespace", "nuclide": 1, "value": 2, "isomers": "skip"} | MASS,
    ),
    "a column of flags": (
        "Z,N,M,flag\n",
        lambda Z, N, mass: f"{Z},{N},{mass:.2f},gs\n{Z},{N},{mass + 1:.2f},m",
        NAMED | {"skip_rows_with": {"flag": ["m", "n"]}},
    ),
    "estimated values": (
        "",
        lambda Z, N, mass: f"{Z} {N} {1000 * mass:.0f}{'#' if N % 2 else '.0'}",
        COUNTED | {"unit": "keV", "estimated": "keep"},
    ),
    "missing values": (
        "50 100 999.990\n51 100 *\n",
        plain,
        COUNTED | {"missing": ["999.99", "*"]},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_masses(tmp_path, tin, name):
    header, line, keys = LAYOUTS[name]
    path = tmp_path / "mine.txt"
    path.write_text(header + rows(tin, line))
    table = read_mass_table(path, TableLayout.model_validate(keys))
    pd.testing.assert_index_equal(table.index, tin.index)
    np.testing.assert_allclose(table["mass_excess"], tin, rtol=0, atol=2e-3)


def test_estimated_values_are_skipped_or_refused(tmp_path, tin):
    path = tmp_path / "mine.txt"
    path.write_text(rows(tin, lambda Z, N, mass: plain(Z, N, mass) + "#" * (N > 80)))
    table = read_mass_table(path, TableLayout(**COUNTED, estimated="skip"))
    pd.testing.assert_index_equal(table.index, tin.index[tin.index.get_level_values("N") <= 80])
    with pytest.raises(DataError, match=r"marked as estimated; .* estimated = 'skip' or 'keep'"):
        read_mass_table(path, TableLayout(**COUNTED))


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: gzip.compress(text.encode()),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode("cp1252"),
    ],
    ids=["gzip", "byte-order mark", "Latin-1", "UTF-16", "Windows"],
)
def test_text_is_read_in_every_encoding(tmp_path, tin, encode):
    path = tmp_path / "mine.txt"
    path.write_bytes(encode("Z,N,M,Réf\n" + rows(tin, lambda *row: plain(*row) + " é")
                            .replace(" ", ",")))  # fmt: skip
    assert read_mass_table(path, TableLayout.model_validate(NAMED))["mass_excess"].equals(tin)


def test_a_damaged_archive_is_named(tmp_path):
    path = tmp_path / "mine.gz"
    path.write_bytes(gzip.compress(b"50 82 -76.55\n" * 1000)[:-10])
    with pytest.raises(DataError, match=r"mine\.gz: cannot be decompressed"):
        read_mass_table(path, TableLayout(**COUNTED))


@pytest.mark.parametrize("place", ["", "*.mass"])
def test_one_file_for_each_element(tmp_path, tin, place):
    folder = tmp_path / "masses"
    folder.mkdir()
    for Z in range(48, 53):
        chain = tin[tin.index.get_level_values("Z") == Z]
        text = rows(chain, lambda Z, N, mass: f"{Z + N:4d}{mass:12.6f}")
        (folder / f"{symbol(Z)}.mass").write_text(text)
    if place:
        (folder / "README").write_text("a table of mine\n")
    layout = {"format": "whitespace", "A": 1, "value": 2, "Z_from_file_name": True} | MASS
    table = read_mass_table(folder / place, TableLayout.model_validate(layout))
    assert table["mass_excess"].equals(tin)
    (folder / "z050.mass").write_text("132 -76.55\n")
    with pytest.raises(DataError, match=r"z050\.mass, line 1: Z=50, N=82 comes a second time"):
        read_mass_table(folder / "*.mass", TableLayout.model_validate(layout))
    (folder / "notes.mass").write_text("132 -76.55\n")
    with pytest.raises(DataError, match=r"notes\.mass: the file's name names no element"):
        read_mass_table(folder / "*.mass", TableLayout.model_validate(layout))
    with pytest.raises(DataError, match=r"\*\.dat: no file found"):
        read_mass_table(folder / "*.dat", TableLayout.model_validate(layout))


def test_the_columns_of_a_list_of_nuclei_may_be_anything(tmp_path):
    path = tmp_path / "nuclei.csv"
    path.write_text("Z,N,remark\n50,82,magic\n82,126,magic\n")
    assert [*read_rows(path, RowLayout(N="N"))] == [(50, 82), (82, 126)]


BLANK = "48 50 -67.33 0.1\n48 51 -69.67 0.1\n48 52 -74.04\n48 53 -75.74 0.1\n"


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        (
            BLANK,
            COUNTED,
            r"line 3: 3 cells; expected 4, as in the other rows \(where cells are blank",
        ),
        (
            "Z N Rch [fm] M\n48 50 4.5 -67.33\n48 51 4.5 -69.67\n",
            NAMED | {"format": "whitespace"},
            "line 1: 5 names above rows of 4 cells; expected one name for each column, without",
        ),
        (
            "Z,N,M\n48,50,-67.33,\n48,51,-69.67,\n",
            NAMED,
            r"line 1: 3 names above rows of 4 cells; expected one name for each column\.",
        ),
        ("Z,N,M\n48,50,-67.33\n48,51,-69.67,9\n", NAMED, "line 3: 4 cells; expected 3, as in the"),
        ("Z,N,M,M\n48,50,-67.33,1\n", NAMED, "line 1: two columns are called 'M'"),
        ("48 50 -104.0400-104.1400\n", COUNTED, "'-104.0400-104.1400' in column 3 is not a number"),
        ("48 5٠ -67.33\n", COUNTED, "'5٠' in column 2 is not a whole number"),  # noqa: RUF001
        ("48 50 -67.٣\n", COUNTED, "'-67.٣' in column 3 is not a number"),
        ("4_8 50 -67.33\n", COUNTED, "'4_8' in column 1 is not a whole number"),
        ("48 50 -6_7.33\n", COUNTED, "'-6_7.33' in column 3 is not a number"),
        ("48 50 1e999\n", COUNTED, "'1e999' in column 3 is not a number"),
        ("48 50 -67,33\n", COUNTED, "is not a number; where commas are decimal signs, write decim"),
        ("140 0 -67.33\n", COUNTED, "Z=140, N=0 is no nuclide; expected"),
        ("sn132m -67.33\n", {"format": "whitespace", "nuclide": 1, "value": 2} | MASS,
         r"'sn132m' in column 1 is no nuclide; expected .* isomers = 'skip'"),
        ("48 50 -67.33\n48 51 -69.67\n48 52 -74.04\n48 53 -75.", COUNTED,
         "line 4: the file ends in '-75.', which is printed shorter than all numbers above it"),
        ("48\t50\t-67.33\n", COUNTED | {"format": "fixed", "widths": (4, 4, 9)},
         "line 1: a tab among columns of fixed width"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_the_layout_are_refused(tmp_path, text, keys, message):
    path = tmp_path / "mine.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_mass_table(path, TableLayout.model_validate(keys))


def test_the_names_of_isomers_are_left_out_and_no_element_with_them(tmp_path):
    """Pm and Sm end in m, as isomers do."""
    masses = load_theory("FRDM2012").query("60 <= Z <= 63")["mass_excess"]
    marks = ("{A}{el}m", "{A}m{el}", "{el}{A}m2", "{A}{el}n")
    path = tmp_path / "mine.txt"
    path.write_text(
        rows(
            masses,
            lambda Z, N, mass: (
                f"{Z + N}{symbol(Z)} {mass:.2f}\n"
                f"{marks[N % 4].format(A=Z + N, el=symbol(Z))} {mass + 1:.2f}"
            ),
        )
    )
    keys = {"format": "whitespace", "nuclide": 1, "value": 2, "isomers": "skip"} | MASS
    table = read_mass_table(path, TableLayout.model_validate(keys))
    pd.testing.assert_index_equal(table.index, masses.index)
    np.testing.assert_allclose(table["mass_excess"], masses, rtol=0, atol=6e-3)


@pytest.mark.parametrize(("widths", "end"), [((4, 4, 7, 9), 15), ((4, 4, 8, 8), 16)])
def test_widths_that_cut_decimals_off_are_refused(tmp_path, tin, widths, end):
    path = tmp_path / "mine.txt"
    path.write_text(rows(tin, lambda Z, N, mass: f"{Z:4d}{N:4d}{mass:9.3f}{mass + 2:9.3f}"))
    keys = {"format": "fixed", "Z": 1, "N": 2, "value": 3} | MASS
    with pytest.raises(DataError, match=f"character {end}, where a column ends, is inside the num"):
        read_mass_table(path, TableLayout.model_validate(keys | {"widths": widths}))
    table = read_mass_table(path, TableLayout.model_validate(keys | {"widths": (4, 4, 9, 9)}))
    np.testing.assert_allclose(table["mass_excess"], tin, rtol=0, atol=6e-4)


def test_a_file_without_a_last_line_end_is_whole_if_its_last_number_is(tmp_path, tin):
    path = tmp_path / "mine.txt"
    path.write_text(rows(tin, plain).rstrip())
    assert read_mass_table(path, TableLayout(**COUNTED))["mass_excess"].equals(tin)


@pytest.mark.parametrize(
    "cell", ["9" * 5000, "-" + "9" * 5000 + ".0", "1e" + "9" * 5000, "x" * 100_000, "a\\nb" * 999]
)
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_message_quotes_little_of_the_input(tmp_path, cell, column):
    cells = ["48", "50", "-67.33"]
    cells[column] = cell
    path = tmp_path / "mine.txt"
    path.write_text(" ".join(cells) + "\n")
    with pytest.raises(DataError) as error:
        read_mass_table(path, TableLayout(**COUNTED))
    assert "line 1" in str(error.value)
    assert len(str(error.value)) <= 300
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"format": "fixed"}, "needs 'widths', such as"),
        ({"widths": [3, 4]}, "format 'fixed', and no other, needs 'widths'"),
        ({"format": "fixed", "widths": [4], "fortran": "(i4)"}, "needs 'widths'"),
        ({"format": "fixed", "fortran": "(4q)"}, "is no Fortran format"),
        ({"format": "whitespace", "separator": ";"}, "'separator' is for format 'csv'"),
        ({"separator": ",", "decimal": ","}, "are both a comma"),
        ({"nuclide": "name"}, "give the column 'nuclide', or those of Z and of N or A"),
        ({"Z": True}, "valid string"),
        ({"skip": -1}, "greater than or equal to 0"),
        ({"quantity": "binding_energy"}, "'convention' is missing: expected 'atomic'"),
        ({"quantity": "nuclear_mass", "convention": "atomic"}, "cannot have the convention"),
        ({"Z": 1, "N": 2, "value": 3, "skip_rows_with": {"flag": ["m"]}}, "columns by number"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        TableLayout.model_validate(NAMED | keys)
