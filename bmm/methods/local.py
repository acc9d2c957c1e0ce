"""The local mixture of bmm itself, and its forecast, behind the same interface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.distributions import StudentTMixture
from bmm.measurement.treatment import treatment_name
from bmm.methods.interface import LIBRARIES_GB, Method
from bmm.methods.mixture_forecast import DRAWS
from bmm.mixing.corrected_fit import average_of, fit_forecast
from bmm.mixing.fitted import convergence_of, fitted_masses
from bmm.mixing.form import LIKELIHOODS
from bmm.mixing.priors import hyperparameters
from bmm.mixing.refinement import MOST_FUNCTIONS
from bmm.mixing.settings import FORECAST, MeasurementTreatment, Mixing
from bmm.nuclides import nuclide_index
from bmm.prediction.forecast import Forecast
from bmm.prediction.predictive import predict

__all__ = ["FittedMixture", "LocalForecast", "LocalMixture", "MixturePrediction"]

_FUNCTIONS = 40  # of the basis along an axis whose size only the rule knows: more than on any chart
_NUMBERS = 3  # of each draw, model and nucleus, while it is predicted


class MixturePrediction:
    """Predictions of a fitted mixture.

    Parameters
    ----------
    tree : DataTree
        The mixture; see `bmm.mixing.fit.fit`.
    theory : Dataset
        The nuclei to predict.  One that no model covers has no forecast.
    seed : int
        Of the draws.
    """

    def __init__(self, tree: xr.DataTree, theory: xr.Dataset, seed: int) -> None:
        self._tree, self._theory, self._seed = tree, theory, seed
        self._covered = _covered(theory)

    @cached_property
    def distribution(self) -> StudentTMixture:
        """Posterior predictive distribution of each nucleus's mass excess, MeV."""
        place = {name: row for row, name in enumerate(self._covered)}
        names = self._theory["nucleus"].to_numpy()
        found = predict(self._tree, self._covered).distribution
        return found.take([place.get(str(name), -1) for name in names])

    @cached_property
    def draws(self) -> xr.DataArray:
        """Joint draws (draw, nucleus), MeV; see `bmm.prediction.forecast`."""
        average = average_of(self._tree, fitted_masses(self._tree))
        return Forecast(self._theory, self.distribution, average, seed=self._seed).draws(DRAWS)


@dataclass(frozen=True)
class FittedMixture:
    """A fitted mixture.

    Parameters
    ----------
    tree : DataTree
        See `bmm.mixing.fit.fit`.
    facts : dict
        What was learnt.
    """

    tree: xr.DataTree
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixturePrediction:
        """Predict nuclei that were in the theory of the fit, where any model covers them."""
        return MixturePrediction(self.tree, theory, seed)


class LocalMixture(Method):
    """The mixture of this package: weights from Gaussian fields over the chart.

    Each nucleus is learnt from, and predicted by, the models that cover it.  The chart is that of
    the theory given to the fit.

    Parameters
    ----------
    mixing : Mixing
        Form of the likelihood, priors, noise, basis and sampler.
    corrected : bool, default False
        Correct every model by the field of its residuals first; the weights are learnt from what
        the corrected models predict for nuclei that were left out (see `bmm.theory.correction`).
    measurement_errors : {"stated", "learnt"}, default "stated"
        Errors of the masses where residual fields are conditioned; see
        `bmm.mixing.corrected_fit.fit_forecast`.

    Examples
    --------
    >>> from bmm.methods.local import LocalMixture
    >>> method = LocalMixture(mixing={"likelihood": "linear"})
    >>> method.label
    'local-linear-mixture'
    """

    method: Literal["local-mixture"] = "local-mixture"
    mixing: Mixing = Mixing()
    corrected: bool = False
    measurement_errors: MeasurementTreatment = "stated"

    @property
    def variant(self) -> str:
        """Name of the method, such as local-density-mixture."""
        name = f"local-{self.mixing.likelihood}-mixture"
        return f"{name}, corrected" if self.corrected else name

    @property
    def modules(self) -> tuple[str, ...]:
        """That of the likelihood too, which is found by its name."""
        return (*super().modules, LIKELIHOODS.module(self.mixing.likelihood))

    def memory(self, nuclei: int, models: int) -> float:
        """Memory of a fit and a forecast, GB: all draws, and a few numbers of each nucleus."""
        sampler, basis = self.mixing.sampler, self.mixing.basis
        draws = sampler.chains * (sampler.draws + sampler.tune)
        functions = MOST_FUNCTIONS
        if not basis.automatic:
            functions = (basis.m_Z or _FUNCTIONS) * (basis.m_N or _FUNCTIONS)
        numbers = models * (functions + _NUMBERS * nuclei)
        return super().memory(nuclei, models) + LIBRARIES_GB + 8e-9 * draws * numbers

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedMixture:
        """Sample the mixture; see `bmm.methods.interface.Method`."""
        chart = theory.sel(nucleus=_covered(theory))
        index = nuclide_index(chart)
        kept = measured[measured.index.isin(index)]
        tree = fit_forecast(
            kept,
            chart,
            self.mixing,
            corrected=self.corrected,
            measurement_errors=self.measurement_errors,
            seed=seed,
        )
        posterior = tree["posterior"].to_dataset()
        facts = {
            "n_training": len(kept),
            "n_lost": len(measured) - len(kept),
            "hyperparameters": {
                name: posterior[name].mean(("chain", "draw")).to_numpy().tolist()
                for name in hyperparameters(self.mixing)
            },
            "basis": {name: tree.attrs[name] for name in ("m_Z", "m_N", "basis_refinements")},
            "convergence": convergence_of(tree).as_dict(),
        }
        return FittedMixture(tree, facts)


class LocalForecast(LocalMixture):
    """The forecast of ``bmm run``: corrected models, mixed locally in the Dirichlet form.

    Examples
    --------
    >>> from bmm.methods.local import LocalForecast
    >>> LocalForecast().mixing.likelihood
    'dirichlet'
    """

    method: Literal["forecast"] = "forecast"  # type: ignore[assignment]
    mixing: Mixing = FORECAST
    corrected: bool = True

    @property
    def variant(self) -> str:
        """Name of the method."""
        treatment = treatment_name(self.measurement_errors)
        return f"forecast, {treatment}" if treatment else "forecast"


def _covered(theory: xr.Dataset) -> list[str]:
    """Labels of the nuclei that any model covers."""
    known = np.isfinite(theory["mass_excess"].transpose("nucleus", "theory").to_numpy()).any(axis=1)
    return [str(name) for name in theory["nucleus"].to_numpy()[known]]
