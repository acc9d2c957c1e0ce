"""The run folder: the files that later stages read, and nothing else."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.errors import RunError
from bmm.evaluation import Scores
from bmm.mixing.chain_storage import holds_draws, read_tree, write_tree
from bmm.nuclides import nuclide_index, select_nuclei
from bmm.workflows.config import RunConfig, load_config
from bmm.writing import discard_unfinished, write_json, write_whole

if sys.platform != "win32":
    import fcntl

__all__ = ["RunFolder"]

logger = logging.getLogger(__name__)

_COMPRESSED = {"zlib": True, "complevel": 1, "fletcher32": True}


class RunFolder:
    """A folder with the results of one run.

    * ``config.toml``: the resolved configuration
    * ``posterior.nc``: the DataTree, netCDF4
    * ``predictions.csv``: one row per nucleus
    * ``distribution.nc``: the predictive distribution of every nucleus, as components; see
      `bmm.distributions`
    * ``evaluation.csv``: weights and responsibilities at the measured nuclei
    * ``scores.json``: every score and convergence figure; written last, so that a folder that has
      it is complete
    * ``figures/``, ``log.txt``
    * ``report.html``: made of all the others; with it come ``separations.csv``,
      ``drip_lines.csv`` and ``fields.json``, see `bmm.workflows.separations`
    * ``begun.json``, only until the run is complete: what it began with
    * ``chains/``, only until all draws are in ``posterior.nc``: see `bmm.mixing.chain_storage`

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
        self.distribution = path / "distribution.nc"
        self.evaluation = path / "evaluation.csv"
        self.scores = path / "scores.json"
        self.figures = path / "figures"
        self.report = path / "report.html"
        self.separations = path / "separations.csv"
        self.drip_lines = path / "drip_lines.csv"
        self.fields = path / "fields.json"
        self.log = path / "log.txt"
        self.begun = path / "begun.json"
        self.chains = path / "chains"

    @classmethod
    def create(cls, path: Path, *, overwrite: bool = False) -> RunFolder:
        """Make a new run folder.

        Parameters
        ----------
        path : Path
            Where.
        overwrite : bool, default False
            Move a run that is there out of the way, to ``<name>.previous``, where it stays until
            `conclude` or `give_up` is called.

        Raises
        ------
        RunError
            If something is there, or the folder cannot be made.
        """
        folder = cls(path)
        try:
            # A process that was killed at once leaves nothing but the note that it began.
            replaces = path.exists() and (
                not path.is_dir() or any(each != folder.begun for each in path.iterdir())
            )
            if replaces:
                folder._make_way(overwrite)
            path.resolve().mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path}: the run folder cannot be made ({error.strerror})") from error
        if replaces:
            write_json(folder.begun, {"replaces_previous": True})
        return folder

    @property
    def _previous(self) -> Path:
        home = self.path.resolve()
        return home.with_name(f"{home.name}.previous")

    def _make_way(self, overwrite: bool) -> None:
        # Overwriting deletes in the end: only ever a run, never a folder of something else.
        is_run = self.config.is_file() and (self.log.is_file() or self.begun.is_file())
        if not is_run:
            raise RunError(f"{self.path} exists and is not a run folder; choose another folder")
        if not overwrite:
            kind = "a complete run" if self.is_complete else "a run to be resumed"
            raise RunError(f"{self.path} holds {kind}; choose another folder or overwrite")
        if self._previous.exists():
            raise RunError(
                f"{self._previous} is left from an overwrite that was cut short; "
                "expected it to be removed, or renamed if it is wanted, first"
            )
        with self.claimed():
            self.path.resolve().rename(self._previous)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open the folder of a complete run.

        Raises
        ------
        RunError
            If there is no such folder, or the run in it is not complete.
        """
        folder = cls._existing(path)
        missing = [file.name for file in folder._results if not file.is_file()]
        if missing:
            raise RunError(f"{path} holds no complete run: {', '.join(missing)} missing")
        return folder

    @classmethod
    def reopen(cls, path: Path) -> RunFolder:
        """Open the folder of a run that is to be resumed.

        Raises
        ------
        RunError
            If there is no such folder, or no run was begun in it.
        """
        folder = cls._existing(path)
        if not folder.config.is_file():
            raise RunError(f"{path} holds no run: config.toml missing")
        return folder

    @classmethod
    def _existing(cls, path: Path) -> RunFolder:
        if not path.is_dir():
            raise RunError(f"{path}: expected a run folder, but there is none")
        return cls(path)

    @property
    def _results(self) -> tuple[Path, ...]:
        return (
            self.config, self.posterior, self.predictions, self.distribution, self.evaluation,
            self.scores,
        )  # fmt: skip

    @property
    def is_complete(self) -> bool:
        """Whether every result is there."""
        return all(file.is_file() for file in self._results)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other processes from working in the folder.

        Raises
        ------
        RunError
            If another one does already.
        """
        try:
            stream = self.log.open("a", encoding="utf-8")
        except OSError as error:
            raise RunError(f"{self.log} cannot be written ({error.strerror})") from error
        with stream:
            if sys.platform != "win32":  # the lock goes with the process, however it ends
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise RunError(f"{self.path} is in use by another process") from error
                except OSError:
                    logger.warning("%s: the file system knows no locks", self.path)
            yield

    def discard_unfinished(self) -> None:
        """Delete the temporary files of a process that was killed."""
        discard_unfinished(self.path)

    def discard_chains(self) -> None:
        """Delete the stored chains, whose draws are now in the posterior."""
        shutil.rmtree(self.chains, ignore_errors=True)

    def discard_results(self) -> None:
        """Delete what was made from a posterior that is about to be replaced; the scores first."""
        made = (self.distribution, self.report, self.separations, self.drip_lines, self.fields)
        for file in (self.scores, self.evaluation, self.predictions, *made):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.figures, ignore_errors=True)

    def conclude(self) -> None:
        """Delete the run that this one replaces, now that it is complete."""
        if self._replaces_previous:
            shutil.rmtree(self._previous, ignore_errors=True)
        self.begun.unlink(missing_ok=True)

    @property
    def _replaces_previous(self) -> bool:
        return bool(self.read_begun().get("replaces_previous"))

    def give_up(self) -> bool:
        """Undo `create`, unless there are draws: these are never thrown away.

        Returns
        -------
        bool
            Whether the folder is gone.
        """
        if self.posterior.exists() or holds_draws(self.chains):
            return False
        replaces = self._replaces_previous
        self.discard_chains()
        for file in (self.config, self.log, self.begun):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # the working directory, for one, stays
            self.path.resolve().rmdir()
        if replaces:
            self._previous.rename(self.path.resolve())
        return True

    def write_begun(self, origin: dict[str, Any]) -> None:
        """Write down what the run begins with, plain values."""
        write_json(self.begun, self.read_begun() | {"origin": origin})

    def read_begun(self) -> dict[str, Any]:
        """Read what the run began with; nothing if that was not written."""
        try:
            begun: dict[str, Any] = json.loads(self.begun.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise RunError(f"{self.begun} cannot be read ({error})") from error
        return begun

    def write_config(self, config: RunConfig) -> None:
        """Write the resolved configuration."""
        write_whole(self.config, lambda path: path.write_text(config.to_toml(), encoding="utf-8"))

    def read_config(self) -> RunConfig:
        """Read the configuration.

        Raises
        ------
        ConfigError
            If the file is no configuration.
        """
        return load_config(self.config)

    def write_posterior(self, tree: xr.DataTree) -> None:
        """Write the DataTree."""
        write_tree(self.posterior, tree)

    def read_posterior(self) -> xr.DataTree:
        """Read the DataTree into memory.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        return read_tree(self.posterior)

    def write_predictions(self, table: pd.DataFrame) -> None:
        """Write one row per nucleus, masses to the eV."""
        write_whole(
            self.predictions, lambda path: table.to_csv(path, index=False, float_format="%.6f")
        )

    def write_distribution(self, components: xr.Dataset) -> None:
        """Write the components of every nucleus's distribution, with their models."""
        encoding = {name: dict(_COMPRESSED) for name in components.data_vars}
        write_whole(
            self.distribution,
            lambda path: components.to_netcdf(path, engine="netcdf4", encoding=encoding),
        )

    def read_distribution(self) -> xr.Dataset:
        """Read what `write_distribution` wrote; see `bmm.distributions.storage.from_dataset`.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        try:
            with xr.open_dataset(self.distribution, engine="netcdf4") as components:
                return components.load()
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(f"{self.distribution} cannot be read ({error})") from error

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

    def read_evaluation(self) -> pd.DataFrame:
        """Read the table of measured nuclei, indexed (Z, N).

        Raises
        ------
        RunError
            If the file is missing or damaged, or from before it held crps and pit.
        """
        try:
            table = pd.read_csv(self.evaluation, index_col=["Z", "N"])
        except (OSError, ValueError) as error:
            raise RunError(f"{self.evaluation} cannot be read ({error})") from error
        if "pit" not in table:
            raise RunError(f"{self.evaluation} has no column pit; run the configuration again")
        return table

    def write_scores(self, scores: Scores | dict[str, Any]) -> None:
        """Write the scores; the run is then complete."""
        write_json(self.scores, scores)

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
