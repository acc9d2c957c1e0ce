"""What is exported is read again by the layout of that name: every nucleus, every surface."""

import numpy as np
import pytest

from bmm.data import read_mass_table
from bmm.data.table_guess import guess_table
from bmm.export import FORMATS, ExportSettings

# Decimals that a format prints, and the file or folder of a surface.
LAYOUTS = {
    "ripl": (3, "{}/mass-bmm.dat"),
    "talys": (6, "{}"),
    "pynucastro": (6, "{}/mass_excess.txt"),
    "csv": (6, "masses.csv"),
}
NAMES = {"csv": "bmm"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_is_read_again(chart, tmp_path, layout):
    FORMATS[layout](chart, tmp_path, ExportSettings())
    decimals, place = LAYOUTS[layout]
    kept = chart.Z > 0 if layout == "talys" else np.ones(len(chart.Z), dtype=bool)
    for surface in chart.surfaces():
        if layout == "csv" and surface.name != "mean":
            continue  # draws are columns of the one file
        table = read_mass_table(tmp_path / place.format(surface.name), NAMES.get(layout, layout))
        assert table.index.equals(chart.index[kept])
        np.testing.assert_allclose(
            table["mass_excess"], surface.mass_excess[kept], rtol=0, atol=0.5001 * 10**-decimals
        )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_is_recognised(tin, tmp_path, layout):
    FORMATS[layout](tin, tmp_path, ExportSettings())
    guess = guess_table(tmp_path / LAYOUTS[layout][1].format("mean"))
    assert guess.keys() == {"name": NAMES.get(layout, layout)}
    assert len(guess.masses) == len(tin.nuclei)
