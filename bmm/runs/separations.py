"""Separation energies, existence and drip lines of a run, made once and kept in its folder.

The mixture of a run predicts every nucleus by itself, and differences of such masses would look far
less certain than they are.  These come from joint draws of the run's models, each corrected by the
field of its residuals and mixed evenly: see `bmm.prediction.windows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd
import xarray as xr

from bmm.errors import RunError
from bmm.prediction.windows import learn_fields, separations, windows
from bmm.runs.config import RunConfig
from bmm.runs.folder import RunFolder
from bmm.runs.inputs import select_measured
from bmm.tables import load_measured
from bmm.writing import write_whole

__all__ = ["DRAWS", "Separations", "run_separations"]

DRAWS = 4000
"""Joint draws; some five of them lie beyond either end of an interval of three sigma."""


@dataclass(frozen=True)
class Separations:
    """What joint draws say of a run's chart.

    Parameters
    ----------
    nuclei, lines : DataFrame
        See `bmm.prediction.windows.separations`.
    """

    nuclei: pd.DataFrame
    lines: pd.DataFrame


def run_separations(folder: RunFolder, config: RunConfig, chart: xr.Dataset) -> Separations:
    """Read them from the run folder, or make and write them.

    Parameters
    ----------
    folder : RunFolder
        Of a complete run.
    config : RunConfig
        Its configuration.
    chart : Dataset
        What its models say of its chart, the fitted nuclei included.

    Raises
    ------
    RunError
        If a file cannot be read or written.
    DataError
        If a model covers fewer than 20 of the fitted nuclei.
    """
    if folder.separations.is_file() and folder.drip_lines.is_file():
        try:
            nuclei, lines = pd.read_csv(folder.separations), pd.read_csv(folder.drip_lines)
            return Separations(nuclei, lines.set_index(["Z", "side"]))
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{folder.separations} cannot be read ({error})") from error
    measured = select_measured(config)
    every = load_measured(config.data.measured)
    learnt = learn_fields(measured, chart)
    ends = int(chart["Z"].min()), int(chart["Z"].max())
    drawn = windows(measured, chart, learnt, DRAWS, config.seed, known=every, elements=ends)
    nuclei, lines = separations(drawn)
    for file, frame in ((folder.separations, nuclei), (folder.drip_lines, lines.reset_index())):
        write_whole(file, partial(frame.to_csv, index=False, float_format="%.6f"))
    return Separations(nuclei, lines)
