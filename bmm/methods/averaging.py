"""Models weighed once for the whole chart: by evidence, by stacking, by pseudo-BMA+."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import softmax

from bmm.arrays import FloatArray
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.single_model_posteriors import SingleModelPosteriors, WeighedMethod

__all__ = ["FittedWeights", "GlobalBMA", "Stacking"]


_CHAINS, _DRAWS = 4, 250
_ARVIZ = {"stacking": "stacking", "pseudo-bma": "bb-pseudo-bma"}


@dataclass(frozen=True)
class FittedWeights:
    """Separate models with fixed weights.

    Parameters
    ----------
    models : SingleModelPosteriors
        The models.
    log_weight : array (model,)
        Logarithms of the weights; -inf for none.
    facts : dict
        What was learnt.
    """

    models: SingleModelPosteriors
    log_weight: FloatArray
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any model covers, weights renormalised over those that do."""
        return self.models.forecast(theory, self.log_weight, seed)


class GlobalBMA(WeighedMethod):
    """Bayesian model averaging: weights by the evidence of each model, with equal prior odds.

    The evidence is on the nuclei that all models cover, with the single unknown spread of each
    model integrated out numerically (`bmm.methods.evidence`).
    """

    method: Literal["global-bma"] = "global-bma"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedWeights:
        """Compute the evidences; see `bmm.methods.interface.Method`."""
        models = SingleModelPosteriors.fit(measured, theory, self.noise_family)
        log_evidence = models.log_evidence
        facts = models.training.counts | {
            "weights": models.training.named(softmax(log_evidence)),
            "log_evidence": models.training.named(log_evidence),
            "sigma_MeV": models.spreads,
        }
        return FittedWeights(models, log_evidence, facts)


class Stacking(WeighedMethod):
    """Weights by leave-one-out predictive densities (Yao et al. 2018, doi:10.1214/17-BA1091).

    The weights are ArviZ's, from the nuclei that all models cover.

    Parameters
    ----------
    method : {"stacking", "pseudo-bma"}
        The mixture with the best leave-one-out density; or pseudo-BMA+, weights by each model's
        own such density, with a Bayesian bootstrap.
    """

    method: Literal["stacking", "pseudo-bma"] = "stacking"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedWeights:
        """Find the weights; see `bmm.methods.interface.Method`."""
        import arviz as az

        models = SingleModelPosteriors.fit(measured, theory, self.noise_family)
        names = models.training.models
        rng = np.random.default_rng(seed)
        trees = {name: _tree(models, k, rng) for k, name in enumerate(names)}
        table = az.compare(trees, method=_ARVIZ[self.method], round_to="none")
        weights = np.clip(table["weight"].reindex(list(names)).to_numpy(dtype=float), 0, None)
        elpd = table["elpd"].reindex(list(names)).to_numpy(dtype=float)
        with np.errstate(divide="ignore"):
            log_weight = np.log(weights)
        facts = models.training.counts | {
            "weights": models.training.named(weights),
            "elpd": models.training.named(elpd),
            "sigma_MeV": models.spreads,
        }
        return FittedWeights(models, log_weight, facts)


def _tree(models: SingleModelPosteriors, k: int, rng: np.random.Generator) -> xr.DataTree:
    """Posterior draws of model k's spread with the pointwise log likelihood, as ArviZ wants it."""
    posterior = models.posteriors[k]
    sigma = rng.choice(posterior.sigma, p=posterior.weight, size=_CHAINS * _DRAWS)
    shape = (_CHAINS, _DRAWS)
    density = models.log_likelihood(k, sigma).reshape(*shape, -1)
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"sigma": (("chain", "draw"), sigma.reshape(shape))}),
            "log_likelihood": xr.Dataset({"mass": (("chain", "draw", "nucleus"), density)}),
        }
    )
