"""Figures of the report: files in the run folder, fit for a paper, and the same on the page."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.figures.axes import CHART, SQUARE
from bmm.figures.doubt import doubt_figure
from bmm.figures.existence import plot_existence
from bmm.figures.files import file_stems, write_figure, write_plot
from bmm.figures.isotopes import isotope_figure
from bmm.figures.pit import plot_pit
from bmm.nuclides import nuclide_index, symbol
from bmm.prediction.forecast import DRAWS
from bmm.report.contents import Contents

__all__ = ["shown_figures"]

_WEIGHT = "Posterior mean weight of {} over the chart; grey where it covers no nucleus."
_MAPS = {
    "residuals": "Predicted minus measured mass of the fitted nuclei, MeV.",
    "uncertainty": "Standard deviation of the prediction over the chart, MeV; what is measured is "
    "outlined.",
}


def shown_figures(contents: Contents) -> dict[str, list[dict[str, str]]]:
    """Write what is missing among the run's figures, and return all, ready to be embedded.

    Parameters
    ----------
    contents : Contents
        The run; ``figures/`` in its folder gets the PIT histogram, and with separation energies
        the isotopic chains, the map of existence and, if there are any, that of the doubts, each
        as PNG and PDF.

    Returns
    -------
    dict
        By section, "calibration", "maps", "isotopes", "existence" and "doubts": data (base64),
        alt, caption and file of each figure.

    Raises
    ------
    RunError
        If a file cannot be written.
    """
    folder = contents.path / "figures"
    folder.mkdir(exist_ok=True)
    write_plot(folder / "pit", partial(plot_pit, contents.nuclei["pit"].dropna()), SQUARE)
    calibration = [
        _embedded(folder / "coverage.png",
                  "Share of the fitted masses inside the credible intervals, against their "
                  "probability; on the diagonal if calibrated."),
        _embedded(folder / "pit.png",
                  "Where the fitted masses fall in their predictive distributions (PIT); flat if "
                  "calibrated, a hump where the intervals are too wide."),
    ]  # fmt: skip
    texts = {
        f"weight_{stem}": _WEIGHT.format(model)
        for model, stem in zip(contents.models, file_stems(contents.models), strict=True)
    }
    maps = [_embedded(folder / f"{stem}.png", text) for stem, text in (texts | _MAPS).items()]
    joint = _joint_figures(contents, folder)
    return {"calibration": calibration, "maps": maps, **joint, "doubts": _doubts(contents, folder)}


def _doubts(contents: Contents, folder: Path) -> list[dict[str, str]]:
    if contents.doubts is None:
        return []
    found = contents.doubts.summary["validation"]
    curve = None if found is None else pd.DataFrame(found["reliability"])
    write_figure(folder / "doubts", doubt_figure(contents.doubts.table, curve))
    beside = (
        ""
        if curve is None
        else " On the right, of the masses remeasured since: the share that was off, against the "
        "mean probability; on the diagonal if calibrated."
    )
    return [
        _embedded(
            folder / "doubts.png",
            "Probability that a measured mass is off by more than four stated uncertainties and "
            f"150 keV; the first twenty above 0.01 by name.{beside}",
        )
    ]


def _joint_figures(contents: Contents, folder: Path) -> dict[str, list[dict[str, str]]]:
    nuclei, lines = contents.separations.nuclei, contents.separations.lines
    chart = contents.chart
    measured = _measured(contents)
    elements = contents.chains
    theory = xr.Dataset(
        {"mass_excess": (("nucleus", "theory"), contents.theory.to_numpy())},
        {"Z": ("nucleus", chart["Z"]), "N": ("nucleus", chart["N"]), "theory": [*contents.theory]},
    )
    write_figure(folder / "isotopes", isotope_figure(nuclei, theory, elements, measured))
    write_plot(folder / "existence", partial(plot_existence, nuclei, lines, measured), CHART)
    names = ", ".join(symbol(Z) for Z in elements)
    chains = _embedded(
        folder / "isotopes.png",
        f"Two-neutron separation energies of {names}: median and intervals of 68, 95 and "
        f"99.7 % of {DRAWS} joint draws; the thin lines are the single "
        "models as they are. Below, the probability of existence.",
    )
    existence = _embedded(
        folder / "existence.png",
        "Probability that a nucleus is bound against the emission of nucleons, with the last bound "
        "isotopes and their intervals of 68 %; grey where a neighbour is missing. What is measured "
        "is outlined.",
    )
    return {"isotopes": [chains], "existence": [existence]}


def _measured(contents: Contents) -> Any:
    known = contents.chart[np.isfinite(contents.chart["measured"])]
    return nuclide_index(known)


def _embedded(path: Path, text: str) -> dict[str, str]:
    return {
        "data": base64.b64encode(path.read_bytes()).decode("ascii"),
        "alt": f"{path.stem.replace('_', ' ')}: {text}",
        "caption": text,
        "file": f"figures/{path.name}",
    }
