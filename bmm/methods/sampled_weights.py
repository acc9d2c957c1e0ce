"""One vector of weights for the whole chart, sampled together with the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.nuts import sample_posterior
from bmm.methods.training_arrays import Training, masses_of, training_data
from bmm.mixing.settings import Sampler

__all__ = ["EnsembleBMA", "FittedEnsemble", "FittedMeans", "GlobalDirichlet"]


_KEPT = 500


@dataclass(frozen=True)
class FittedEnsemble:
    """Posterior draws of a mixture of normals.

    Parameters
    ----------
    weights, sigma : array (draw, model)
        Weights, and standard deviations in MeV.
    facts : dict
        What was learnt.
    """

    weights: FloatArray
    sigma: FloatArray
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any model covers, weights renormalised over those that do."""
        masses = masses_of(theory)
        draws, models = self.weights.shape
        shape = (len(masses), draws * models)
        # In every draw, the weights of the models that cover the nucleus sum to one.
        total = np.isfinite(masses) @ self.weights.T
        with np.errstate(divide="ignore"):
            log_weight = np.log(self.weights) - np.log(total)[:, :, None]
        stated = theory["mass_excess_sd"].transpose("nucleus", "theory").to_numpy()
        scale = np.hypot(self.sigma, np.nan_to_num(stated)[:, None])
        distribution = StudentTMixture(
            np.tile(masses, draws),
            scale.reshape(shape),
            log_weight=log_weight.reshape(shape),
        )
        return MixtureForecast(theory, distribution, seed)


class EnsembleBMA(Method):
    """A mixture of normals around the models, with sampled weights and widths.

    p(y) = sum_k w_k N(y; m_k, sigma_k^2 + measurement + the model's own variance), with
    w ~ Dirichlet(1, ..., 1) and sigma_k half normal with the scale 1 MeV; Raftery et al. (2005,
    doi:10.1175/MWR2906.1), for masses Saito et al. (2024).  It is learnt on the nuclei that all
    models cover.

    Parameters
    ----------
    sampler : Sampler
        Chains, draws, warm-up; see `bmm.mixing.settings.Sampler`.

    Examples
    --------
    >>> from bmm.methods.sampled_weights import EnsembleBMA
    >>> EnsembleBMA(sampler={"draws": 200}).sampler.draws
    200
    """

    method: Literal["ensemble-bma"] = "ensemble-bma"
    sampler: Sampler = Sampler(target_accept=0.9)

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedEnsemble:
        """Sample weights and widths; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory)
        with pm.Model() as model:
            weights, sigma = _priors(training, widths=len(training.models))
            scale2 = sigma[None, :] ** 2 + training.known_sd**2
            density = -0.5 * (training.deviation**2 / scale2 + pt.log(2 * np.pi * scale2))
            pm.Potential("masses", pt.logsumexp(pt.log(weights) + density, axis=1).sum())
        draws, convergence = sample_posterior(model, self.sampler, seed, _KEPT)
        w, sigma_draws = draws["weights"].to_numpy(), draws["sigma"].to_numpy()
        facts = training.counts | {
            "weights": training.named(w.mean(axis=0)),
            "sigma_MeV": training.named(sigma_draws.mean(axis=0)),
            "convergence": convergence,
        }
        return FittedEnsemble(w, sigma_draws, facts)


@dataclass(frozen=True)
class FittedMeans:
    """Posterior draws of a weighted mean with normal noise.

    Parameters
    ----------
    weights : array (draw, model)
        On the simplex.
    sigma : array (draw,)
        Standard deviation, MeV.
    facts : dict
        What was learnt.
    """

    weights: FloatArray
    sigma: FloatArray
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that every model covers."""
        centre = masses_of(theory) @ self.weights.T
        return MixtureForecast(theory, StudentTMixture(centre, self.sigma), seed)


class GlobalDirichlet(Method):
    """A weighted mean of the models, with weights on the simplex.

    y = sum_k w_k m_k + noise, w ~ Dirichlet(1, ..., 1), noise normal with a half-normal scale of
    1 MeV: the mean mixing of Kejzlar et al. (Sci. Rep. 13, 19600, 2023) with weights constant
    over the chart.  It is learnt on the nuclei that all models cover.

    Parameters
    ----------
    sampler : Sampler
        Chains, draws, warm-up; see `bmm.mixing.settings.Sampler`.

    Examples
    --------
    >>> from bmm.methods.sampled_weights import GlobalDirichlet
    >>> GlobalDirichlet(name="global weights").label
    'global weights'
    """

    method: Literal["global-dirichlet"] = "global-dirichlet"
    sampler: Sampler = Sampler(target_accept=0.9)

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedMeans:
        """Sample weights and noise; see `bmm.methods.interface.Method`."""
        training = training_data(measured, theory)
        with pm.Model() as model:
            weights, sigma = _priors(training, widths=1)
            scale = pt.sqrt(sigma[0] ** 2 + training.uncertainty**2)
            # The mean deviation: masses themselves would cancel to a few digits.
            pm.Normal(
                "masses",
                (training.deviation * weights).sum(axis=1),
                scale,
                observed=np.zeros(len(training.mass)),
            )
        draws, convergence = sample_posterior(model, self.sampler, seed, _KEPT)
        w, sigma_draws = draws["weights"].to_numpy(), draws["sigma"].to_numpy()[:, 0]
        facts = training.counts | {
            "weights": training.named(w.mean(axis=0)),
            "sigma_MeV": float(sigma_draws.mean()),
            "convergence": convergence,
        }
        return FittedMeans(w, sigma_draws, facts)


def _priors(training: Training, widths: int) -> tuple[Any, Any]:
    weights = pm.Dirichlet("weights", np.ones(len(training.models)))
    return weights, pm.HalfNormal("sigma", 1.0, shape=widths)
