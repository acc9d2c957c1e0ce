"""Figures of isotopic chains and of existence draw the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from bmm.figures.existence import plot_existence
from bmm.figures.isotopes import isotope_figure
from bmm.figures.palette import model_styles
from bmm.nuclides import nuclide_index

N = np.arange(60, 90)
MEASURED = nuclide_index(np.full(20, 50), N[:20])


@pytest.fixture
def separations():
    middle = 20 - 0.5 * (N - 60.0)
    table = pd.DataFrame({"Z": 50, "N": N, "existence": np.linspace(1, 0, len(N))})
    for number, percent in enumerate(("68", "95", "99.7"), start=1):
        table[f"S_2n_lower_{percent}"] = middle - 0.5 * number
        table[f"S_2n_upper_{percent}"] = middle + 0.5 * number
    table["S_2n_median"] = middle
    table.loc[table["N"] < 62, [name for name in table if name.startswith("S_2n")]] = np.nan
    return table


@pytest.fixture
def theory():
    mass = -80 + 0.01 * (N - 70.0) ** 2
    values = np.column_stack([mass, mass + 1, np.full(len(N), np.nan)])
    coords = {"Z": ("nucleus", np.full(len(N), 50)), "N": ("nucleus", N), "theory": list("abc")}
    return xr.Dataset({"mass_excess": (("nucleus", "theory"), values)}, coords)


def test_a_chain_has_its_bands_points_and_models(separations, theory):
    figure = isotope_figure(separations, theory, [50], MEASURED)
    energies, existence = figure.axes
    heights = [np.ptp(band.get_paths()[0].vertices[:, 1]) for band in energies.collections]
    assert heights == sorted(heights, reverse=True)
    lines = {line.get_label(): line for line in energies.lines}
    assert {"median", "measured", "a", "b"} < set(lines)
    assert "c" not in lines  # it predicts nothing here
    # A constant shift of all masses leaves separation energies alone.
    np.testing.assert_allclose(lines["a"].get_ydata(), lines["b"].get_ydata())
    # Both masses of a separation energy must be measured, and N = 60 and 61 have no partner.
    assert lines["measured"].get_xdata().tolist() == list(range(62, 80))
    drawn = np.concatenate([line.get_ydata() for line in existence.lines])
    assert sorted(drawn) == sorted(separations["existence"])
    assert "MeV" in energies.get_ylabel()


def test_a_drip_line_beyond_the_chart_is_not_drawn(separations):
    index = pd.MultiIndex.from_tuples([(50, "neutron"), (50, "proton")], names=["Z", "side"])
    lines = pd.DataFrame(
        {"median": [80, 60], "lower_68": [78, 60], "upper_68": [83, 61], "at_edge": [0.1, 0.9]},
        index=index,
    )
    ax = plot_existence(separations, lines, MEASURED, ax=Figure().add_subplot())
    points = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert [line.get_xdata().tolist() for line in points] == [[], [80]]


def test_the_styles_of_many_models_differ():
    assert len(set(model_styles(28))) == 28
