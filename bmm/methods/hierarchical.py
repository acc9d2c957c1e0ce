"""Bayesian hierarchical stacking: weights that change over the chart with a few features.

Yao, Pirs, Vehtari & Gelman (Bayesian Anal. 17, 1043, 2022, doi:10.1214/21-BA1287).  With the
leave-one-out density p_ik of nucleus i under model k, the weights

    w_k(x) = softmax_k[a_k + s_k sum_j t_jk phi_j(x)],   a_k, t_jk ~ N(0, 1), s_k ~ N+(0, 1)

maximise, and are sampled under, sum_i log sum_k w_k(x_i) p_ik; the last model is the reference,
with a = t = 0.  The features phi_j are made uncorrelated on the training nuclei.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy.special import softmax

from bmm.arrays import FloatArray, IntArray
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.nuts import sample_posterior
from bmm.methods.single_model_posteriors import SingleModelPosteriors, WeighedMethod
from bmm.mixing.settings import Sampler
from bmm.nuclides import MAGIC_NUMBERS

__all__ = ["FittedStacking", "HierarchicalStacking", "features"]


_KEPT = 500


@dataclass(frozen=True)
class FittedStacking:
    """Separate models with weights that change over the chart.

    Parameters
    ----------
    models : SingleModelPosteriors
        The models.
    centre, whitening : array (feature,), (feature, feature)
        Mean of the features over the training nuclei, and what makes them uncorrelated there,
        each with the variance one.
    intercept : array (draw, model)
        a_k.
    slope : array (draw, feature, model)
        s_k t_jk.
    facts : dict
        What was learnt.
    """

    models: SingleModelPosteriors
    centre: FloatArray
    whitening: FloatArray
    intercept: FloatArray
    slope: FloatArray
    facts: dict[str, Any]

    def weights(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Posterior mean of the weights, array (nucleus, theory)."""
        standard = (features(Z, N) - self.centre) @ self.whitening
        return np.asarray(
            softmax(self.intercept[:, None] + standard @ self.slope, axis=-1).mean(axis=0)
        )

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any model covers, weights renormalised over those that do.

        A mixture is linear in its weights, so their posterior mean is all that matters.
        """
        weights = self.weights(theory["Z"].to_numpy(), theory["N"].to_numpy())
        return self.models.forecast(theory, np.log(weights), seed)


class HierarchicalStacking(WeighedMethod):
    """Stacking with weights that depend on Z, N, their squares and product, and the shells.

    It is learnt on the nuclei that all models cover.

    Parameters
    ----------
    sampler : Sampler
        Chains, draws, warm-up; see `bmm.mixing.settings.Sampler`.

    Examples
    --------
    >>> from bmm.methods.hierarchical import HierarchicalStacking
    >>> HierarchicalStacking(noise="normal").label
    'hierarchical-stacking (normal)'
    """

    method: Literal["hierarchical-stacking"] = "hierarchical-stacking"
    sampler: Sampler = Sampler(target_accept=0.9)

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedStacking:
        """Sample the weights; see `bmm.methods.interface.Method`."""
        models = SingleModelPosteriors.fit(measured, theory, self.noise_family)
        training = models.training
        raw = features(training.Z, training.N)
        centre, whitening = _whiten(raw)
        free = len(training.models) - 1
        with pm.Model() as model:
            intercept = pm.Normal("intercept", 0.0, 1.0, shape=free)
            spread = pm.HalfNormal("spread", 1.0, shape=free)
            direction = pm.Normal("direction", 0.0, 1.0, shape=(raw.shape[1], free))
            f = intercept + pt.as_tensor((raw - centre) @ whitening) @ (spread * direction)
            f = pt.concatenate([f, pt.zeros((len(raw), 1))], axis=1)
            joint = f + models.leave_one_out()
            pm.Potential("masses", (pt.logsumexp(joint, axis=1) - pt.logsumexp(f, axis=1)).sum())
        draws, convergence = sample_posterior(model, self.sampler, seed, _KEPT)
        slope = draws["spread"].to_numpy()[:, None] * draws["direction"].to_numpy()
        fitted = FittedStacking(
            models,
            centre,
            whitening,
            np.pad(draws["intercept"].to_numpy(), ((0, 0), (0, 1))),
            np.pad(slope, ((0, 0), (0, 0), (0, 1))),
            training.counts | {"convergence": convergence, "sigma_MeV": models.spreads},
        )
        mean = fitted.weights(training.Z, training.N).mean(axis=0)
        fitted.facts["weights"] = training.named(mean)
        return fitted


def _whiten(raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of (nucleus, feature), and the matrix after which the features are uncorrelated."""
    centre = raw.mean(axis=0)
    scale = np.maximum(raw.std(axis=0), 1e-12)
    _, S, Vt = np.linalg.svd((raw - centre) / scale, full_matrices=False)
    # Directions without any spread, as on a small chart, are left out.
    inverse = np.where(1e-8 * S[0] < S, np.sqrt(len(raw)) / np.maximum(S, 1e-300), 0.0)
    return centre, (Vt.T * inverse) / scale[:, None]


def features(Z: IntArray, N: IntArray) -> FloatArray:
    """Functions of the nucleus that the weights depend on.

    Parameters
    ----------
    Z, N : int array (n,)
        Proton and neutron numbers.

    Returns
    -------
    array (n, 7)
        Z, N, Z^2, Z N, N^2, and the distances of Z and N to the nearest magic number.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.methods.hierarchical import features
    >>> features(np.array([50, 40]), np.array([82, 50])).shape
    (2, 7)
    """
    magic = np.array(MAGIC_NUMBERS)
    shells = [np.abs(x[:, None] - magic).min(axis=1) for x in (Z, N)]
    return np.stack([Z, N, Z**2, Z * N, N**2, *shells], axis=1).astype(np.float64)
