"""Surfaces are read from whitespace tables, and what cannot be learned is refused."""

import numpy as np
import pytest

from bmm.emulation.energy_surface import Surface, read_surface
from bmm.errors import DataError

ROWS = [[float(i), float(j), -1000.0 + i + j * j] for i in range(4) for j in range(5)]


def write(path, rows, header="#   Q20   Q30   BE"):
    lines = [header] if header else []
    path.write_text("\n".join([*lines, *(" ".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("axes", [("Q20", "Q30"), (1, 2), ("1", "2")])
def test_columns_by_name_or_number(tmp_path, axes):
    energy = "BE" if axes[0] == "Q20" else 3
    surface = read_surface(write(tmp_path / "pes.dat", ROWS), axes, energy)
    assert surface.axes == ("Q20", "Q30")
    np.testing.assert_array_equal(np.column_stack([surface.points, surface.energy]), ROWS)
    assert surface.lattice().shape == (4, 5)
    assert np.abs(surface.scaled).max() == 1


@pytest.mark.parametrize("header", ["", "Q20 Q30 BE"])
def test_a_header_may_be_missing_or_without_mark(tmp_path, header):
    surface = read_surface(write(tmp_path / "pes.dat", ROWS, header))
    assert len(surface) == 20
    assert surface.axes == (("Q20", "Q30") if header else ("column 1", "column 2"))


def test_negative_zero_is_zero(tmp_path):
    rows = [[-0.0, *ROWS[0][1:]], *ROWS[1:]]
    assert read_surface(write(tmp_path / "pes.dat", rows)).lattice().shape == (4, 5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, ROWS[3]], "Q20=0, Q30=3 comes more than once"),
        ([*ROWS, [9.0, 9.0, "nan"]], "line 22: expected finite numbers"),
        ([*ROWS, [9.0, "x", 1.0]], "line 22: 'x' is not a number"),
        ([*ROWS, [9.0, 9.0]], "line 22: 2 cells; expected 3, as in the other rows"),
        (ROWS[:4], "4 points; expected at least 10"),
        ([[1.0, *row[1:]] for row in np.arange(30.0).reshape(10, 3).tolist()], "Q20 is 1 at every"),
        ([], "no numbers found"),
    ],
)
def test_bad_rows_are_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_surface(write(tmp_path / "pes.dat", rows))


def test_rows_without_energy_can_be_left_out(tmp_path):
    path = write(tmp_path / "pes.dat", [*ROWS, [9.0, 9.0, "nan"]])
    assert len(read_surface(path, skip_nan=True)) == len(ROWS)


@pytest.mark.parametrize(
    ("columns", "message"),
    [(("Q22", "Q30"), "no column 'Q22'; the header has Q20, Q30, BE"), ((0, 1), "counted from 1")],
)
def test_unknown_columns_are_refused(tmp_path, columns, message):
    with pytest.raises(DataError, match=message):
        read_surface(write(tmp_path / "pes.dat", ROWS), columns, 3)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"pes.dat: cannot be read \(No such file"):
        read_surface(tmp_path / "pes.dat")


def test_a_grid_needs_two_dimensions_and_points_on_it():
    rng = np.random.default_rng(0)
    line = Surface("line", ("x",), np.arange(12.0)[:, None], np.arange(12.0))
    with pytest.raises(DataError, match="line: 1-dimensional; expected two axes"):
        line.lattice()
    cloud = Surface("cloud", ("x", "y"), rng.random((30, 2)), rng.random(30))
    with pytest.raises(DataError, match="at least a third"):
        cloud.lattice()
