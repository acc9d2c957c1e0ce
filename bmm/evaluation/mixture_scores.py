"""All scores of a mixture as one dictionary, ready for JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.errors import ConfigError, DataError
from bmm.evaluation import scores as sc
from bmm.evaluation.baselines import BMA, baseline_predictions, baseline_table
from bmm.methods.averaging import FittedWeights, global_bma
from bmm.methods.evidence import NoiseFamily
from bmm.nuclides import nuclide_index

__all__ = ["Scores", "evaluate", "nucleus_table", "point_rms"]

logger = logging.getLogger(__name__)

Scores = dict[str, Any]
"""What `evaluate` returns."""

_CENTRES = ("mean", "median", "mode")
_COLUMNS = (*_CENTRES, "sd", "lower_68", "upper_68", "lower_95", "upper_95", "log_density")


def evaluate(
    summary: xr.Dataset,
    by_nucleus: pd.DataFrame,
    theory: xr.Dataset,
    measured: pd.DataFrame,
    *,
    training: pd.DataFrame,
    noise: NoiseFamily | None = None,
) -> Scores:
    """Score a mixture and its baselines on measured masses.

    Parameters
    ----------
    summary : Dataset (nucleus, theory)
        Posterior mean, median, mode, log_density, weight and responsibility, in MeV.
    by_nucleus : DataFrame
        From `bmm.evaluation.nucleus_scores.nucleus_scores`, for the measured nuclei that the
        mixture predicts: crps in MeV, and pit.
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it; for the baselines.
    measured : DataFrame
        The masses to score on, indexed (Z, N), with a column mass_excess in MeV.
    training : DataFrame
        The masses that the mixture was trained on, with mass_excess and mass_excess_uncertainty:
        global BMA learns its weights from them, never from `measured`.
    noise : NoiseFamily, optional
        Of the models in global BMA; by default the one that the mixture has by default.

    Returns
    -------
    dict
        Plain numbers, strings, lists and dictionaries; None where there is no value.

        * n : number of scored nuclei, those of `measured` that the mixture predicts
        * rms_MeV, rms_standard_error_MeV : each {mean, median, mode}; smaller is better; the
          error takes the nuclei as independent
        * mae_MeV, bias_MeV : mean absolute error, and mean of predicted minus measured, of the
          posterior mean
        * crps_MeV : mean over nuclei; smaller is better
        * log_score : mean log predictive density per MeV; larger is better; None unless every
          scored nucleus has one
        * coverage, coverage_standard_error : by level, "0.05" to "0.99"; the error is that of a
          calibrated prediction with independent nuclei
        * baselines : list of {name, rms_MeV, n, weight}; n counts the nuclei the baseline
          covers, weight is that of the model in global BMA
        * bma_n : number of training nuclei behind those weights
        * left_out : by name, baselines that cannot be computed, and why
        * weights, responsibilities : by model, mean over the scored nuclei

    Raises
    ------
    DataError
        If no measured nucleus is predicted, or the scores by nucleus leave one out.

    Examples
    --------
    With `tree`, `measured` and `theory` of the example of `bmm.fit`:

    >>> import bmm
    >>> from bmm.evaluation.mixture_scores import evaluate
    >>> from bmm.evaluation.nucleus_scores import nucleus_scores
    >>> found = bmm.predict(tree, measured.index, measured)
    >>> by_nucleus = nucleus_scores(found.distribution, measured.index, measured, [0.68])
    >>> scores = evaluate(found.summary, by_nucleus, theory, measured, training=measured)
    >>> scores["n"], [each["name"] for each in scores["baselines"]]
    (235, ['FRDM2012', 'HFB24', 'plain average', 'global BMA'])
    """
    scored, index = _scored(summary, measured)
    if not index.isin(by_nucleus.index).all():
        raise DataError("expected the scores of every measured nucleus that is predicted")
    part = summary.isel(nucleus=scored)
    observed = measured.loc[index, "mass_excess"].to_numpy(dtype=np.float64)
    bma, left_out = _bma(theory, training, noise)
    log_weights = None if bma is None else bma.log_weights
    baselines = baseline_predictions(theory, log_weights)
    table = baseline_table(baselines, measured.loc[index], log_weights).rename(
        columns={"rms": "rms_MeV"}
    )
    return {
        "n": int(scored.sum()),
        **_point_scores(part, observed),
        **_distribution_scores(by_nucleus.loc[index]),
        "log_score": _number(part["log_density"].mean(skipna=False)),
        "baselines": [
            {key: _plain(value) for key, value in row.items()}
            for row in table.to_dict(orient="records")
        ],
        "bma_n": 0 if bma is None else bma.facts["n_training"],
        "left_out": left_out,
        "weights": _by_model(part["weight"]),
        "responsibilities": _by_model(part["responsibility"]),
    }


def _bma(
    theory: xr.Dataset, training: pd.DataFrame, noise: NoiseFamily | None
) -> tuple[FittedWeights | None, dict[str, str]]:
    """Weigh the models by global BMA, or say why that cannot be done."""
    try:
        listed = training[training.index.isin(nuclide_index(theory))]
        return global_bma(listed, theory, noise), {}
    except (ConfigError, DataError) as error:
        logger.warning("%s is left out: %s", BMA, error)
        return None, {BMA: str(error)}


def point_rms(summary: xr.Dataset, measured: pd.DataFrame) -> dict[str, float]:
    """Root-mean-square error of the posterior mean, median and mode, MeV.

    Parameters
    ----------
    summary : Dataset (nucleus, theory)
        As for `evaluate`.
    measured : DataFrame
        The masses to score on, indexed (Z, N), with a column mass_excess in MeV.

    Returns
    -------
    dict
        {mean, median, mode}; smaller is better.

    Raises
    ------
    DataError
        If no measured nucleus is predicted.

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`:

    >>> import bmm
    >>> from bmm.evaluation.mixture_scores import point_rms
    >>> rms = point_rms(bmm.predict(tree).summary, measured)
    >>> sorted(rms), 0.1 < rms["mean"] < 1.0
    (['mean', 'median', 'mode'], True)
    """
    scored, index = _scored(summary, measured)
    observed = measured.loc[index, "mass_excess"].to_numpy(dtype=np.float64)
    part = summary.isel(nucleus=scored)
    return {name: sc.rms(part[name].to_numpy(), observed) for name in _CENTRES}


def nucleus_table(summary: xr.Dataset, measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """Lay out the mixture nucleus by nucleus, for a CSV file.

    Parameters
    ----------
    summary : Dataset (nucleus, theory)
        As for `evaluate`.
    measured : DataFrame, optional
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Returns
    -------
    DataFrame
        Indexed (Z, N), with columns nucleus; measured and measured_uncertainty (NaN if unmeasured);
        mean, median, mode, sd, lower_68, upper_68, lower_95, upper_95 (MeV); log_density; then
        weight_<model> and responsibility_<model> for every model.

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`:

    >>> import bmm
    >>> from bmm.evaluation.mixture_scores import nucleus_table
    >>> table = nucleus_table(bmm.predict(tree).summary, measured)
    >>> table.loc[(50, 82), ["nucleus", "measured"]].tolist()
    ['Sn-132', np.float64(-76.546554)]
    """
    index = nuclide_index(summary)
    table = pd.DataFrame({"nucleus": summary["nucleus"].to_numpy()}, index=index)
    if measured is not None:
        table["measured"] = measured["mass_excess"].reindex(index)
        table["measured_uncertainty"] = measured["mass_excess_uncertainty"].reindex(index)
    for name in _COLUMNS:
        table[name] = summary[name].to_numpy()
    for name in ("weight", "responsibility"):
        for model in summary["theory"].to_numpy():
            table[f"{name}_{model}"] = summary[name].sel(theory=model).to_numpy()
    return table


def _scored(
    summary: xr.Dataset, measured: pd.DataFrame
) -> tuple[npt.NDArray[np.bool], pd.MultiIndex]:
    """Which predicted nuclei are measured, and their (Z, N)."""
    index = nuclide_index(summary)
    scored = index.isin(measured.index) & np.isfinite(summary["mean"].to_numpy())
    if not scored.any():
        raise DataError("nothing to score: no measured nucleus is among the predicted ones.")
    return scored, index[scored]


def _point_scores(part: xr.Dataset, observed: npt.NDArray[np.float64]) -> Scores:
    centres = {name: part[name].to_numpy() for name in _CENTRES}
    return {
        "rms_MeV": {name: sc.rms(values, observed) for name, values in centres.items()},
        "rms_standard_error_MeV": {
            name: _number(sc.rms_standard_error(values, observed))
            for name, values in centres.items()
        },
        "mae_MeV": sc.mean_absolute_error(centres["mean"], observed),
        "bias_MeV": sc.bias(centres["mean"], observed),
    }


def _distribution_scores(by_nucleus: pd.DataFrame) -> Scores:
    errors = sc.coverage_standard_error(sc.LEVELS, len(by_nucleus))
    covered = sc.inside_intervals(by_nucleus["pit"]).mean(axis=0)
    return {
        "crps_MeV": float(by_nucleus["crps"].mean()),
        "coverage": _by_level(covered),
        "coverage_standard_error": _by_level(errors),
    }


def _by_level(values: Iterable[float]) -> dict[str, float]:
    return {f"{level:.2f}": float(x) for level, x in zip(sc.LEVELS, values, strict=True)}


def _by_model(values: xr.DataArray) -> dict[str, float | None]:
    means = values.mean("nucleus")
    return {str(model): _number(means.sel(theory=model)) for model in means["theory"].to_numpy()}


def _number(value: xr.DataArray | float) -> float | None:
    """Return a float that JSON can write."""
    number = float(value)
    return number if np.isfinite(number) else None


def _plain(value: object) -> object:
    return _number(value) if isinstance(value, float) else value
