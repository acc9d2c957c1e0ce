"""What a local mixture has to beat: each model alone, their plain average and global BMA."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import softmax

from bmm.errors import ConfigError, DataError
from bmm.evaluation.scores import rms
from bmm.methods.evidence import NoiseFamily, log_evidence
from bmm.nuclides import nuclide_index

__all__ = [
    "AVERAGE",
    "BMA",
    "GlobalBMA",
    "baseline_predictions",
    "baseline_table",
    "global_bma",
]

AVERAGE = "plain average"
BMA = "global BMA"


@dataclass(frozen=True, slots=True)
class GlobalBMA:
    """Bayesian model averaging with one weight per model for the whole chart.

    Attributes
    ----------
    log_evidence : Series (model,)
        Natural logarithm of each model's evidence.
    n : int
        Number of training nuclei behind it: those that every model covers.
    """

    log_evidence: pd.Series[float]
    n: int

    @property
    def weights(self) -> pd.Series[float]:
        """Posterior probability of each model, with equal prior odds; Series (model,)."""
        return pd.Series(softmax(self.log_evidence.to_numpy()), self.log_evidence.index)


def global_bma(
    theory: xr.Dataset, training: pd.DataFrame, noise: NoiseFamily | None = None
) -> GlobalBMA:
    """Weigh the models by their evidence on the training nuclei that all of them cover.

    Evidences compare only on the same data, so a nucleus that one model leaves out counts for
    none.  `bmm.methods.evidence.log_evidence` states the noise of each model.

    Parameters
    ----------
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it.
    training : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    noise : NoiseFamily, optional
        Of every model; by default the one that the mixture has by default.

    Returns
    -------
    GlobalBMA
        The evidences, and on how many nuclei.

    Raises
    ------
    DataError
        If there is no training nucleus that every model covers.
    ConfigError
        If an evidence cannot be computed; the message names the model.
    """
    predicted = _frame(theory["mass_excess"]).dropna()
    common = predicted.index.intersection(training.index)
    if common.empty:
        raise DataError("no training nucleus is covered by every model")
    measured = training.loc[common]
    stated_sd = _frame(theory["mass_excess_sd"].fillna(0.0)).loc[common]
    A = common.get_level_values("Z") + common.get_level_values("N")
    evidences = {}
    for model, masses in predicted.loc[common].items():
        try:
            evidences[model] = log_evidence(
                measured["mass_excess"] - masses,
                np.hypot(measured["mass_excess_uncertainty"], stated_sd[model]),
                A,
                noise or NoiseFamily(),
            )
        except ConfigError as error:
            raise ConfigError(f"global BMA, model {model}: {error}") from error
    return GlobalBMA(pd.Series(evidences, dtype=float), len(common))


def baseline_predictions(theory: xr.Dataset, bma: GlobalBMA | None) -> pd.DataFrame:
    """Predict every nucleus with every baseline.

    Parameters
    ----------
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it.
    bma : GlobalBMA or None
        For the same models; None leaves it out.

    Returns
    -------
    DataFrame
        Mass excess in MeV, indexed (Z, N): one column per model, then `AVERAGE` and `BMA`.  These
        two run over the models that cover the nucleus, with the weights of BMA renormalised, and
        are NaN where there is none.
    """
    models = _frame(theory["mass_excess"])
    masses = models.to_numpy()
    mixtures = {AVERAGE: _weighted_mean(masses, np.zeros(masses.shape[1]))}
    if bma is not None:
        log_weights = np.asarray(bma.log_evidence.loc[models.columns], dtype=np.float64)
        mixtures[BMA] = _weighted_mean(masses, log_weights)
    return models.assign(**mixtures)


def baseline_table(
    predictions: pd.DataFrame, measured: pd.DataFrame, bma: GlobalBMA | None
) -> pd.DataFrame:
    """Score the baselines, each on the measured nuclei that it covers.

    Parameters
    ----------
    predictions : DataFrame
        From `baseline_predictions`.
    measured : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.
    bma : GlobalBMA or None
        For the column of weights.

    Returns
    -------
    DataFrame
        One row per baseline, with columns

        * name : of the model, or `AVERAGE` or `BMA`
        * rms : in MeV, smaller is better; NaN where no measured nucleus is covered
        * n : number of nuclei behind it; two rms compare only where it is the same
        * weight : of the model in global BMA; NaN for `AVERAGE` and `BMA`
    """
    common = predictions.index.intersection(measured.index)
    observed = measured.loc[common, "mass_excess"]
    weights = {} if bma is None else bma.weights.to_dict()
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
