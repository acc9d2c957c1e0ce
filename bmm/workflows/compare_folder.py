"""The folder of a comparison: every finished forecast, and the tables made of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bmm.checkpoints import Checkpoint
from bmm.errors import DamagedError, OriginError
from bmm.figures.files import write_figure
from bmm.figures.methods import comparison_figure
from bmm.methods.forecasting import MadeForecast
from bmm.netcdf import read_dataset, write_dataset
from bmm.workflows.compare_config import file_stem
from bmm.workflows.result_folder import ResultFolder
from bmm.writing import write_json, write_whole

__all__ = ["ComparisonFolder", "StoredForecast"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredForecast(MadeForecast):
    """A forecast of the test nuclei, as it lies on disk.

    Parameters
    ----------
    data, facts, seconds
        See `bmm.methods.forecasting.MadeForecast`.
    reused : bool
        Whether it was read from disk.
    """

    reused: bool


class ComparisonFolder(ResultFolder):
    """A folder with the results of one comparison.

    * ``config.toml``: the resolved configuration
    * ``forecasts/METHOD-FOLD.nc``: each method's forecast of the test nuclei, a checkpoint that is
      written as it finishes and used again as long as nothing that decides it has changed
    * ``comparison.csv``, ``derived.csv``, ``comparison.json``, ``nuclei.csv``, ``figures/``
    * ``manifest.json``: see `bmm.workflows.result_folder`

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind = "comparison"
    taken_up = ("begun", "complete")
    kept = "finished forecasts are kept"
    remedy = "to go on, give the same command again"
    apart = ("forecasts",)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.forecasts = path / "forecasts"
        self.table = path / "comparison.csv"
        self.derived = path / "derived.csv"
        self.summary = path / "comparison.json"
        self.nuclei = path / "nuclei.csv"

    def holds_work(self) -> bool:
        """Tell whether there are forecasts."""
        return any(self.forecasts.glob("[!.]*.nc"))

    def _checkpoint(self, method: str, fold: str, origin: Mapping[str, Any]) -> Checkpoint:
        return Checkpoint(self.forecasts / f"{file_stem(method)}-{file_stem(fold)}.nc", origin)

    def write_forecast(
        self,
        method: str,
        fold: str,
        made: MadeForecast,
        origin: Mapping[str, Any],
    ) -> StoredForecast:
        """Write one method's forecast of one fold.

        Parameters
        ----------
        method, fold : str
            Label of the method, and name of the split.
        made : MadeForecast
            Of the test nuclei.
        origin : mapping
            Everything that decides the forecast, as plain values.
        """
        data = made.data.assign_attrs(method=method, fold=fold)
        self.forecasts.mkdir(exist_ok=True)
        kept = {"facts": made.facts, "seconds": made.seconds}
        self._checkpoint(method, fold, origin).write(partial(write_dataset, data), kept)
        return StoredForecast(data, made.facts, made.seconds, reused=False)

    def read_forecast(
        self, method: str, fold: str, origin: Mapping[str, Any]
    ) -> StoredForecast | None:
        """Read a finished forecast, if there is one of this origin.

        Parameters
        ----------
        method, fold, origin
            As for `write_forecast`.
        """
        try:
            found = self._checkpoint(method, fold, origin).read(read_dataset)
        except OriginError:
            return None
        except DamagedError as error:
            logger.warning("the forecast is made again: %s", error)
            return None
        if found is None:
            return None
        data, kept = found
        return StoredForecast(data, kept["facts"], float(kept["seconds"]), reused=True)

    def write_results(
        self,
        nuclei: pd.DataFrame,
        table: pd.DataFrame,
        derived: pd.DataFrame,
        summary: dict[str, Any],
    ) -> None:
        """Write the scores of each nucleus, their averages, the figure, and everything else, last.

        Parameters
        ----------
        nuclei, table : DataFrame
            From `bmm.workflows.compare_report.score_table`.
        derived : DataFrame
            From `bmm.workflows.compare_report.derived_scores_of`.
        summary : dict
            Plain values.
        """
        for file, frame in (
            (self.nuclei, nuclei), (self.table, table), (self.derived, derived)
        ):  # fmt: skip
            write_whole(file, partial(frame.to_csv, index=False, float_format="%.6g"))
        self.figures.mkdir(exist_ok=True)
        write_figure(self.figures / "comparison", comparison_figure(table, nuclei))
        write_json(self.summary, summary)
        self.complete()
