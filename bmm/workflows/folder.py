"""The run folder: the files that later stages read, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bmm.errors import ConfigError, RunError
from bmm.mixing.chain_storage import holds_draws
from bmm.netcdf import read_dataset, read_tree, write_dataset, write_tree
from bmm.nuclides import nuclide_index, select_nuclei
from bmm.workflows.config import RunConfig, load_config
from bmm.workflows.log import rounded
from bmm.workflows.result_folder import ResultFolder
from bmm.writing import without_nan, write_json, write_whole

if TYPE_CHECKING:
    import xarray as xr

    from bmm.evaluation import Scores

__all__ = ["RunFolder"]

# Columns of the list of doubts that are empty where there is nothing to say.
_TEXTS = ("nucleus", "origin", "neighbours", "later", "outcome")


class RunFolder(ResultFolder):
    """A folder with the results of one run.

    * ``config.toml``: the resolved configuration
    * ``posterior.nc``: the DataTree, netCDF4
    * ``predictions.csv``: one row per nucleus
    * ``distribution.nc``: the predictive distribution of every nucleus, as components; see
      `bmm.distributions`
    * ``evaluation.csv``: weights and responsibilities at the measured nuclei
    * ``scores.json``: every score and convergence figure
    * ``figures/``, ``log.txt``
    * ``derived.csv``: separation energies, Q values, gaps and existence; see
      `bmm.prediction.forecast.Forecast.derived_table`
    * ``drip_lines.csv``: see `bmm.prediction.existence.drip_lines`
    * ``doubts.csv``, ``doubts.json``: masses to doubt, if `bmm.workflows.doubt.find_run_doubts`
      has judged them
    * ``report.html``: made of all the others
    * ``chains/``, only until all draws are in ``posterior.nc``: see `bmm.mixing.chain_storage`
    * ``manifest.json``: see `bmm.workflows.result_folder`; the origin is what
      `bmm.workflows.origin` compares

    Parameters
    ----------
    path : Path
        The folder.

    Examples
    --------
    With `folder` of the example of `bmm.run`:

    >>> from bmm.workflows.folder import RunFolder
    >>> done = RunFolder.open(folder / "run")
    >>> done.read_config().name, done.is_complete
    ('tin', True)
    """

    kind = "run"
    kept = "what was sampled is kept"
    remedy = "to go on: bmm resume {path}"
    apart = ("report.html", "chains")

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.posterior = path / "posterior.nc"
        self.predictions = path / "predictions.csv"
        self.distribution = path / "distribution.nc"
        self.evaluation = path / "evaluation.csv"
        self.scores = path / "scores.json"
        self.report = path / "report.html"
        self.derived = path / "derived.csv"
        self.drip_lines = path / "drip_lines.csv"
        self.chains = path / "chains"
        self.doubts = path / "doubts.csv"
        self.doubt_summary = path / "doubts.json"

    @property
    def checksums(self) -> dict[str, str] | None:
        """SHA-256 of the tables that the run was begun with, by name."""
        found: dict[str, str] | None = self.origin.get("provenance", {}).get("sha256")
        return found

    def holds_work(self) -> bool:
        """Tell whether there are draws: these are never thrown away."""
        return self.holds(self.posterior) or holds_draws(self.chains)

    def discard_chains(self) -> None:
        """Delete the stored chains, whose draws are now in the posterior."""
        shutil.rmtree(self.chains, ignore_errors=True)

    def discard_results(self) -> None:
        """Delete what was made from a posterior that is about to be replaced."""
        self.reopen(self.config, self.posterior)
        made = (self.distribution, self.report, self.derived, self.drip_lines)
        doubts = (self.doubts, self.doubt_summary)
        for file in (self.scores, self.evaluation, self.predictions, *made, *doubts):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.figures, ignore_errors=True)

    def read_config(self) -> RunConfig:
        """Read the configuration.

        Raises
        ------
        ConfigError
            If the file is no configuration.
        RunError
            If it is not the one that was written.
        """
        return load_config(self.verified(self.config))

    def write_posterior(self, tree: xr.DataTree) -> None:
        """Write the DataTree."""
        self.write(self.posterior, partial(write_tree, tree))

    def read_posterior(self) -> xr.DataTree:
        """Read the DataTree into memory.

        Raises
        ------
        RunError
            If the file is missing or damaged, or the run was made before spreads were local.
        """
        tree = read_tree(self.verified(self.posterior))
        fields = json.loads(tree.attrs.get("fields", "{}")).values()
        if any("amplitude" in each and "local_spread" not in each for each in fields):
            raise self._made_earlier(f"local spreads in {self.posterior.name}")
        return tree

    def write_predictions(self, table: pd.DataFrame) -> None:
        """Write one row per nucleus, masses to the eV."""
        write_whole(
            self.predictions, lambda path: table.to_csv(path, index=False, float_format="%.6f")
        )

    def write_distribution(self, components: xr.Dataset) -> None:
        """Write the components of every nucleus's distribution, with their models."""
        write_whole(self.distribution, partial(write_dataset, components))

    def read_distribution(self) -> xr.Dataset:
        """Read what `write_distribution` wrote; see `bmm.distributions.storage.from_dataset`.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        return read_dataset(self.verified(self.distribution))

    def read_predictions(self) -> pd.DataFrame:
        """Read one row per nucleus.

        Raises
        ------
        RunError
            If the file is missing or damaged, or the run was made before it had all columns.
        """
        table = pd.read_csv(self.verified(self.predictions))
        if "extrapolated" not in table:
            raise self._made_earlier(f"the column extrapolated in {self.predictions.name}")
        return table

    def write_derived(self, table: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Write derived quantities of every nucleus, and drip lines."""
        for file, frame in ((self.derived, table), (self.drip_lines, lines.reset_index())):
            write_whole(file, partial(frame.to_csv, index=False, float_format="%.6f"))

    def read_derived(self) -> pd.DataFrame:
        """Read derived quantities, one row per nucleus.

        Raises
        ------
        RunError
            If the file is missing or damaged, or the run was made before there was one.
        """
        if not self.holds(self.derived):
            raise self._made_earlier(self.derived.name)
        return pd.read_csv(self.verified(self.derived))

    def _made_earlier(self, without: str) -> RunError:
        """Refusal of a run that an earlier version made."""
        return RunError(
            f"{self.path} was made by an earlier version of bmm, without {without}; "
            f"expected it to be run again: bmm run {self.config} -o {self.path} --overwrite"
        )

    def read_drip_lines(self) -> pd.DataFrame:
        """Read the drip lines, indexed (Z, side).

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        return pd.read_csv(self.verified(self.drip_lines)).set_index(["Z", "side"])

    def write_doubts(self, table: pd.DataFrame, summary: Mapping[str, Any]) -> None:
        """Add a list of doubts to a complete run; see `bmm.workflows.doubt.DoubtResult`."""
        rows = table.reset_index()
        self.add(self.doubts, partial(rows.to_csv, index=False, float_format="%.6g"))
        text = json.dumps(without_nan(dict(summary)), indent=2, allow_nan=False) + "\n"
        self.add(self.doubt_summary, lambda path: path.write_text(text, encoding="utf-8"))

    def read_doubts(self) -> tuple[pd.DataFrame, dict[str, Any]] | None:
        """Read what `write_doubts` wrote, indexed (Z, N); None if there is nothing.

        Raises
        ------
        RunError
            If a file is damaged.
        """
        if not (self.holds(self.doubts) and self.holds(self.doubt_summary)):
            return None
        texts = dict.fromkeys(_TEXTS, str)
        table = pd.read_csv(
            self.verified(self.doubts), index_col=["Z", "N"], dtype=texts, keep_default_na=False,
            na_values=[""],
        )  # fmt: skip
        summary: dict[str, Any] = json.loads(
            self.verified(self.doubt_summary).read_text(encoding="utf-8")
        )
        return table.fillna(dict.fromkeys(_TEXTS, "")), summary

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
        return _selected(self.read_predictions(), selections)

    def select_derived(self, quantity: str, selections: Sequence[str]) -> pd.DataFrame:
        """Read a derived quantity of chosen nuclei.

        Parameters
        ----------
        quantity : str
            A key of `bmm.prediction.derived.QUANTITIES`.
        selections : sequence of str
            See `select_predictions`.

        Returns
        -------
        DataFrame
            Columns nucleus, Z, N, A and border of ``derived.csv``, and those of the quantity
            without its name: mean, median, sd, lower_68 and so on, MeV.  They are NaN where a
            neighbour is missing.

        Raises
        ------
        ConfigError
            If there is no such quantity.
        DomainError, RunError
            See `select_predictions`.
        """
        table = self.read_derived()
        known = [str(name).removesuffix("_mean") for name in table if str(name).endswith("_mean")]
        if quantity not in known:
            raise ConfigError(f"quantity {quantity!r}: expected one of {', '.join(known)}")
        table = _selected(table, selections)
        columns = [str(name) for name in table if str(name).startswith(f"{quantity}_")]
        names = {name: name.removeprefix(f"{quantity}_") for name in columns}
        return table[["nucleus", "Z", "N", "A", "border", *columns]].rename(columns=names)

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
            If the file is missing or damaged.
        """
        return pd.read_csv(self.verified(self.evaluation), index_col=["Z", "N"])

    def write_scores(self, scores: Scores | dict[str, Any]) -> None:
        """Write the scores."""
        write_json(self.scores, scores)

    def add_seconds(self, seconds: Mapping[str, float]) -> None:
        """Add the time of the stages to the scores of a complete run, s."""
        scores: dict[str, Any] = dict(self.read_scores())
        scores["seconds"] = scores["seconds"] | {"stages": rounded(seconds)}
        text = json.dumps(scores, indent=2, allow_nan=False) + "\n"
        self.add(self.scores, lambda path: path.write_text(text, encoding="utf-8"))

    def read_scores(self) -> Scores:
        """Read the scores.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        scores: Scores = json.loads(self.verified(self.scores).read_text(encoding="utf-8"))
        return scores


def _selected(table: pd.DataFrame, selections: Sequence[str]) -> pd.DataFrame:
    """Rows of the selected nuclei, in the order of the table."""
    available = nuclide_index(table)
    chosen = np.zeros(len(table), dtype=bool)
    for each in selections:
        chosen |= available.isin(select_nuclei(each, available))
    return table[chosen]
