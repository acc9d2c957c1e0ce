"""Methods side by side, drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from bmm.evaluation.scores import LEVELS, inside_intervals

__all__ = ["comparison_figure"]


def comparison_figure(table: pd.DataFrame, nuclei: pd.DataFrame) -> Figure:
    """CRPS and rms with standard errors, and how far the coverage is off, for every method.

    Parameters
    ----------
    table : DataFrame
        From `bmm.evaluation.method_scores.compare`.
    nuclei : DataFrame
        Columns method, Z, N and pit, one row for each method and test nucleus.
    """
    whole = table[table["region"] == "all"].sort_values("crps", ascending=False)
    methods = whole["method"].tolist()
    place = np.arange(len(methods))
    figure = Figure(figsize=(9.0, 1.4 + 0.26 * len(methods)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    for name, label, marker, colour in (
        ("crps", "CRPS", "o", "#0072b2"),
        ("rms", "rms", "s", "#d55e00"),
    ):
        left.errorbar(
            1000 * whole[name], place, xerr=1000 * whole[f"{name}_se"], fmt=marker, color=colour,
            markersize=4, linewidth=1, label=label,
        )  # fmt: skip
    left.set(xlabel="Score on the test nuclei (keV)", xlim=(0, None), yticks=place)
    left.set_yticklabels(methods, fontsize=8)
    left.legend(frameon=False, fontsize=8)
    off = 100 * np.stack([_off(nuclei.loc[nuclei["method"] == name, "pit"]) for name in methods])
    most = max(1.0, float(np.abs(off).max()))
    image = right.imshow(off, aspect="auto", cmap="RdBu", vmin=-most, vmax=most, origin="lower")
    ticks = [LEVELS.index(level) for level in (0.2, 0.5, 0.68, 0.95)]
    right.set_xticks(ticks, [f"{100 * LEVELS[tick]:g}" for tick in ticks])
    right.set_xlabel("Probability of the interval (%)")
    figure.colorbar(image, ax=right, label="Covered minus nominal (%)")
    left.spines[["top", "right"]].set_visible(False)
    return figure


def _off(pit: pd.Series[float]) -> npt.NDArray[np.float64]:
    return np.asarray(inside_intervals(pit.dropna()).mean(axis=0) - np.array(LEVELS))
