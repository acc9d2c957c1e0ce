"""winvn and netwinv, read as WinNet and XNet read them."""

import re

import fortranformat
import numpy as np
import pytest

from bmm.errors import DataError
from bmm.export import ExportSettings, MassTable
from bmm.export.networks import write_netwinv, write_winvn
from bmm.nuclides import nuclide_index

NUCLIDE = "(a5,f12.3,2i4,f6.1,f10.3)"
WRITERS = {"winvn": write_winvn, "netwinv": write_netwinv}
T9 = [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10]  # fmt: skip  # noqa: E501
# Cadmium to tin, with a state of its own for a ground state and an isomer, as for al-6 and al*6.
ONES = "  1.00000E+0  1.00000E+0  1.00000E+0  1.00000E+0  1.00000E+0  1.00000E+0  1.01000E+0  1.02000E+0"  # fmt: skip  # noqa: E501
ENTRIES = (
    ("    n", "       1.000   0   1   0.5     8.071 ame11"),
    ("in-4 ", "     114.000  49  65   1.0   -88.568 ame11"),
    ("in*4 ", "     114.000  49  65   5.0   -88.378 ame11"),
    ("sn131", "     131.000  50  81   1.5   -77.000 ame11 "),
    ("sn132", "     132.000  50  82   0.0   -76.000"),
)
GRID = "".join(f"{round(100 * x):03d}" for x in T9[:-1]) + "100        "


def template(layout, folder, end="\n"):
    names = [name for name, _ in ENTRIES]
    head = [" " * 80, GRID] if layout == "winvn" else [f"{len(names):5d}", re.sub("0(?=[1-9])", " ", GRID)]  # fmt: skip  # noqa: E501
    lines = head + names + (names[-1:] if layout == "winvn" else [])
    for name, rest in ENTRIES:
        lines += [name + rest, ONES, ONES, ONES]
    file = folder / f"{layout}-template"
    file.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    return file


def read_winvn(file):
    """Do as subroutine read_winvn of WinNet."""
    lines = file.read_text().splitlines()
    grid = fortranformat.FortranRecordReader("(23f3.2,f3.1)").read(lines[1])
    names, at = [lines[2][:5]], 3
    while lines[at][:5] != names[-1]:
        names.append(lines[at][:5])
        at += 1
    return grid, names, read_nuclides(lines[at + 1 :])


def read_netwinv(file):
    """Do as subroutine read_nuclear_data of XNet."""
    lines = file.read_text().splitlines()
    (count,) = fortranformat.FortranRecordReader("(i5)").read(lines[0])
    grid = np.array(fortranformat.FortranRecordReader("(24i3)").read(lines[1]), dtype=float)
    grid[:-1] *= 0.01
    grid[-1] *= 0.1
    nuclides = read_nuclides(lines[2 + count :])
    assert len(nuclides) == count
    return grid, lines[2 : 2 + count], nuclides


def read_nuclides(lines):
    reader = fortranformat.FortranRecordReader(NUCLIDE)
    found = []
    for i in range(0, len(lines), 4):
        partition = [float(x) for line in lines[i + 1 : i + 4] for x in line.split()]
        assert len(partition) == 24
        assert lines[i][:41].split() == lines[i].split()[:6]  # list-directed, as newer XNet does
        found.append((*reader.read(lines[i]), partition))
    return found


READERS = {"winvn": read_winvn, "netwinv": read_netwinv}


@pytest.mark.parametrize("layout", WRITERS)
def test_a_chart_is_read_back_to_the_keV(chart, tmp_path, layout):
    (remark,) = WRITERS[layout](chart, tmp_path, ExportSettings())
    assert "spins are 0 and partition functions 1" in remark
    for surface in chart.surfaces():
        grid, names, nuclides = READERS[layout](tmp_path / surface.name / layout)
        np.testing.assert_allclose(grid, T9)
        assert names == [row[0] for row in nuclides]
        assert len(set(names)) == len(names) == len(chart.nuclei)
        assert [name.strip() for name in names[:5]] == ["n", "p", "d", "t", "h4"]
        assert [(row[2], row[3]) for row in nuclides] == list(chart.nuclei.index)
        assert all(row[1] == row[2] + row[3] and set(row[6]) == {1.0} for row in nuclides)
        masses = np.array([row[5] for row in nuclides])
        np.testing.assert_allclose(masses, surface.mass_excess, atol=5.01e-4)


@pytest.mark.parametrize("layout", WRITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_of_a_template_only_masses_and_sources_change(tin, tmp_path, layout, end):
    file = template(layout, tmp_path, end)
    remarks = WRITERS[layout](tin, tmp_path, ExportSettings(file))
    assert "3 of the template's 4 nuclides have new masses; 1 keep those" in remarks[0]
    assert remarks[1] == "1 isomers are shifted with their ground states."
    assert remarks[2].endswith("left out; see --append.")
    before = file.read_bytes().decode().splitlines(keepends=True)
    after = (tmp_path / "mean" / layout).read_bytes().decode().splitlines(keepends=True)
    assert len(before) == len(after)
    changed = [i for i, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    entries = [i for i, line in enumerate(before) if i > 8 and re.match("in|sn", line)]
    entries = entries[-4:]
    assert changed == [0, *entries]
    for i in entries:
        assert after[i][:31] == before[i][:31]
        assert after[i].endswith(end)
        assert after[i][41:].split() == ["bmm-m"]
    assert "run tin, mean; models FRDM2012" in after[0]


@pytest.mark.parametrize("layout", WRITERS)
def test_an_isomer_keeps_its_excitation_energy(tin, tmp_path, layout):
    WRITERS[layout](tin, tmp_path, ExportSettings(template(layout, tmp_path)))
    for surface in tin.surfaces():
        _, _, nuclides = READERS[layout](tmp_path / surface.name / layout)
        masses = {row[0].strip(): row[5] for row in nuclides}
        wanted = surface.mass_excess[tin.nuclei.index.get_loc((49, 65))]
        assert masses["in-4"] == pytest.approx(wanted, abs=5.01e-4)
        assert masses["in*4"] - masses["in-4"] == pytest.approx(0.190, abs=1.01e-3)
        assert masses["n"] == 8.071


@pytest.mark.parametrize("layout", WRITERS)
def test_nuclides_are_appended_only_if_asked(tin, tmp_path, layout):
    file = template(layout, tmp_path)
    file.write_bytes(file.read_bytes().rstrip())  # the last line may lack its ending
    remarks = WRITERS[layout](tin, tmp_path, ExportSettings(file, append=True))
    assert remarks[-1].endswith("appended with spin 0 and partition functions of 1.")
    _, names, nuclides = READERS[layout](tmp_path / "mean" / layout)
    assert names == [row[0] for row in nuclides]
    assert {(row[2], row[3]) for row in nuclides} == {(0, 1), *tin.nuclei.index}
    assert len(nuclides) == len(tin.nuclei) + 2  # the neutron, the isomer
    assert nuclides[-1][4] == 0
    assert set(nuclides[-1][6]) == {1.0}


@pytest.mark.parametrize("layout", WRITERS)
def test_a_name_of_six_characters_is_refused_unless_it_is_left_out(tin, tmp_path, layout):
    index = nuclide_index([50, 119], [82, 178])
    table = MassTable(tin.nuclei.iloc[:2].set_axis(index), tin.origin)
    with pytest.raises(DataError, match=r"at most 5 characters.*Uue-297 .*'uue297'.*--Z"):
        WRITERS[layout](table, tmp_path, ExportSettings())
    WRITERS[layout](table, tmp_path, ExportSettings(template(layout, tmp_path)))


@pytest.mark.parametrize("layout", WRITERS)
def test_a_damaged_template_is_refused_with_the_line(tin, tmp_path, layout):
    whole = template(layout, tmp_path).read_text().splitlines()
    first = 2 + len(ENTRIES) + (layout == "winvn")
    damages = {
        f"line {first + 1}: expected name, A, Z": (first, "sn132 many"),
        f"line {first + 2}: expected the 24 partition functions of n": (first + 3, "sn132"),
        f"expected a {layout} file": (None, "x"),
    }
    damages |= {
        "winvn": {"line 9: expected a list of names that ends": (7, "xx")},
        "netwinv": {"line 1: expected the number of nuclides": (0, "many")},
    }[layout]
    for expected, (number, line) in damages.items():
        file = tmp_path / "damaged"
        lines = [line] if number is None else [*whole[:number], line, *whole[number + 1 :]]
        file.write_text("\n".join(lines))
        with pytest.raises(DataError, match=re.escape(expected)):
            WRITERS[layout](tin, tmp_path, ExportSettings(file))
    with pytest.raises(DataError, match="nowhere: expected a template, but No such file"):
        WRITERS[layout](tin, tmp_path, ExportSettings(tmp_path / "nowhere"))


def test_a_mass_that_does_not_fit_is_refused(tin, tmp_path):
    wide = MassTable(tin.nuclei.assign(mass_excess=-123456.0), tin.origin)
    with pytest.raises(DataError, match="does not fit"):
        write_winvn(wide, tmp_path, ExportSettings(template("winvn", tmp_path)))
    with pytest.raises(DataError, match="does not fit into a column of 10"):
        write_netwinv(wide, tmp_path, ExportSettings())
