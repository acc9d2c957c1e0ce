"""Make the pictures of docs/gallery.md.

    uv run python docs/gallery.py

A small mixture of three theories between zirconium and neodymium, as in the notebook quick_start.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

import bmm
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.figures.axes import CHAIN, CHART, SQUARE, new_axes
from bmm.nuclides import nuclide_index

FOLDER = Path(__file__).parent / "gallery"
DPI = 80


def main() -> None:
    """Fit the mixture and write one PNG for each function."""
    measured = bmm.load_measured("AME2020")
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    measured = measured[(Z >= 40) & (Z <= 60) & (N >= 50)]
    models = [bmm.load_model(name).fit(measured) for name in ("FRDM2012", "HFB26", "DZ33")]
    grid = [(z, n) for z in range(40, 61) for n in range(45, 106)]
    chart = bmm.predict_all(models, nuclide_index(*np.array(grid).T).union(measured.index))
    chart = chart.isel(nucleus=np.isfinite(chart["mass_excess"]).any("theory").to_numpy())
    theory = bmm.predict_all(models, measured.index)
    settings = bmm.Mixing(basis={"m_Z": 8, "m_N": 14}, sampler={"draws": 500, "tune": 500})
    tree = bmm.fit(measured, theory, chart, settings, seed=1)
    prediction = bmm.predict(tree, measured=measured)
    summary = prediction.summary
    known = nuclide_index(summary["Z"].to_numpy(), summary["N"].to_numpy())
    fitted = known.isin(measured.index)
    scores = nucleus_scores(prediction.distribution[fitted], known[fitted], measured, (0.95,))
    surfaces = bmm.even_forecast(measured, chart, seed=1).draws(200)
    seen = measured.index
    plots: dict[str, tuple[Callable[..., Axes], tuple[float, float]]] = {
        "weights": (partial(bmm.plot_weights, summary, "DZ33", measured=measured), CHART),
        "residuals": (partial(bmm.plot_residuals, summary, measured), CHART),
        "uncertainty": (partial(bmm.plot_uncertainty, summary, measured=measured), CHART),
        "chain": (
            partial(bmm.plot_chain, surfaces, "Sn", measured=seen, theory=chart),
            CHAIN,
        ),
        "coverage": (partial(bmm.plot_coverage, scores["pit"]), SQUARE),
        "pit": (partial(bmm.plot_pit, scores["pit"]), SQUARE),
    }
    FOLDER.mkdir(exist_ok=True)
    for name, (plot, size) in plots.items():
        ax = plot(ax=new_axes(size))
        if name == "chain":
            ax.legend(frameon=False, fontsize=7)
        ax.figure.savefig(FOLDER / f"{name}.png", dpi=DPI)


if __name__ == "__main__":
    main()
