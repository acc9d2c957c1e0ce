"""Everything a run is judged by, under stable names."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.evaluation import Scores, evaluate, point_rms, redundancy
from bmm.evaluation.region_scores import chart_regions, region_scores
from bmm.evaluation.weight_entropy import effective_numbers
from bmm.methods.evidence import NoiseFamily
from bmm.mixing.convergence import Convergence
from bmm.mixing.fitted import convergence_of
from bmm.mixing.modes import select_mode
from bmm.mixing.resolution import basis_resolution
from bmm.mixing.settings import Mixing
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import predict
from bmm.workflows.config import RunConfig
from bmm.workflows.inputs import own_measurements
from bmm.workflows.learnt_values import learnt_values
from bmm.writing import without_nan

__all__ = ["score_run"]

logger = logging.getLogger(__name__)


def score_run(
    config: RunConfig,
    tree: xr.DataTree,
    convergence: Convergence,
    summary: xr.Dataset,
    by_nucleus: pd.DataFrame,
    measured: pd.DataFrame,
) -> Scores:
    """Gather everything that ``scores.json`` holds.

    Parameters
    ----------
    config : RunConfig
        Configuration of the run.
    tree : DataTree
        The fitted mixture.
    convergence : Convergence
        Verdict on its chains.
    summary : Dataset
        Its predictions of the whole chart; see `bmm.prediction.predictive.Prediction`.
    by_nucleus : DataFrame
        Scores of the fitted nuclei; see `bmm.evaluation.nucleus_scores.nucleus_scores`.
    measured : DataFrame
        The fitted nuclei, indexed (Z, N), masses in MeV.

    Returns
    -------
    dict
        name, converged; what `bmm.evaluation.evaluate` returns; and

        * convergence: see `bmm.mixing.convergence.Convergence.as_dict`
        * modes: for each mode found, if several: weight, elpd, chains, mean sigma (keV per nucleon
          at A = 100), rms_MeV of mean, median and mode, and its own convergence
        * hyperparameters: mean and sd of each
        * redundancy: effective_models, and pairs, most alike first; see
          `bmm.evaluation.redundancy.Redundancy`
        * effective_models: how many models share the weight, by distance and region; see
          `bmm.evaluation.weight_entropy.effective_numbers`
        * regions: rows of model ("mixture" for the posterior mean), region, n, bias_MeV and
          rms_MeV; see `bmm.evaluation.region_scores`
        * basis: see `bmm.mixing.resolution.basis_resolution`
        * basis_refinements: how often the basis was refined; see `bmm.mixing.refinement`
        * data: measured, the evaluation or the user's own table, and extra, for each further file
          of measurements: file, added and replaced (lists of nuclides)
        * learnt: see `bmm.workflows.learnt_values.learnt_values`
        * seconds: wall time of compilation and sampling
        * provenance: see `bmm.workflows.run_provenance.provenance`
    """
    fitted = nuclide_index(summary).isin(measured.index)
    scores: Scores = evaluate(
        summary.isel(nucleus=fitted),
        by_nucleus,
        _models(tree),
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
        "redundancy": _redundancy(_models(tree), measured),
        "effective_models": effective_numbers(summary, measured),
        "regions": _regions(summary, _models(tree), measured),
        "basis": basis_resolution(tree),
        "basis_refinements": int(tree.attrs.get("basis_refinements", 0)),
        "data": {
            "measured": config.data.measured,
            "extra": own_measurements(config.data),
        },
        "learnt": learnt_values(config, tree),
        "seconds": {
            "compile": tree.attrs["compile_seconds"],
            "sample": tree.attrs["sample_seconds"],
        },
        "provenance": json.loads(tree.attrs["provenance"]),
    }
    return {key: without_nan(value) for key, value in found.items()}


def _models(tree: xr.DataTree) -> xr.Dataset:
    """Return the uncorrected predictions of the models for the chart."""
    return tree["theory" if "theory" in tree.children else "chart"].to_dataset()


def _redundancy(chart: xr.Dataset, measured: pd.DataFrame) -> dict[str, Any]:
    found = redundancy(chart, measured)
    for row in found.alike.itertuples():
        logger.warning(
            "%s and %s differ by %.3f MeV only: read their weights together",
            row.one,
            row.other,
            row.rms_difference_MeV,
        )
    return {
        "effective_models": found.effective_models,
        "pairs": [{str(k): v for k, v in row.items()} for row in found.pairs.to_dict("records")],
    }


def _regions(
    summary: xr.Dataset, chart: xr.Dataset, measured: pd.DataFrame
) -> list[dict[str, Any]]:
    """Bias and rms of the mixture and of every model, by region."""
    regions = chart_regions(measured.index)
    known = measured["mass_excess"].to_numpy()
    predicted = {"mixture": _at(summary["mean"], measured.index)}
    for name in chart["theory"].to_numpy():
        masses = chart["mass_excess"].sel(theory=name)
        predicted[str(name)] = _at(masses, measured.index)
    return [
        {"model": name, "region": region, "n": int(row["n"]),
         "bias_MeV": row["bias_MeV"], "rms_MeV": row["rms_MeV"]}
        for name, masses in predicted.items()
        for region, row in region_scores(masses - known, regions).to_dict("index").items()
    ]  # fmt: skip


def _at(masses: xr.DataArray, nuclei: pd.Index) -> FloatArray:
    """Masses of some nuclei (nucleus,), MeV; NaN where there is none."""
    index = nuclide_index(masses["Z"].to_numpy(), masses["N"].to_numpy())
    return pd.Series(masses.to_numpy(), index=index).reindex(nuclei).to_numpy(dtype=np.float64)


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
                "sigma": {str(m): float(sigma.sel(theory=m)) for m in sigma["theory"].to_numpy()},
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
        if "theory" in array.dims:
            for model in array["theory"].to_numpy():
                yield f"{name}[{model}]", array.sel(theory=model)
        else:
            yield str(name), array


def _noise_family(settings: Mixing) -> NoiseFamily:
    """Noise of the baselines: the mixture's own where it is fixed, its default where learned."""
    noise, standard = settings.noise, NoiseFamily()
    nu = standard.nu if noise.nu == "learn" else noise.nu
    power = standard.power if noise.A_power == "learn" else noise.A_power
    return NoiseFamily(
        nu=float("inf") if noise.family == "normal" else float(nu),
        power=float(power),
        measurement=noise.measurement,
    )
