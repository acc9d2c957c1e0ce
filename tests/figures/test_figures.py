from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from bmm.errors import ConfigError, DataError, RunError
from bmm.evaluation.scores import LEVELS
from bmm.figures import (
    nuclide_chart,
    plot_chain,
    plot_coverage,
    plot_pit,
    plot_residuals,
    plot_uncertainty,
    plot_weights,
    write_figures,
)
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.derived import derive

INDEX = nuclide_index(np.repeat(np.arange(18, 30), 14), np.tile(np.arange(18, 32), 12))
Z, N = (INDEX.get_level_values(level).to_numpy() for level in "ZN")
PIT = np.random.default_rng(8).random(500)


@pytest.fixture
def summary():
    weight = np.column_stack([np.linspace(0, 1, len(Z)), np.linspace(1, 0, len(Z))])
    return xr.Dataset(
        {
            "mean": ("nucleus", -1.0 * N),
            "sd": ("nucleus", 0.1 + Z / 10),
            "weight": (("nucleus", "theory"), weight),
        },
        coords={
            "nucleus": labels(Z, N),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
            "theory": ["HFB/24", "hfb 24"],
        },
    )


@pytest.fixture
def measured():
    return pd.DataFrame({"mass_excess": 0.5 - N, "mass_excess_uncertainty": 0.01}, INDEX)[:60]


def axes():
    return Figure().add_subplot()


def texts(figure):
    return {text.get_text() for text in figure.axes[0].texts}


def squares(figure):
    return np.ma.asarray(figure.axes[0].collections[1].get_array())


def test_chart_puts_each_value_on_its_square():
    mesh = nuclide_chart(axes(), [50, 50, 52], [60, 63, 61], [1.0, 2.0, 3.0], label="x (MeV)")
    grid = mesh.get_array()
    assert grid.shape == (3, 4)
    assert (grid[0, 0], grid[0, 3], grid[2, 1]) == (1.0, 2.0, 3.0)
    assert grid.count() == 3
    # The corner of the first square lies half a nucleon below its nucleus.
    assert list(mesh.get_coordinates()[0, 0]) == pytest.approx([59.5, 49.5])


def test_chart_names_axes_and_bar_and_draws_the_magic_numbers_in_range():
    ax = axes()
    nuclide_chart(ax, Z, N, N, label="Mass excess (MeV)")
    assert ax.get_xlabel() == "Neutron number N"
    assert ax.get_ylabel() == "Proton number Z"
    assert ax.figure.axes[1].get_ylabel() == "Mass excess (MeV)"
    assert texts(ax.figure) == {"Z=20", "Z=28", "N=20", "N=28"}


def test_scale_around_a_centre_is_symmetric():
    mesh = nuclide_chart(axes(), [8, 8], [8, 9], [-1.0, 3.0], label="", cmap="RdBu", centre=0.0)
    assert mesh.get_clim() == (-3, 3)


def test_values_beyond_the_scale_give_the_bar_a_tip():
    mesh = nuclide_chart(axes(), [8, 8], [8, 9], [-1.0, 3.0], label="", vmin=0.0, vmax=4.0)
    assert mesh.colorbar.extend == "min"


@pytest.mark.parametrize("values", [[2.0, 2.0], [np.nan, np.nan], [0.0, 0.0]])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_chart_of_one_value_or_none_has_a_proper_scale(values, scale):
    mesh = nuclide_chart(axes(), [8, 8], [8, 9], values, label="", scale=scale)
    low, high = mesh.get_clim()
    assert low < high
    assert scale == "linear" or low > 0
    mesh.axes.figure.canvas.draw()


def test_outline_is_the_edge_of_the_marked_nuclei():
    ax = axes()
    nuclide_chart(ax, [10, 10, 11], [12, 13, 12], [1, 2, 3], label="", outline=[True, True, False])
    edge = next(each for each in ax.collections if isinstance(each, LineCollection))
    segments = {tuple(map(tuple, segment)) for segment in edge.get_segments()}
    assert segments == {
        ((11.5, 9.5), (12.5, 9.5)), ((12.5, 9.5), (13.5, 9.5)),
        ((11.5, 10.5), (12.5, 10.5)), ((12.5, 10.5), (13.5, 10.5)),
        ((11.5, 9.5), (11.5, 10.5)), ((13.5, 9.5), (13.5, 10.5)),
    }  # fmt: skip


def test_unusable_charts_are_refused():
    with pytest.raises(DataError, match="of one length"):
        nuclide_chart(axes(), [8], [8, 9], [1.0], label="")
    with pytest.raises(DataError, match="comes twice"):
        nuclide_chart(axes(), [8, 8], [8, 8], [1.0, 2.0], label="")


def test_plot_weights_runs_from_0_to_1_and_is_grey_without_coverage(summary, measured):
    figure = plot_weights(summary, "HFB/24", measured=measured, ax=axes()).figure
    assert figure.axes[0].collections[1].get_clim() == (0, 1)
    assert squares(figure).count() == len(Z) - 1
    with pytest.raises(ConfigError, match=r"no model 'FRDM'.*HFB/24, hfb 24"):
        plot_weights(summary, "FRDM")


def test_residuals_are_predicted_minus_measured_of_the_measured_nuclei(summary, measured):
    values = squares(plot_residuals(summary, measured, ax=axes()).figure)
    assert values.count() == 60
    assert values.compressed() == pytest.approx(np.full(60, -0.5))


def test_uncertainty_has_the_unit_on_its_bar(summary):
    assert "(MeV)" in plot_uncertainty(summary, ax=axes()).figure.axes[1].get_ylabel()


def test_plot_coverage_shows_the_scores_in_percent():
    diagonal, curve = plot_coverage(PIT, ax=axes()).lines
    assert curve.get_xdata() == pytest.approx(100 * np.array(LEVELS))
    middle = np.abs(PIT - 0.5)[:, None] < 0.5 * np.array(LEVELS)
    assert curve.get_ydata() == pytest.approx(100 * middle.mean(axis=0))
    assert diagonal.get_xdata() == pytest.approx(diagonal.get_ydata())


def test_files_are_written_whole_and_alike(summary, measured, tmp_path):
    paths = write_figures(tmp_path / "figures", summary, PIT, measured)
    stems = ["coverage", "residuals", "uncertainty", "weight_HFB_24", "weight_hfb_24_2"]
    assert [path.name for path in paths] == [
        f"{s}.{kind}" for s in stems for kind in ("png", "pdf")
    ]
    assert sorted(tmp_path.glob("figures/*")) == sorted(paths)
    before = [path.read_bytes() for path in paths[:2]]
    assert before[0].startswith(b"\x89PNG")
    assert before[1].startswith(b"%PDF")
    write_figures(tmp_path / "figures", summary.isel(theory=[]), PIT, measured)
    assert [path.read_bytes() for path in paths[:2]] == before


def test_a_failed_figure_leaves_the_old_file_and_no_rest(summary, measured, tmp_path, monkeypatch):
    old = tmp_path / "coverage.png"
    old.write_bytes(b"old")

    def fail(self, path, **_):
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(RunError, match="disk full"):
        write_figures(tmp_path, summary, PIT, measured)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_axes_are_those_given_or_pyplots(summary, measured, tmp_path):
    given = axes()
    assert plot_uncertainty(summary, ax=given) is given
    write_figures(tmp_path, summary, PIT, measured)
    assert plt.get_fignums() == []
    plt.switch_backend("agg")
    drawn = plot_uncertainty(summary)
    assert plt.get_fignums() == [drawn.figure.number]
    plt.close("all")


@pytest.fixture
def joint():
    rng = np.random.default_rng(3)
    Z, N = (x.ravel() for x in np.mgrid[48:53, 70:84])
    mass = -80 + 0.2 * (N - 76.0) ** 2 + rng.normal(scale=0.3, size=(200, len(N)))
    coords = {"Z": ("nucleus", Z), "N": ("nucleus", N), "nucleus": labels(Z, N)}
    return xr.DataArray(mass, dims=("draw", "nucleus"), coords=coords, name="mass_excess")


@pytest.mark.parametrize("quantity", ["S_2n", "S_1n", "Q_alpha", "mass_excess"])
def test_a_chain_is_the_median_of_the_quantity(joint, quantity):
    known = nuclide_index(joint["Z"].to_numpy(), joint["N"].to_numpy())
    theory = joint.isel(draw=[0, 1]).rename(draw="theory").assign_coords(theory=["a", "b"])
    ax = plot_chain(joint, "Sn", quantity, measured=known, theory=theory.to_dataset(), ax=axes())
    lines = {line.get_label(): line for line in ax.lines}
    whole = joint if quantity == "mass_excess" else derive(joint, quantity)
    expected = whole.isel(nucleus=whole["Z"].to_numpy() == 50)
    expected = expected.isel(nucleus=np.isfinite(expected.to_numpy()).all(axis=0))
    assert lines["median"].get_xdata().tolist() == expected["N"].to_numpy().tolist()
    np.testing.assert_allclose(lines["median"].get_ydata(), expected.median("draw"), rtol=1e-6)
    # Every mass is measured, so that every point is drawn.
    assert len(lines["measured"].get_xdata()) == len(expected["N"])
    assert {"a", "b"} <= set(lines)
    assert "(MeV)" in ax.get_ylabel()
    assert ax.get_title() == "Sn (Z = 50)"


def test_a_chain_that_is_not_there_is_refused(joint):
    with pytest.raises(DataError, match="no nucleus of Pb is among the draws"):
        plot_chain(joint, 82, ax=axes())


def test_pit_of_a_calibrated_prediction_stays_in_its_band():
    ax = plot_pit((np.arange(2000) + 0.5) / 2000, ax=axes())
    heights = [bar.get_height() for bar in ax.patches if bar.get_height() < 2][-20:]
    assert heights == pytest.approx([1.0] * 20)
