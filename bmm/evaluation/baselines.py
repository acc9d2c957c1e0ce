"""What a local mixture has to beat: each model alone, their plain average and global BMA."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import softmax

from bmm.evaluation.scores import rms
from bmm.nuclides import nuclide_index

__all__ = [
    "AVERAGE",
    "BMA",
    "baseline_predictions",
    "baseline_table",
]

AVERAGE = "plain average"
BMA = "global BMA"


def baseline_predictions(theory: xr.Dataset, log_weights: pd.Series[float] | None) -> pd.DataFrame:
    """Predict every nucleus with every baseline.

    Parameters
    ----------
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it.
    log_weights : Series (model,) or None
        Logarithms of the models' weights in global BMA, up to a constant
        (`bmm.methods.averaging.global_bma`); None leaves it out.

    Returns
    -------
    DataFrame
        Mass excess in MeV, indexed (Z, N): one column per model, then `AVERAGE` and `BMA`.  These
        two run over the models that cover the nucleus, with the weights of BMA renormalised, and
        are NaN where there is none.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.evaluation.baselines import baseline_predictions
    >>> predictions = baseline_predictions(theory, None)
    >>> predictions.loc[(50, 82)].round(2).to_dict()
    {'FRDM2012': -75.93, 'HFB24': -76.75, 'plain average': -76.34}
    """
    models = _frame(theory["mass_excess"])
    masses = models.to_numpy()
    mixtures = {AVERAGE: _weighted_mean(masses, np.zeros(masses.shape[1]))}
    if log_weights is not None:
        of_models = np.asarray(log_weights.loc[models.columns], dtype=np.float64)
        mixtures[BMA] = _weighted_mean(masses, of_models)
    return models.assign(**mixtures)


def baseline_table(
    predictions: pd.DataFrame, measured: pd.DataFrame, log_weights: pd.Series[float] | None
) -> pd.DataFrame:
    """Score the baselines, each on the measured nuclei that it covers.

    Parameters
    ----------
    predictions : DataFrame
        From `baseline_predictions`.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.
    log_weights : Series (model,) or None
        As for `baseline_predictions`; for the column of weights.

    Returns
    -------
    DataFrame
        One row per baseline, with columns

        * name : of the model, or `AVERAGE` or `BMA`
        * rms : in MeV, smaller is better; NaN where no measured nucleus is covered
        * n : number of nuclei behind it; two rms compare only where it is the same
        * weight : of the model in global BMA; NaN for `AVERAGE` and `BMA`

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.evaluation.baselines import baseline_predictions, baseline_table
    >>> from bmm.methods.averaging import global_bma
    >>> log_weights = global_bma(measured, theory).log_weights
    >>> table = baseline_table(baseline_predictions(theory, log_weights), measured, log_weights)
    >>> table[["name", "n"]].to_numpy().tolist()
    [['FRDM2012', 235], ['HFB24', 235], ['plain average', 235], ['global BMA', 235]]
    """
    common = predictions.index.intersection(measured.index)
    observed = measured.loc[common, "mass_excess"]
    weights = {}
    if log_weights is not None:
        weights = dict(zip(log_weights.index, softmax(log_weights.to_numpy()), strict=True))
    rows = []
    for name, column in predictions.loc[common].items():
        predicted = column.dropna()
        score = rms(predicted, observed.loc[predicted.index]) if len(predicted) else np.nan
        rows.append((name, score, len(predicted), weights.get(name, np.nan)))
    return pd.DataFrame(rows, columns=["name", "rms", "n", "weight"])


def _frame(values: xr.DataArray) -> pd.DataFrame:
    """Turn (nucleus, theory) into rows (Z, N) and columns of models."""
    return pd.DataFrame(
        values.transpose("nucleus", "theory").to_numpy(),
        index=nuclide_index(values),
        columns=[str(model) for model in values["theory"].to_numpy()],
    )


def _weighted_mean(
    masses: npt.NDArray[np.float64], log_weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean of (nucleus, theory) over the models that are not NaN; array (nucleus,)."""
    covered = ~np.isnan(masses)
    mean = np.full(len(masses), np.nan)
    some = covered.any(axis=1)
    # Renormalised as logarithms: where the model with all the weight is missing, the others'
    # weights are too small for a float.
    weights = softmax(np.where(covered, log_weights, -np.inf)[some], axis=1)
    mean[some] = (weights * np.where(covered, masses, 0.0)[some]).sum(axis=1)
    return mean
