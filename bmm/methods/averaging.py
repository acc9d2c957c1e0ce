"""Models weighed once for the whole chart: by evidence, by stacking, by pseudo-BMA+."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import softmax

from bmm.arrays import FloatArray
from bmm.methods.evidence import NoiseFamily
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.single_model_posteriors import SingleModelPosteriors, WeighedMethod

__all__ = ["FittedWeights", "GlobalBMA", "Stacking", "global_bma"]

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

    @property
    def log_weights(self) -> pd.Series[float]:
        """Logarithms of the weights by the model's name, up to a constant."""
        return pd.Series(self.models.training.named(self.log_weight), dtype=float)

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any model covers, weights renormalised over those that do."""
        return self.models.forecast(theory, self.log_weight, seed)


def global_bma(
    measured: pd.DataFrame, theory: xr.Dataset, noise: NoiseFamily | None = None
) -> FittedWeights:
    """Weigh the models by their evidence on the nuclei that all of them cover.

    Evidences compare only on the same data, so a nucleus that one model leaves out counts for
    none.  The prior odds are equal.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it, for these nuclei and possibly others.
    noise : NoiseFamily, optional
        Of every model; by default the one that the mixture has by default.

    Returns
    -------
    FittedWeights
        The logarithms of its weights are the log evidences.

    Raises
    ------
    DataError
        If a measured nucleus is not among the predicted ones, or none is covered by every model.
    ConfigError
        If an evidence cannot be computed; the message names the model.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.methods.averaging import global_bma
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import prediction
    >>> nuclei = nuclide_index([50, 50, 82], [70, 82, 126])
    >>> columns = {"mass_excess": [-90.6, -76.5, -21.7], "mass_excess_uncertainty": 0.01}
    >>> masses = [[-90.2, -88.0], [-76.9, -79.0], [-21.4, -24.0]]
    >>> bma = global_bma(
    ...     pd.DataFrame(columns, nuclei), prediction(nuclei, ["close", "far"], masses, 0.0)
    ... )
    >>> bma.facts["weights"]["close"] > 0.95
    True
    """
    models = SingleModelPosteriors.fit(measured, theory, noise or NoiseFamily())
    log_evidence = models.log_evidence
    facts = models.training.counts | {
        "weights": models.training.named(softmax(log_evidence)),
        "log_evidence": models.training.named(log_evidence),
        "sigma_MeV": models.spreads,
    }
    return FittedWeights(models, log_evidence, facts)


class GlobalBMA(WeighedMethod):
    """Bayesian model averaging: weights by the evidence of each model, with equal prior odds.

    The evidence is on the nuclei that all models cover, with the single unknown spread of each
    model integrated out numerically (`bmm.methods.evidence`).

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.averaging import GlobalBMA
    >>> found = GlobalBMA(noise="normal").fit(measured, theory, seed=0)
    >>> round(sum(found.facts["weights"].values()), 6)
    1.0
    """

    method: Literal["global-bma"] = "global-bma"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedWeights:
        """Compute the evidences; see `bmm.methods.interface.Method`."""
        return global_bma(measured, theory, self.noise_family)


class Stacking(WeighedMethod):
    """Weights by leave-one-out predictive densities (Yao et al. 2018, doi:10.1214/17-BA1091).

    The weights are ArviZ's, from the nuclei that all models cover.

    Parameters
    ----------
    method : {"stacking", "pseudo-bma"}
        The mixture with the best leave-one-out density; or pseudo-BMA+, weights by each model's
        own such density, with a Bayesian bootstrap.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> import numpy as np
    >>> from bmm.methods.averaging import Stacking
    >>> found = Stacking(noise="normal").fit(measured, theory, seed=0)
    >>> round(float(np.exp(found.log_weight).sum()), 6)
    1.0
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
    """Posterior draws of model k's spread with the pointwise log likelihood, for ArviZ."""
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
