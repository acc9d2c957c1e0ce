"""TALYS folders, read with TALYS's own format description."""

import fortranformat
import numpy as np
import pytest

from bmm.conversions import ATOMIC_MASS_UNIT
from bmm.errors import DataError
from bmm.export import ExportSettings, MassTable
from bmm.export.talys import write_talys
from bmm.nuclides import nuclide_index

# subroutine masses of TALYS: A, mass (u), mass excess (MeV), beta2, beta4, spin, parity
THEORY = fortranformat.FortranRecordReader("(4x,i4,2f12.6,2f8.4,20x,f4.1,i2)")
TEMPLATE = """\
  50 131  130.916998  -77.316000  0.0200 -0.0100      abc     1.25   1.5-1 Sn131
  50 132  131.917824  -76.546000  0.0000  0.0000                     0.0 1 Sn132
  50 190  189.999999   -0.001000  0.1000  0.0200                     0.0 1 Sn190
"""


def read(file):
    return [THEORY.read(line) for line in file.read_text().splitlines()]


def test_every_nuclide_once_in_ascending_order(chart, tmp_path):
    write_talys(chart, tmp_path, ExportSettings())
    for surface in chart.surfaces():
        files = {path.stem: path for path in (tmp_path / surface.name).glob("*.mass")}
        assert len(files) == 118
        masses = dict(zip(chart.nuclei.index, surface.mass_excess, strict=True))
        count = 0
        for Z in (1, 2, 8, 50, 82, 118):
            symbol = {1: "H", 2: "He", 8: "O", 50: "Sn", 82: "Pb", 118: "Og"}[Z]
            rows = read(files[symbol])
            read_A = [row[0] for row in rows]
            assert read_A == [z + n for z, n in chart.nuclei.index if z == Z]
            assert read_A == sorted(set(read_A))
            for a, mass, excess, *_ in rows:
                assert excess == pytest.approx(masses[Z, a - Z], abs=5.01e-7)
                # 1 u = 931.49410242 MeV; both numbers are printed to six decimals
                assert (mass - a) * ATOMIC_MASS_UNIT == pytest.approx(excess, abs=5.1e-4)
            count += len(rows)
        assert count > 100


def test_symbols_beyond_oganesson_are_those_of_talys(tin, tmp_path):
    def alone(Z):
        return MassTable(tin.nuclei.iloc[:1].set_axis(nuclide_index([Z], [186])), tin.origin)

    write_talys(alone(124), tmp_path, ExportSettings())
    assert (tmp_path / "mean" / "C4.mass").is_file()
    with pytest.raises(DataError, match=r"up to Z = 124, but the table has Ubp-311 .*--Z"):
        write_talys(alone(125), tmp_path, ExportSettings())


def test_without_a_template_spins_and_parities_are_possible(tin, tmp_path):
    (remark,) = write_talys(tin, tmp_path, ExportSettings())
    assert "spherical" in remark
    for A, _, _, beta2, beta4, spin, parity in read(tmp_path / "mean" / "Sn.mass"):
        assert (beta2, beta4, spin, parity) == (0, 0, 0.5 * (A % 2), 1)


def test_a_template_keeps_structure_and_further_nuclides(tin, tmp_path):
    template = tmp_path / "mine"
    template.mkdir()
    (template / "Sn.mass").write_text(TEMPLATE)
    (template / "U.mass").write_text("  92 238  238.050787   47.307732  0.2000  0.0500\n")
    (remark,) = write_talys(tin, tmp_path, ExportSettings(template))
    assert "of 2 nuclei" in remark
    rows = {row[0]: row[1:] for row in read(tmp_path / "mean" / "Sn.mass")}
    lines = (tmp_path / "mean" / "Sn.mass").read_text().splitlines()
    assert [row[2:] for row in (rows[131], rows[190])] == [
        [0.02, -0.01, 1.5, -1],
        [0.1, 0.02, 0, 1],
    ]
    assert rows[132][1] == pytest.approx(tin.nuclei.loc[(50, 82), "mass_excess"], abs=1e-6)
    assert "      abc     1.25   1.5-1" in "\n".join(lines)
    assert lines[-1] == TEMPLATE.splitlines()[-1]  # the table has no Sn-190
    kept = (tmp_path / "mean" / "U.mass").read_text()
    assert kept == (template / "U.mass").read_text()


def test_draws_differ_and_measured_ones_by_their_uncertainty_only(tin, tmp_path):
    write_talys(tin, tmp_path, ExportSettings())
    drawn = []
    for name in ("draw-001", "draw-002", "draw-003"):
        rows = {row[0]: row[2] for row in read(tmp_path / name / "Sn.mass")}
        drawn.append([rows[A] for A in sorted(rows)])
    tin_only = tin.nuclei.xs(50, level="Z", drop_level=False)
    away = np.abs(np.array(drawn) - tin_only["mass_excess"].to_numpy())
    assert (away < 5 * tin_only["mass_excess_sd"].to_numpy() + 1e-6).all()
    predicted = ~tin_only["measured"].to_numpy()
    assert np.ptp(drawn, axis=0)[predicted].min() > 0.01


def test_each_line_and_folder_says_where_it_is_from(tin, tmp_path):
    write_talys(tin, tmp_path, ExportSettings())
    lines = (tmp_path / "draw-002" / "Sn.mass").read_text().splitlines()
    known = {line.split()[1]: line[74:].split() for line in lines}
    assert known["132"] == ["Sn132", "measured", "bmm", "0.1.0", "tin"]
    assert known["160"][:2] == ["Sn160", "predicted"]
    assert "draw 2; models FRDM2012" in (tmp_path / "draw-002" / "README.txt").read_text()


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "expected a folder of TALYS mass files"), ("Sn 132\n", "Sn.mass, line 1: expected Z")],
)
def test_a_folder_that_is_no_template_is_refused(tin, tmp_path, content, expected):
    template = tmp_path / "mine"
    template.mkdir()
    if content:
        (template / "Sn.mass").write_text(content)
    with pytest.raises(DataError, match=expected):
        write_talys(tin, tmp_path, ExportSettings(template))
