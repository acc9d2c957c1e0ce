"""The evaluators' own extrapolations, as a rival of the models and together with them.

For nuclei beyond the measured ones the Atomic Mass Evaluation prints estimates ('#') from trends of
the mass surface, with an uncertainty.  How well it is calibrated follows from earlier evaluations:
those of their estimates that have been measured since.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from bmm.arrays import FloatArray
from bmm.data import earlier_evaluations, find_evaluation, load_measured
from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.methods.interface import Forecast, Method
from bmm.methods.mixture_forecast import MixtureForecast, labelled_draws
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain

__all__ = [
    "AMEExtrapolation",
    "Extrapolations",
    "PooledForecast",
    "extrapolation_factor",
]

_FEWEST = 20
_NUCLEI = Domain(Z=(8, 140), N=(8, 320))


@lru_cache
def extrapolation_factor(evaluation: str) -> tuple[float, int]:
    """Learn what the uncertainties of estimates should be multiplied by.

    Parameters
    ----------
    evaluation : str
        Estimates of each evaluation before it are judged by what the next one has measured, up to
        this one.

    Returns
    -------
    factor : float
        Scale of the Student-t with 4 degrees of freedom that fits the errors best, in units of the
        stated uncertainties.
    nuclei : int
        Number of masses it was learnt from.

    Raises
    ------
    DataError
        If these are fewer than 20.
    """
    errors = [_errors(*pair) for pair in pairwise((*earlier_evaluations(evaluation), evaluation))]
    z = np.concatenate(errors) if errors else np.empty(0)
    if len(z) < _FEWEST:
        raise DataError(
            f"{len(z)} estimates of evaluations before {evaluation} have been measured by then: "
            f"expected at least {_FEWEST} to learn from"
        )
    return float(stats.t.fit(z, fdf=NU, floc=0)[-1]), len(z)


def _errors(earlier: str, later: str) -> FloatArray:
    """Errors of an evaluation's estimates in units of their uncertainties."""
    estimated = _estimates(earlier)
    measured = load_measured(later)["mass_excess"].reindex(estimated.index)
    error = (measured - estimated["mass_excess"]) / estimated["mass_excess_uncertainty"]
    return error[measured.notna()].to_numpy(dtype=np.float64)


def _estimates(evaluation: str) -> pd.DataFrame:
    table = load_measured(evaluation, estimated=True)
    table = table[table["estimated"] & (table["mass_excess_uncertainty"] > 0)]
    return table[_NUCLEI.covers(table.index)]


@dataclass(frozen=True)
class Extrapolations:
    """Estimates of one evaluation, each a Student-t with 4 degrees of freedom.

    Parameters
    ----------
    evaluation : str
        It prints the estimates.
    factor : float
        What their uncertainties are multiplied by.
    facts : dict
        What was learnt.
    """

    evaluation: str
    factor: float
    facts: dict[str, Any]

    @classmethod
    def of(cls, measured: pd.DataFrame) -> Extrapolations:
        """Take those of the evaluation that training masses are from.

        Parameters
        ----------
        measured : DataFrame
            Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

        Raises
        ------
        DataError
            If the masses are those of no evaluation, or the factor cannot be learnt.
        """
        return cls.of_evaluation(find_evaluation(measured))

    @classmethod
    def of_evaluation(cls, evaluation: str) -> Extrapolations:
        """Take those of an evaluation.

        Raises
        ------
        DataError
            If the factor cannot be learnt.
        """
        factor, nuclei = extrapolation_factor(evaluation)
        facts = {"evaluation": evaluation, "factor": factor, "nuclei": nuclei}
        return cls(evaluation, factor, {"n_training": nuclei, "n_lost": 0, "estimates": facts})

    def distribution(self, nuclei: pd.Index) -> StudentTMixture:
        """Distributions of nuclei (Z, N), MeV; of those without an estimate there is none."""
        found = _estimates(self.evaluation).reindex(nuclei)
        centre = found["mass_excess"].to_numpy(dtype=np.float64)
        sd = found["mass_excess_uncertainty"].to_numpy(dtype=np.float64)
        return StudentTMixture(centre[:, None], self.factor * sd[:, None], nu=NU)

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that have an estimate; each is drawn by itself."""
        index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
        return MixtureForecast(theory, self.distribution(index), seed)


class AMEExtrapolation(Method):
    """The estimates ('#') of the evaluation that the training masses are from.

    Their uncertainties are multiplied by a factor learnt from estimates of earlier evaluations that
    have been measured by then.

    Examples
    --------
    >>> from bmm.methods.extrapolation import AMEExtrapolation
    >>> AMEExtrapolation().label
    'ame-extrapolation'
    """

    method: Literal["ame-extrapolation"] = "ame-extrapolation"

    @property
    def partial(self) -> bool:
        """It predicts some nuclei only, and is scored on these, apart."""
        return True

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> Extrapolations:
        """Find the evaluation; see `bmm.methods.interface.Method`."""
        return Extrapolations.of(measured)


@dataclass(frozen=True)
class PooledForecast:
    """Half a forecast and half the evaluators' estimate, where there is one (a linear pool).

    The mean is the plain average of both.  Joint draws keep the order of the forecast's own at each
    nucleus, so that neighbours err together as they do there.

    Parameters
    ----------
    forecast, estimates : Forecast
        Of the same nuclei, in MeV.
    """

    forecast: Forecast
    estimates: Forecast

    @cached_property
    def distribution(self) -> StudentTMixture:
        """Of the mass excess of every nucleus, MeV."""
        return _pool(self.forecast.distribution, self.estimates.distribution)

    @cached_property
    def draws(self) -> xr.DataArray:
        """Joint draws (draw, nucleus), MeV."""
        own = self.forecast.draws.transpose("draw", "nucleus")
        values = own.to_numpy().copy()
        added = self.estimates.distribution
        both = np.flatnonzero(added.known & np.isfinite(values[0]))
        count = len(values)
        half = (np.arange(count - count // 2) + 0.5) / (count - count // 2)
        of_estimates = added[both].quantile(half)
        for i, estimate in zip(both, of_estimates, strict=True):
            order = np.argsort(values[:, i])
            own_half = values[order[: 2 * (count // 2) : 2], i]
            values[order, i] = np.sort(np.concatenate([own_half, estimate]))
        return labelled_draws(values, own.coords.to_dataset())


def _pool(first: StudentTMixture, second: StudentTMixture) -> StudentTMixture:
    """Even mixture of two distributions of each nucleus; where the first has none, neither."""
    n = first.location.shape
    shares = [np.where(each.known, 1.0, 0.0)[:, None] * each.weight for each in (first, second)]
    shares[1] = np.where(first.known[:, None], shares[1], 0.0)
    return StudentTMixture(
        np.hstack([first.location, second.location]),
        np.hstack([first.scale, second.scale]),
        np.hstack(shares),
        np.hstack(
            [
                np.broadcast_to(first.nu, n),
                np.broadcast_to(second.nu, second.location.shape),
            ]
        ),
    )
