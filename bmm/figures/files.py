"""The figures of a run as PNG and PDF files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from bmm.evaluation.mixture_scores import Scores
from bmm.figures.calibration import coverage_curve
from bmm.figures.maps import residual_map, uncertainty_map, weight_map
from bmm.progress import track
from bmm.writing import write_whole

__all__ = ["file_stems", "write_figure", "write_figures"]

_DPI = {"png": 150, "pdf": 300}
# Without a date, the same figure gives the same file.
_METADATA: dict[str, dict[str, str | None]] = {"png": {}, "pdf": {"CreationDate": None}}


def write_figures(
    folder: Path, summary: xr.Dataset, scores: Scores, measured: pd.DataFrame
) -> list[Path]:
    """Write every figure as PNG (150 dpi) and PDF, replacing older ones.

    Parameters
    ----------
    folder : Path
        Made if missing.
    summary : Dataset (nucleus, theory)
        The mixture, as for `bmm.evaluation.evaluate`.
    scores : dict
        From `bmm.evaluation.evaluate`.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV: residuals are taken to these nuclei, and
        the other maps outline them.

    Returns
    -------
    list of Path
        coverage, residuals, uncertainty and weight_<model>, each .png and .pdf.  Characters of a
        model's name other than letters, digits, "+", "-" and "_" become "_".
    """
    folder.mkdir(parents=True, exist_ok=True)
    models = [str(model) for model in summary["theory"].to_numpy()]
    figures: dict[str, Callable[[], Figure]] = {
        "coverage": partial(coverage_curve, scores),
        "residuals": partial(residual_map, summary, measured),
        "uncertainty": partial(uncertainty_map, summary, measured),
    }
    for model, stem in zip(models, file_stems(models), strict=True):
        figures[f"weight_{stem}"] = partial(weight_map, summary, model, measured)
    steps = track(figures.items(), "figures", note=lambda item: item[0])
    return [path for stem, make in steps for path in write_figure(folder / stem, make())]


def write_figure(stem: Path, figure: Figure) -> list[Path]:
    """Write one figure as <stem>.png and <stem>.pdf, and return the two paths.

    Each file appears whole or not at all: it is written under a temporary name first.
    """
    paths = []
    for suffix, dpi in _DPI.items():
        path = stem.with_name(f"{stem.name}.{suffix}")
        save = partial(figure.savefig, dpi=dpi, metadata=_METADATA[suffix])
        with mpl.rc_context({"pdf.fonttype": 42}):  # text that journals and editors can read
            write_whole(path, save)
        paths.append(path)
    return paths


def file_stems(models: Sequence[str]) -> list[str]:
    """File names for models, different even where case does not count."""
    stems: list[str] = []
    for model in models:
        safe = stem = re.sub(r"[^A-Za-z0-9+_-]", "_", model)
        taken = {name.casefold() for name in stems}
        number = 2
        while stem.casefold() in taken:
            stem = f"{safe}_{number}"
            number += 1
        stems.append(stem)
    return stems
