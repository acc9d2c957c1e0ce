"""The folder of a comparison: every finished forecast, and the tables made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.distributions.storage import to_dataset
from bmm.errors import RunError
from bmm.figures.files import write_figure
from bmm.figures.methods import comparison_figure
from bmm.methods.interface import Forecast
from bmm.workflows.compare_config import ComparisonConfig, file_stem
from bmm.writing import write_json, write_whole

__all__ = ["ComparisonFolder", "StoredForecast"]

_COMPRESSED = {"zlib": True, "complevel": 1, "fletcher32": True}


@dataclass(frozen=True)
class StoredForecast:
    """A forecast of the test nuclei, as it lies on disk.

    Parameters
    ----------
    data : Dataset
        Components of the distribution of each nucleus (see `bmm.distributions.storage`), and draws
        (draw, nucleus), MeV, with coordinates Z and N.
    facts : dict
        What the method learnt; see `bmm.methods.interface.Fitted`.
    seconds : float
        Wall time of fit and forecast.
    reused : bool
        Whether it was read from disk.
    """

    data: xr.Dataset
    facts: dict[str, Any]
    seconds: float
    reused: bool


class ComparisonFolder:
    """A folder with the results of one comparison.

    * ``config.toml``: the resolved configuration
    * ``forecasts/METHOD-FOLD.nc``: each method's forecast of the test nuclei, written as it
      finishes and used again as long as nothing that decides it has changed
    * ``comparison.csv``, ``derived.csv``, ``comparison.json``, ``nuclei.csv``, ``figures/``

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.forecasts = path / "forecasts"
        self.table = path / "comparison.csv"
        self.derived = path / "derived.csv"
        self.summary = path / "comparison.json"
        self.nuclei = path / "nuclei.csv"
        self.figures = path / "figures"

    @classmethod
    def create(cls, path: Path) -> ComparisonFolder:
        """Make the folder, or take the one that is there up again.

        Raises
        ------
        RunError
            If something else is there, or the folder cannot be made.
        """
        folder = cls(path)
        try:
            taken = path.exists() and (not path.is_dir() or any(path.iterdir()))
            if taken and not folder.forecasts.is_dir():
                raise RunError(
                    f"{path} exists and is not the folder of a comparison; choose another folder"
                )
            folder.forecasts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path}: the folder cannot be made ({error.strerror})") from error
        return folder

    def write_config(self, config: ComparisonConfig) -> None:
        """Write the resolved configuration."""
        write_whole(self.config, lambda path: path.write_text(config.to_toml(), encoding="utf-8"))

    def _forecast_file(self, method: str, fold: str) -> Path:
        return self.forecasts / f"{file_stem(method)}-{file_stem(fold)}.nc"

    def write_forecast(
        self,
        method: str,
        fold: str,
        forecast: Forecast,
        facts: dict[str, Any],
        seconds: float,
        fingerprint: str,
    ) -> StoredForecast:
        """Write one method's forecast of one fold.

        Parameters
        ----------
        method, fold : str
            Label of the method, and name of the split.
        forecast : Forecast
            Of the test nuclei.
        facts : dict
            What the method learnt.
        seconds : float
            Wall time it took.
        fingerprint : str
            Of everything that decides the forecast.
        """
        data = to_dataset(forecast.distribution).assign(draws=forecast.draws.astype(np.float32))
        data.attrs = {
            "method": method,
            "fold": fold,
            "facts": json.dumps(facts),
            "seconds": seconds,
            "fingerprint": fingerprint,
        }
        encoding = {name: dict(_COMPRESSED) for name in data.data_vars}
        write_whole(
            self._forecast_file(method, fold),
            lambda path: data.to_netcdf(path, engine="netcdf4", encoding=encoding),
        )
        return StoredForecast(data, facts, seconds, reused=False)

    def read_forecast(self, method: str, fold: str, fingerprint: str) -> StoredForecast | None:
        """Read a finished forecast, if there is one that the fingerprint still fits.

        Parameters
        ----------
        method, fold, fingerprint : str
            As for `write_forecast`.
        """
        file = self._forecast_file(method, fold)
        if not file.is_file():
            return None
        try:
            with xr.open_dataset(file, engine="netcdf4") as data:
                if data.attrs.get("fingerprint") != fingerprint:
                    return None
                data = data.load()
        except (OSError, RuntimeError, ValueError):
            return None  # damaged: it is computed again
        facts = json.loads(data.attrs["facts"])
        return StoredForecast(data, facts, float(data.attrs["seconds"]), reused=True)

    def write_results(
        self,
        nuclei: pd.DataFrame,
        table: pd.DataFrame,
        derived: pd.DataFrame,
        summary: dict[str, Any],
    ) -> None:
        """Write the scores of each nucleus, their averages, the figure, and everything else.

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
