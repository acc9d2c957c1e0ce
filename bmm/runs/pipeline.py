"""The main job: from a configuration to a run folder."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console

from bmm.errors import BmmError, ConfigError
from bmm.evaluation import NoiseFamily, Scores, evaluate, nucleus_table, point_rms
from bmm.figures import write_figures
from bmm.mixing.convergence import Convergence
from bmm.mixing.fit import convergence_of, fit
from bmm.mixing.modes import select_mode
from bmm.mixing.resolution import basis_resolution
from bmm.mixing.settings import Mixing
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import Prediction, predict
from bmm.runs.config import RunConfig
from bmm.runs.folder import RunFolder
from bmm.runs.prediction_table import prediction_table
from bmm.runs.provenance import provenance
from bmm.tables import load_measured, load_theory
from bmm.theory.adapters import Domain, FittedTheory, numbers, predict_all
from bmm.theory.library import build_model, find_cards

__all__ = ["RunResult", "fit_configuration", "run", "select_measured"]

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
    path: Path,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> RunResult:
    """Fit, predict, evaluate and write everything to a folder.

    A run that fails, or is interrupted, before it has any draws leaves nothing behind, and brings
    back the folder it was to replace.

    Parameters
    ----------
    config : RunConfig
        What to do; see `bmm.runs.config.load_config`.
    path : Path
        The run folder.
    overwrite : bool, default False
        Replace a folder that is there.
    console : rich.console.Console, optional
        Where to show progress.

    Raises
    ------
    BmmError
        If the configuration, a table or the folder cannot be used.
    """
    measured = select_measured(config)
    folder = RunFolder.create(path, overwrite=overwrite)
    try:
        return _run_in(folder, config, measured, console)
    except (BmmError, KeyboardInterrupt):
        folder.give_up()
        raise


def _run_in(
    folder: RunFolder, config: RunConfig, measured: pd.DataFrame, console: Console | None
) -> RunResult:
    folder.write_config(config)
    with _logged_to(folder.log):
        logger.info("run %s: %d measured nuclei", config.name, len(measured))
        tree = fit_configuration(config, measured, console=console)
        folder.write_posterior(tree)
        convergence = convergence_of(tree)
        for failure in convergence.failures:
            logger.warning("NOT CONVERGED: %s", failure)
        prediction = predict(tree, measured=measured, seed=config.seed)
        folder.write_predictions(prediction_table(prediction.summary, measured))
        scores = _scores(config, tree, convergence, prediction, measured)
        folder.write_evaluation(nucleus_table(prediction.summary, measured))
        write_figures(folder.figures, prediction.summary, scores, measured)
        folder.write_scores(scores)
        folder.discard_previous()
        logger.info("complete: %s", folder.path)
    return RunResult(folder, convergence, scores)


def select_measured(config: RunConfig) -> pd.DataFrame:
    """Measured nuclei that a configuration selects, indexed (Z, N), masses in MeV.

    Raises
    ------
    ConfigError
        If none is left.
    """
    data = config.data
    measured = load_measured(data.measured)
    chosen = Domain(Z=data.Z, N=data.N).covers(measured.index)
    if data.max_uncertainty_keV is not None:
        chosen &= measured["mass_excess_uncertainty"].to_numpy() < data.max_uncertainty_keV / 1000
    if not chosen.any():
        raise ConfigError(
            f"section 'data': no nucleus measured in {data.measured} has Z in {list(data.Z)} and "
            f"N in {list(data.N)}"
            + (
                f" with an uncertainty below {data.max_uncertainty_keV:g} keV"
                if data.max_uncertainty_keV is not None
                else ""
            )
        )
    return measured[chosen]


def fit_configuration(
    config: RunConfig, measured: pd.DataFrame, *, console: Console | None = None
) -> xr.DataTree:
    """Fit the mixture of a configuration to measured masses.

    Parameters
    ----------
    config : RunConfig
        Models, chart, priors, sampler.
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N), MeV; the models that learn see these and no others.
    console : rich.console.Console, optional
        Where to show progress.

    Returns
    -------
    DataTree
        See `bmm.mixing.fit.fit`; its attributes also hold the configuration and the provenance.
    """
    cards = find_cards(config.theory.cards)
    unknown = [name for name in config.theory.models if name not in cards]
    if unknown:
        raise ConfigError(
            f"key 'theory.models': no model is called {unknown[0]!r}; "
            f"expected one of {', '.join(cards)}"
        )
    chosen = [cards[name] for name in config.theory.models]
    fitted = [build_model(card).fit(measured) for card in chosen]
    theory = predict_all(fitted, nuclide_index(*numbers(measured.index)))
    tree = fit(
        measured,
        theory,
        _chart(config, measured, fitted),
        config.mixing,
        seed=config.seed,
        console=console,
    )
    tree.attrs["configuration"] = config.to_toml()
    tree.attrs["provenance"] = json.dumps(provenance(config.data.measured, chosen, config.seed))
    return tree


def _chart(config: RunConfig, measured: pd.DataFrame, fitted: list[FittedTheory]) -> xr.Dataset:
    """Predict every nucleus of the chart that a model covers."""
    listed = load_theory(config.chart.table).index
    inside = Domain(Z=config.chart.Z, N=config.chart.N).covers(listed)
    index = listed[inside].union(measured.index).sort_values()
    theory = predict_all(fitted, nuclide_index(*numbers(index)))
    masses = theory["mass_excess"].transpose("nucleus", "model").to_numpy()
    return theory.isel(nucleus=np.isfinite(masses).any(axis=1))


def _scores(
    config: RunConfig,
    tree: xr.DataTree,
    convergence: Convergence,
    prediction: Prediction,
    measured: pd.DataFrame,
) -> Scores:
    scores: Scores = evaluate(
        prediction.summary,
        _with_measurement_noise(prediction.draws, measured, config),
        tree["chart"].to_dataset(),
        measured,
        training=measured,
        noise=_noise_family(config.mixing),
    )
    posterior = tree["posterior"].to_dataset()
    hyperparameters = {
        name: {"mean": float(array.mean()), "sd": float(array.std())}
        for name, array in _scalars(posterior)
    }
    found = {
        "name": config.name,
        "converged": convergence.converged,
        **scores,
        "convergence": convergence.as_dict(),
        "modes": _modes(tree, measured, config.seed) if "modes" in tree.children else [],
        "hyperparameters": hyperparameters,
        "basis": basis_resolution(tree),
        "seconds": {
            "compile": tree.attrs["compile_seconds"],
            "sample": tree.attrs["sample_seconds"],
        },
        "provenance": json.loads(tree.attrs["provenance"]),
    }
    return {key: _without_nan(value) for key, value in found.items()}


def _without_nan(value: Any) -> Any:
    """None, which JSON has, in place of a number that a few draws or one chain do not give."""
    match value:
        case dict():
            return {key: _without_nan(each) for key, each in value.items()}
        case list():
            return [_without_nan(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _with_measurement_noise(
    draws: xr.DataArray, measured: pd.DataFrame, config: RunConfig
) -> xr.DataArray:
    """Draws of what a measurement would show, where the fit keeps its noise apart."""
    if not config.mixing.noise.measurement:
        return draws
    index = nuclide_index(draws["Z"].to_numpy(), draws["N"].to_numpy())
    uncertainty = measured["mass_excess_uncertainty"].reindex(index).fillna(0.0).to_numpy()
    rng = np.random.default_rng([config.seed, 1])
    noise = rng.standard_normal(draws.shape, dtype=np.float32)
    return draws + noise * uncertainty.astype(np.float32)


def _modes(tree: xr.DataTree, measured: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Describe every mode the chains found: its weight, verdict, spreads and rms."""
    modes = tree["modes"].to_dataset()
    described = []
    for position, name in enumerate(modes["mode"].to_numpy()):
        alone = select_mode(tree, position)
        sigma = alone["posterior"]["sigma"].mean(("chain", "draw"))
        described.append(
            {
                "mode": str(name),
                "weight": float(modes["weight"][position]),
                "elpd": float(modes["elpd"][position]),
                "chains": alone["posterior"]["chain"].to_numpy().tolist(),
                "sigma": {str(m): float(sigma.sel(model=m)) for m in sigma["model"].to_numpy()},
                "rms_MeV": point_rms(
                    predict(alone, measured=measured, seed=seed).summary, measured
                ),
                "convergence": convergence_of(alone).as_dict(),
            }
        )
    return described


def _scalars(posterior: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    for name, array in posterior.data_vars.items():
        if name == "beta":
            continue
        if "model" in array.dims:
            for model in array["model"].to_numpy():
                yield f"{name}[{model}]", array.sel(model=model)
        else:
            yield str(name), array


def _noise_family(settings: Mixing) -> NoiseFamily:
    """Noise of the yardsticks: the mixture's own where it is fixed, its default where learned."""
    noise, standard = settings.noise, NoiseFamily()
    nu = standard.nu if noise.nu == "learn" else noise.nu
    power = standard.power if noise.A_power == "learn" else noise.A_power
    return NoiseFamily(
        nu=float("inf") if noise.family == "normal" else float(nu),
        power=float(power),
        measurement=noise.measurement,
    )


@contextmanager
def _logged_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("bmm")
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        yield
    except BaseException:
        logger.exception("the run ended early")
        raise
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
