"""The figures of a run as PNG and PDF files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import matplotlib as mpl
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bmm.figures.axes import CHART, SQUARE, new_axes
from bmm.figures.calibration import plot_coverage
from bmm.figures.maps import plot_residuals, plot_uncertainty, plot_weights
from bmm.progress import track
from bmm.writing import write_whole

__all__ = ["file_stems", "write_figure", "write_figures", "write_plot"]

_DPI = {"png": 150, "pdf": 300}
# Without a date, the same figure gives the same file.
_METADATA: dict[str, dict[str, str | None]] = {"png": {}, "pdf": {"CreationDate": None}}


def write_figures(
    folder: Path, summary: xr.Dataset, pit: npt.ArrayLike, measured: pd.DataFrame
) -> list[Path]:
    """Write every figure as PNG (150 dpi) and PDF, replacing older ones.

    Parameters
    ----------
    folder : Path
        Made if missing.
    summary : Dataset (nucleus, theory)
        The mixture, as for `bmm.evaluation.evaluate`.
    pit : array (nucleus,)
        See `bmm.figures.plot_coverage`.
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
    plots: dict[str, Callable[..., Axes]] = {
        "coverage": partial(plot_coverage, pit),
        "residuals": partial(plot_residuals, summary, measured),
        "uncertainty": partial(plot_uncertainty, summary, measured=measured),
    }
    for model, stem in zip(models, file_stems(models), strict=True):
        plots[f"weight_{stem}"] = partial(plot_weights, summary, model, measured=measured)
    steps = track(plots.items(), "figures", note=lambda item: item[0])
    return [
        path
        for stem, plot in steps
        for path in write_plot(folder / stem, plot, SQUARE if stem == "coverage" else CHART)
    ]


def write_plot(stem: Path, plot: Callable[..., Axes], size: tuple[float, float]) -> list[Path]:
    """Draw on axes of their own, of that size in inches, and write them as `write_figure` does.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.figures.files import write_plot
    >>> paths = write_plot(Path(tempfile.mkdtemp()) / "line", lambda ax: ax, (2.0, 1.5))
    >>> [path.suffix for path in paths]
    ['.png', '.pdf']
    """
    figure = plot(ax=new_axes(size)).figure
    return write_figure(stem, cast(Figure, figure))


def write_figure(stem: Path, figure: Figure) -> list[Path]:
    """Write one figure as <stem>.png and <stem>.pdf, and return the two paths.

    Each file appears whole or not at all: it is written under a temporary name first.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.figures.axes import new_axes
    >>> from bmm.figures.files import write_figure
    >>> figure = new_axes((2.0, 1.5)).figure
    >>> [path.name for path in write_figure(Path(tempfile.mkdtemp()) / "empty", figure)]
    ['empty.png', 'empty.pdf']
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
    """File names for models, different even where case does not count.

    Examples
    --------
    >>> from bmm.figures.files import file_stems
    >>> file_stems(["DZ33", "dz33", "my model"])
    ['DZ33', 'dz33_2', 'my_model']
    """
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
