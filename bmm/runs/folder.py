"""The run folder: the files that later stages read, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.errors import RunError
from bmm.evaluation import Scores
from bmm.nuclides import nuclide_index, select_nuclei
from bmm.runs.config import RunConfig
from bmm.writing import write_whole

__all__ = ["RunFolder"]

_COMPRESSED = {"zlib": True, "complevel": 1, "fletcher32": True}


class RunFolder:
    """A folder with the results of one run.

    * ``config.toml``: the resolved configuration
    * ``posterior.nc``: the DataTree, netCDF4
    * ``predictions.csv``: one row per nucleus
    * ``evaluation.csv``: weights and responsibilities at the measured nuclei
    * ``scores.json``: every score and convergence figure; written last, so that a folder that has
      it is complete
    * ``figures/``, ``log.txt``

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.posterior = path / "posterior.nc"
        self.predictions = path / "predictions.csv"
        self.evaluation = path / "evaluation.csv"
        self.scores = path / "scores.json"
        self.figures = path / "figures"
        self.log = path / "log.txt"
        self._previous: Path | None = None

    @classmethod
    def create(cls, path: Path, *, overwrite: bool = False) -> RunFolder:
        """Make a new run folder.

        Parameters
        ----------
        path : Path
            Where.
        overwrite : bool, default False
            Move a run that is there out of the way, to ``<name>.previous``, where it stays until
            `discard_previous` or `give_up` is called.

        Raises
        ------
        RunError
            If something is there, or the folder cannot be made.
        """
        folder = cls(path)
        try:
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                folder._make_way(overwrite)
            path.resolve().mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path}: the run folder cannot be made ({error.strerror})") from error
        return folder

    def _make_way(self, overwrite: bool) -> None:
        # Overwriting deletes in the end: only ever a run, never a folder of something else.
        is_run = self.config.is_file() and self.log.is_file()
        if not is_run:
            raise RunError(f"{self.path} exists and is not a run folder; choose another folder")
        if not overwrite:
            kind = "a complete" if self.scores.is_file() else "a half-written"
            raise RunError(f"{self.path} holds {kind} run; choose another folder or overwrite")
        home = self.path.resolve()
        previous = home.with_name(f"{home.name}.previous")
        if previous.exists():
            raise RunError(
                f"{previous} is left from an overwrite that was cut short; "
                "expected it to be removed, or renamed if it is wanted, first"
            )
        home.rename(previous)
        self._previous = previous

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open the folder of a complete run.

        Raises
        ------
        RunError
            If there is no such folder, or the run in it is not complete.
        """
        folder = cls(path)
        if not path.is_dir():
            raise RunError(f"{path}: expected a run folder, but there is none")
        needed = (folder.config, folder.posterior, folder.predictions, folder.scores)
        missing = [file.name for file in needed if not file.is_file()]
        if missing:
            raise RunError(f"{path} holds no complete run: {', '.join(missing)} missing")
        return folder

    def discard_previous(self) -> None:
        """Delete the run that `create` moved away."""
        if self._previous is not None:
            shutil.rmtree(self._previous)
            self._previous = None

    def give_up(self) -> None:
        """Undo `create`, unless a posterior was written: that is never thrown away."""
        if self.posterior.exists():
            return
        self.config.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        with suppress(OSError):  # the working directory, for one, stays
            self.path.resolve().rmdir()
        if self._previous is not None:
            self._previous.rename(self.path.resolve())
            self._previous = None

    def write_config(self, config: RunConfig) -> None:
        """Write the resolved configuration."""
        write_whole(self.config, lambda path: path.write_text(config.to_toml(), encoding="utf-8"))

    def write_posterior(self, tree: xr.DataTree) -> None:
        """Write the DataTree."""
        encoding = {
            f"/{group.name}": {
                str(name): dict(_COMPRESSED)
                for name, array in group.data_vars.items()
                if array.dtype.kind in "fib"
            }
            for group in tree.children.values()
        }

        def write(path: Path) -> None:
            try:
                tree.to_netcdf(path, engine="netcdf4", encoding=encoding)
            except RuntimeError as error:  # what netCDF4 makes of a full disk
                raise OSError(f"{error}; is the disk full?") from error

        write_whole(self.posterior, write)

    def read_posterior(self) -> xr.DataTree:
        """Read the DataTree into memory.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        try:
            with xr.open_datatree(self.posterior, engine="netcdf4") as tree:
                return tree.load()
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(f"{self.posterior} cannot be read ({error})") from error

    def write_predictions(self, table: pd.DataFrame) -> None:
        """Write one row per nucleus, masses to the eV."""
        write_whole(
            self.predictions, lambda path: table.to_csv(path, index=False, float_format="%.6f")
        )

    def select_predictions(self, selections: Sequence[str]) -> pd.DataFrame:
        """Read the predictions of chosen nuclei.

        Parameters
        ----------
        selections : sequence of str
            Nuclei or chains, as `bmm.nuclides.select_nuclei` reads them.

        Returns
        -------
        DataFrame
            Rows of ``predictions.csv``, in the order of the chart.

        Raises
        ------
        DomainError
            If a selection is not understood or holds no nucleus of the run.
        RunError
            If the file is missing or damaged.
        """
        try:
            table = pd.read_csv(self.predictions)
            available = nuclide_index(table["Z"], table["N"])
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{self.predictions} cannot be read ({error})") from error
        chosen = np.zeros(len(table), dtype=bool)
        for each in selections:
            chosen |= available.isin(select_nuclei(each, available))
        return table[chosen]

    def write_evaluation(self, table: pd.DataFrame) -> None:
        """Write weights, responsibilities and log densities of the measured nuclei."""
        write_whole(
            self.evaluation,
            lambda path: table.dropna(subset="measured").to_csv(path, float_format="%.6f"),
        )

    def write_scores(self, scores: Scores | dict[str, Any]) -> None:
        """Write the scores; the run is then complete."""
        text = json.dumps(scores, indent=2, allow_nan=False)
        write_whole(self.scores, lambda path: path.write_text(text + "\n", encoding="utf-8"))

    def read_scores(self) -> Scores:
        """Read the scores.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        try:
            scores: Scores = json.loads(self.scores.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.scores} cannot be read ({error})") from error
        return scores
