"""A run that learns masses measured after it, without sampling again."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.data import check_new_masses, read_measurements
from bmm.errors import BmmError, RunError
from bmm.fingerprints import file_fingerprint
from bmm.mixing.convergence import Convergence
from bmm.mixing.fitted import convergence_of, fitted_masses
from bmm.mixing.reweighting import Updated, update
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import known_masses
from bmm.workflows.results import write_results
from bmm.workflows.run_forecast import with_fitted
from bmm.writing import write_whole

__all__ = ["UpdatedRun", "update_run"]


class _UpdatedFolder(RunFolder):
    def holds_work(self) -> bool:
        """Nothing: it takes seconds to reweight the draws again."""
        return False


@dataclass(frozen=True)
class UpdatedRun:
    """A run folder with new masses learnt.

    Parameters
    ----------
    folder : RunFolder
        Its files.
    facts : dict
        What ``scores.json`` holds under ``update``: run, measurements and its sha256, n_new, k_hat,
        k_hat_limit, effective_draws, draws, and log_density, the mean log predictive density of
        the new masses before they were learnt, log(1/MeV).
    new : DataFrame
        Indexed (Z, N): measured, uncertainty, mean and sd before and after, all in MeV.
    changes : DataFrame
        Of every nucleus on the chart, likewise, and the change of the mean in units of the sd
        before; largest first.
    converged : bool
        Whether the chains of the run had converged.
    """

    folder: RunFolder
    facts: dict[str, Any]
    new: pd.DataFrame
    changes: pd.DataFrame
    converged: bool


def update_run(run: Path, measurements: Path, path: Path, *, overwrite: bool = False) -> UpdatedRun:
    """Reweight the posterior draws of a run by new masses, and write what follows as a run.

    Parameters
    ----------
    run : Path
        Folder of a complete run.
    measurements : Path
        See `bmm.data.read_measurements`.
    path : Path
        The new run folder; besides the files of every run, ``changes.csv``.
    overwrite : bool, default False
        Replace a run that is there.

    Raises
    ------
    BmmError
        If a file or the folder cannot be used, a nucleus was fitted already or is not on the
        chart, a mass is absurd (see `bmm.data.check_new_masses`) or k-hat is too large; nothing
        is written then.
    """
    parent = RunFolder.open(run)
    if parent.read_scores()["convergence"]["partial"]:
        raise RunError(f"{run} was interrupted: expected a complete run; bmm resume {run}")
    new = read_measurements(measurements)
    tree, config, before = parent.read_posterior(), parent.read_config(), parent.read_predictions()
    check_new_masses(measurements, new, before.set_index(["Z", "N"]))
    try:
        updated = update(tree, new, seed=config.seed)
    except BmmError as error:
        refused = type(error)(f"{measurements}: {error}")
        refused.add_note(f"to refit: {_refit(parent, measurements)}")
        raise refused from error
    convergence = convergence_of(tree)
    facts = _facts(run, measurements, updated)
    updated.tree.attrs["update"] = json.dumps(facts)
    origin = parent.origin | {"update": facts}
    with _UpdatedFolder.begin(path, origin, overwrite=overwrite) as folder:
        folder.write_config(config.to_toml())
        changes = _write(folder, config, updated.tree, convergence, facts, before)
    return UpdatedRun(folder, facts, changes.loc[new.index], changes, convergence.converged)


def _refit(parent: RunFolder, measurements: Path) -> str:
    """Spell the command that fits the run's configuration with the new masses."""
    earlier = parent.origin.get("update")
    files = [*([earlier["measurements"]] if earlier else []), str(measurements)]
    home = parent.path.resolve()
    command = [
        "bmm",
        "run",
        str(parent.config),
        *(part for file in files for part in ("--extra", file)),
    ]
    return shlex.join([*command, "--output", str(home.with_name(f"{home.name}-refitted"))])


def _facts(run: Path, measurements: Path, updated: Updated) -> dict[str, Any]:
    found = updated.reweighting
    return {
        "run": str(run),
        "measurements": str(measurements),
        "sha256": file_fingerprint(measurements),
        "n_new": len(updated.log_density),
        "k_hat": found.k_hat,
        "k_hat_limit": found.limit,
        "draws": found.weight.size,
        "effective_draws": found.effective,
        "log_density": float(updated.log_density.mean()),
    }


def _write(
    folder: RunFolder,
    config: RunConfig,
    tree: xr.DataTree,
    convergence: Convergence,
    facts: dict[str, Any],
    before: pd.DataFrame,
) -> pd.DataFrame:
    measured = fitted_masses(tree)
    every = with_fitted(known_masses(config.data), measured)
    folder.write_posterior(tree)
    scores = write_results(folder, config, tree, convergence, measured, every)
    changes = _changes(before, pd.read_csv(folder.predictions))
    shown = changes.reset_index()
    write_whole(
        folder.path / "changes.csv", partial(shown.to_csv, index=False, float_format="%.6f")
    )
    folder.write_scores(scores | {"update": facts})
    folder.complete()
    return changes


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    old, new = (each.set_index(["Z", "N"]) for each in (before, after))
    columns = {
        "measured": new["measured"],
        "measured_uncertainty": new["measured_uncertainty"],
        "mean_before": old["mean"],
        "sd_before": old["sd"],
        "mean_after": new["mean"],
        "sd_after": new["sd"],
        "change_in_sd": (new["mean"] - old["mean"]) / old["sd"],
    }
    frame = pd.DataFrame(columns)
    return frame.iloc[np.argsort(-frame["change_in_sd"].abs().to_numpy(), kind="stable")]
