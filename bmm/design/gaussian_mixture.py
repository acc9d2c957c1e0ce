"""The joint law of some masses as a mixture of Gaussian branches, which measurements condition.

Here one model is right, and measurements tell which: the models are put in an order at random, and
every nucleus follows the first of them that covers it.  Each has the mean and variance of the even
mixture, as on a surface of `bmm.prediction.joint_draws`, whose copula no measurement conditions
exactly.  Orders that lead to the same choice at the nuclei at hand are one *branch*; where all
models cover all of them, there is one branch for each model.  Within a branch the masses are taken
as Gaussian with the mean and covariance that follow from the model:

    cov(x, x') = NU / (NU - 2) scale(x) scale(x') corr(x, x'),

corr being that of the residual field given the measured masses, so that every nucleus has the
variance of its Student-t; masses that follow different models are independent.  Given the branch,
measuring the mass at c with the standard deviation tau then acts exactly, whatever it gives:

    mean(x) += gain(x) [y - mean(c)],    cov(x, x') -= gain(x) cov(c, x'),
    gain(x) = cov(x, c) / [cov(c, c) + tau^2],

and the branch's probability is multiplied by N[y; mean(c), cov(c, c) + tau^2].  That is what adding
the nucleus to the data of the residual field does, with hyperparameters fixed (Rasmussen &
Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.24).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.distributions.student_t import NU, inflation
from bmm.errors import DomainError
from bmm.gp.conditioning import Conditioning
from bmm.nuclides import label, nuclide_index
from bmm.theory.adapters import numbers
from bmm.theory.correction import CorrectedModel, Correction

__all__ = ["Branch", "LinearForm", "covering", "mixture_branches"]

_INFLATION = float(inflation(NU))


@dataclass(frozen=True)
class LinearForm:
    """Sums of unmeasured masses: the uncertain part of what is to be known better.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei whose masses enter.
    rows : int array (quantity, term)
        Positions among the nuclei; -1 where a term is measured.
    coefficients : array (quantity, term)
        Factors of the masses.
    """

    nuclei: pd.MultiIndex
    rows: IntArray
    coefficients: FloatArray

    @classmethod
    def nothing(cls) -> LinearForm:
        """No quantity at all."""
        none = nuclide_index(np.empty(0, dtype=int), np.empty(0, dtype=int))
        return cls(none, np.empty((0, 1), dtype=np.intp), np.empty((0, 1)))

    def of(self, values: FloatArray) -> FloatArray:
        """Apply it to the first axis of values (n, ...); gives (quantity, ...)."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
        return np.asarray(np.einsum("qt,qt...->q...", self.coefficients, padded[self.rows]))

    def variance(self, covariance: FloatArray) -> FloatArray:
        """Variance of every quantity, given the covariance (n, n) of the masses; (quantity,)."""
        padded = np.pad(covariance, (0, 1))
        blocks = padded[self.rows[:, :, None], self.rows[:, None, :]]
        return np.asarray(np.einsum("qs,qst,qt->q", self.coefficients, blocks, self.coefficients))


@dataclass
class Branch:
    """One way in which the models may describe the nuclei; masses are Gaussian within it.

    Parameters
    ----------
    probability : float
        Before anything is measured.
    mean, covariance : array (point,), (point, point)
        Of the masses of the points, MeV and MeV^2.
    quantity, quantity_variance : array (quantity,)
        Mean and variance of the linear form, up to a constant of the measured masses.
    across : array (quantity, point)
        Covariance of the quantities with the points, MeV^2.
    """

    probability: float
    mean: FloatArray
    covariance: FloatArray
    quantity: FloatArray
    quantity_variance: FloatArray
    across: FloatArray

    def innovation(self, precision: float) -> FloatArray:
        """Variance of what measuring each point would give, array (point,), MeV^2."""
        return np.diag(self.covariance) + precision**2

    def measured(self, point: int, precision: float) -> Conditioning:
        """Give what measuring a point would tell of the points, then of the quantities."""
        inner = np.array([[self.covariance[point, point] + precision**2]])
        across = np.append(self.covariance[point], self.across[:, point])
        return Conditioning.of(inner, across[None])

    def condition(self, known: Conditioning) -> None:
        """Take off what a measured point explains; the means are the caller's.

        Parameters
        ----------
        known : Conditioning
            From `measured`.
        """
        points, quantities = slice(len(self.mean)), slice(len(self.mean), None)
        self.covariance -= known.explained(points, points)
        self.across -= known.explained(quantities, points)
        self.quantity_variance -= known.explained_variance[quantities]


def covering(theory: xr.Dataset, nuclei: pd.MultiIndex) -> BoolArray:
    """Which models cover the nuclei, array (model, nucleus); none where a nucleus is unknown."""
    theory = theory.transpose("theory", "nucleus")
    known = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    rows = known.get_indexer(nuclei)
    covered = np.isfinite(theory["mass_excess"].to_numpy())[:, rows]
    return np.asarray(covered & (rows >= 0))


def mixture_branches(
    correction: Correction, points: pd.MultiIndex, form: LinearForm | None = None
) -> list[Branch]:
    """Split the even mixture of corrected models into its branches.

    Parameters
    ----------
    correction : Correction
        From `bmm.theory.correction.correct_theory`.
    points : MultiIndex (Z, N)
        Unmeasured nuclei that may be measured.
    form : LinearForm, optional
        Quantities to follow.

    Raises
    ------
    DomainError
        If no model covers some nucleus.
    """
    form = form or LinearForm.nothing()
    union = points.union(form.nuclei)
    covered = covering(correction.theory, union)
    if not covered.any(axis=0).all():
        first = int(np.argmin(covered.any(axis=0)))
        Z, N = (int(each[first]) for each in numbers(union))
        raise DomainError(f"{label(Z, N)}: expected a nucleus that one of the models covers")
    at, enter = union.get_indexer(points), union.get_indexer(form.nuclei)
    found = list(_assignments(covered))
    made = [
        Branch(
            probability,
            np.zeros(len(points)),
            np.zeros((len(points), len(points))),
            np.zeros(len(form.rows)),
            np.zeros(len(form.rows)),
            np.zeros((len(form.rows), len(points))),
        )
        for probability, _ in found
    ]
    for k, (name, model) in enumerate(correction.models.items()):
        mean, covariance = _moments(correction, name, model, union, covered[k])
        for branch, (_, chosen) in zip(made, found, strict=True):
            follows = chosen == k
            masked = covariance * (follows[:, None] & follows)
            branch.mean += np.where(follows, mean, 0.0)[at]
            branch.covariance += masked[np.ix_(at, at)]
            branch.quantity += form.of(np.where(follows, mean, 0.0)[enter])
            branch.quantity_variance += form.variance(masked[np.ix_(enter, enter)])
            branch.across += form.of(masked[np.ix_(enter, at)])
    return made


def _moments(
    correction: Correction,
    name: str,
    model: CorrectedModel,
    nuclei: pd.MultiIndex,
    covered: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """Mean (n,) and covariance (n, n) of one corrected model, MeV; 0 where it does not cover."""
    theory = correction.theory.sel(theory=name)
    known = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    part = theory.isel(nucleus=known.get_indexer(nuclei[covered]))
    mean, covariance = np.zeros(len(nuclei)), np.zeros((len(nuclei), len(nuclei)))
    mean[covered] = part["mass_excess"].to_numpy()
    field = model.field.covariance(*numbers(nuclei[covered]))
    spread = np.sqrt(_INFLATION / np.diag(field)) * part["mass_excess_sd"].to_numpy()
    covariance[np.ix_(covered, covered)] = field * (spread[:, None] * spread)
    return mean, covariance


def _assignments(covered: BoolArray) -> Iterator[tuple[float, IntArray]]:
    """Yield probabilities, and the model that every nucleus follows, array (nucleus,).

    All orders of the models are equally likely.
    """
    patterns, which = np.unique(covered, axis=1, return_inverse=True)
    found: dict[tuple[int, ...], float] = {}

    def go_on(chosen: tuple[int, ...], left: frozenset[int], probability: float) -> None:
        if min(chosen, default=0) >= 0:
            found[chosen] = found.get(chosen, 0.0) + probability
            return
        for k in sorted(left):
            now = tuple(k if old < 0 and patterns[k, i] else old for i, old in enumerate(chosen))
            go_on(now, left - {k}, probability / len(left))

    go_on((-1,) * patterns.shape[1], frozenset(range(len(covered))), 1.0)
    for chosen, probability in found.items():
        yield probability, np.asarray(chosen, dtype=np.intp)[which.ravel()]
