"""Hyperparameters of the largest posterior density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from bmm.arrays import FloatArray

__all__ = ["NormalPrior", "Optimum", "most_probable"]

type Objective = Callable[[FloatArray], tuple[float, FloatArray]]
"""From parameters (p,) to minus their log density and its gradient (p,)."""


@dataclass(frozen=True)
class NormalPrior:
    """Independent normal priors of parameters, which are mostly logarithms.

    Parameters
    ----------
    centre, spread : array (p,)
        Means and standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.optimisation import NormalPrior
    >>> prior = NormalPrior(np.zeros(2), np.array([1.0, 2.0]))
    >>> prior.penalty(np.array([1.0, 2.0]))
    (1.0, array([1. , 0.5]))
    """

    centre: FloatArray
    spread: FloatArray

    def penalty(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Minus the log density, up to a constant, and its gradient (p,)."""
        off = (parameters - self.centre) / self.spread
        return 0.5 * float(off @ off), off / self.spread


@dataclass(frozen=True)
class Optimum:
    """The smallest value of an objective that the search has found.

    Parameters
    ----------
    parameters : array (p,)
        The place.
    value : float
        The objective there.
    evaluations : int
        How often the objective was evaluated.

    Examples
    --------
    The standard normal prior pulls a maximum at 2 half the way to 0:

    >>> import numpy as np
    >>> from bmm.gp.optimisation import NormalPrior, most_probable
    >>> found = most_probable(
    ...     lambda x: (0.5 * float((x[0] - 2) ** 2), x - 2), np.zeros(1),
    ...     NormalPrior(np.zeros(1), np.ones(1)), reach=4.0, evaluations=20,
    ... )
    >>> found.parameters.round(4), round(found.value, 4)
    (array([1.]), 1.0)
    """

    parameters: FloatArray
    value: float
    evaluations: int


def most_probable(
    objective: Objective,
    start: FloatArray,
    prior: NormalPrior,
    *,
    reach: float,
    evaluations: int,
    tolerance: float = 2.220446049250313e-09,
) -> Optimum:
    """Minimise an objective, minus a log likelihood, plus the penalty of a prior.

    Parameters
    ----------
    objective : callable
        Gives minus the log likelihood of parameters (p,) and its gradient.
    start : array (p,)
        Where to begin.
    prior : NormalPrior
        Its penalty is added.
    reach : float
        The search stays within that distance from the prior's centres: beyond, covariances are no
        longer numerically regular.
    evaluations : int
        The search ends after about as many.
    tolerance : float
        The search ends when a step improves the objective by less, relative to its value.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.optimisation import NormalPrior, most_probable
    >>> prior = NormalPrior(np.zeros(1), np.ones(1))
    >>> found = most_probable(
    ...     lambda x: (0.5 * float((x[0] - 2) ** 2), x - 2), np.zeros(1), prior,
    ...     reach=4.0, evaluations=20,
    ... )
    >>> found.parameters.round(6), round(found.value, 6)
    (array([1.]), 1.0)
    """

    def posterior(parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(parameters)
        penalty, pull = prior.penalty(parameters)
        return value + penalty, gradient + pull

    found = optimize.minimize(
        posterior,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(each - reach, each + reach) for each in prior.centre],
        options={"maxfun": evaluations, "ftol": tolerance},
    )
    return Optimum(np.asarray(found.x), float(found.fun), int(found.nfev))
