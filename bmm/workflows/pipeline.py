"""The main job: from a configuration to a run folder."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.errors import RunError
from bmm.evaluation import Scores
from bmm.mixing.convergence import Convergence
from bmm.mixing.corrected_fit import fit_forecast
from bmm.mixing.fitted import convergence_of
from bmm.mixing.form import form_of
from bmm.progress import recording, stage
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import (
    chart_theory,
    chosen_cards,
    covered_nuclei,
    fitted_models,
    known_masses,
    select_measured,
)
from bmm.workflows.log import logged_to, rounded
from bmm.workflows.origin import refuse_other_origin
from bmm.workflows.results import write_results
from bmm.workflows.run_provenance import provenance

__all__ = ["RunResult", "fit_configuration", "resume", "run"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Parameters
    ----------
    folder : RunFolder
        Its files.
    convergence : Convergence
        Verdict on the chains.
    scores : dict
        What ``scores.json`` holds.
    """

    folder: RunFolder
    convergence: Convergence
    scores: Scores


def run(
    config: RunConfig,
    path: str | Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> RunResult:
    """Fit, predict, evaluate and write everything to a folder.

    A run that fails, or is interrupted, before it has any draws leaves nothing behind, and brings
    back the folder it was to replace; with draws it leaves a folder that `resume` takes up, and
    the error has a note that says so.

    Parameters
    ----------
    config : RunConfig
        What to do; see `bmm.workflows.config.load_config`.
    path : str or Path
        The run folder.
    overwrite : bool, default False
        Replace a folder that is there.
    console : rich.console.Console, optional
        Where to show progress.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used.

    Examples
    --------
    A configuration with the elements around tin, few functions and few draws, whose chains are
    not long enough; the folder is a temporary one:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import bmm
    >>> folder = Path(tempfile.mkdtemp())
    >>> text = '''
    ... name = "tin"
    ... data = { measured = "AME2020", Z = [46, 52] }
    ... chart = { Z = [46, 52] }
    ... theory = { models = ["FRDM2012", "HFB24"] }
    ... mixing.basis = { m_Z = 2, m_N = 3 }
    ... mixing.sampler = { chains = 2, draws = 50, tune = 150 }
    ... '''
    >>> _ = (folder / "tin.toml").write_text(text)
    >>> result = bmm.run(bmm.load_config(folder / "tin.toml"), folder / "run")
    >>> sorted(path.name for path in (folder / "run").glob("*.csv"))
    ['derived.csv', 'drip_lines.csv', 'evaluation.csv', 'predictions.csv']
    """
    form_of(config.mixing).check(config.mixing)
    measured = select_measured(config)
    with RunFolder.begin(Path(path), _origin(config), overwrite=overwrite) as folder:
        folder.write_config(config.to_toml())
        return _go_on(folder, config, measured, console)


def resume(path: Path, *, console: Console | None = None) -> RunResult | None:
    """Continue a run that was killed or interrupted.

    Complete chains are kept, the others sampled again; the result is that of a run which was
    never interrupted.

    Parameters
    ----------
    path : Path
        The run folder.
    console : rich.console.Console, optional
        Where to show progress.

    Returns
    -------
    RunResult or None
        None if the run was complete.

    Raises
    ------
    BmmError
        If there is no run, another process works on it, or the configuration, a table or a
        package is another than the run began with.
    """
    with RunFolder.take_up(path) as folder:
        config = folder.read_config()
        whole = folder.is_complete and not folder.missing
        if whole and not folder.read_scores()["convergence"]["partial"]:
            return None
        if "update" in folder.origin:
            raise RunError(
                f"{path} was cut short while a run learnt new masses: expected bmm update again, "
                "with --overwrite"
            )
        return _go_on(folder, config, select_measured(config), console)


def _origin(config: RunConfig) -> dict[str, Any]:
    """Gather what a run is made from; see `bmm.workflows.origin`."""
    cards = chosen_cards(config.theory)
    return {
        "configuration": config.to_toml(),
        "provenance": provenance(config.data.files, cards, config.seed),
    }


def _go_on(
    folder: RunFolder, config: RunConfig, measured: pd.DataFrame, console: Console | None
) -> RunResult:
    with logged_to(folder.log), recording(console) as stages:
        logger.info("run %s: %d measured nuclei", config.name, len(measured))
        tree = _sample(folder, config, measured, console)
        with stage("convergence"):
            convergence = convergence_of(tree)
        for failure in convergence.failures:
            logger.warning("NOT CONVERGED: %s", failure)
        folder.reopen(folder.config, folder.posterior)
        every = known_masses(config.data)
        scores = write_results(folder, config, tree, convergence, measured, every)
        scores["seconds"]["stages"] = rounded(stages.seconds)
        folder.write_scores(scores)
        folder.complete()
        logger.info("complete: %s", folder.path)
    return RunResult(folder, convergence, scores)


def _sample(
    folder: RunFolder, config: RunConfig, measured: pd.DataFrame, console: Console | None
) -> xr.DataTree:
    """Write the posterior, unless it is there, and read it, for that is what all else is made of.

    A partial posterior gives way to a complete one, or to one of a finer basis or of more draws.
    """
    found = folder.read_posterior() if folder.holds(folder.posterior) else None
    sampled = found is not None and not found.attrs["partial"]
    refuse_other_origin(folder.path, folder.origin, _origin(config), sampled=sampled)
    if found is not None and sampled:
        folder.discard_chains()
        return found
    tree = fit_configuration(config, measured, store=folder.chains, console=console)
    if found is not None and tree.attrs["partial"] and _progress(tree) <= _progress(found):
        logger.warning("interrupted again: the draws of the last time are kept, which are more")
        return found
    folder.discard_results()
    folder.write_posterior(tree)
    if not tree.attrs["partial"]:
        folder.discard_chains()
    del tree  # not twice in memory
    return folder.read_posterior()


def _progress(tree: xr.DataTree) -> tuple[int, int]:
    """Count the refinements of the basis, and the draws of all chains."""
    sizes = tree["posterior"].sizes
    return tree.attrs.get("basis_refinements", 0), sizes["chain"] * sizes["draw"]


def fit_configuration(
    config: RunConfig,
    measured: pd.DataFrame,
    *,
    store: Path | None = None,
    console: Console | None = None,
) -> xr.DataTree:
    """Fit the mixture of a configuration to measured masses.

    Parameters
    ----------
    config : RunConfig
        Models, chart, priors, sampler.
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), MeV; the models that learn see these and no others.
    store : Path, optional
        Folder for the chains; see `bmm.mixing.fit.fit`.
    console : rich.console.Console, optional
        Where to show progress.

    Returns
    -------
    DataTree
        See `bmm.mixing.corrected_fit.fit_forecast`; its attributes also hold the configuration
        and the provenance.
    """
    chosen = chosen_cards(config.theory)
    fitted = fitted_models(chosen, measured)
    chart = chart_theory(config, measured, fitted)
    measured = covered_nuclei(measured, chart)
    tree = fit_forecast(
        measured, chart, config.mixing, corrected=config.theory.corrected,
        measurement_errors=config.theory.measurement_errors, seed=config.seed, store=store,
        console=console,
    )  # fmt: skip
    tree.attrs["configuration"] = config.to_toml()
    tree.attrs["provenance"] = json.dumps(provenance(config.data.files, chosen, config.seed))
    return tree
