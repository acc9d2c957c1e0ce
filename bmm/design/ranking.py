"""Which measurements teach most about a target: one alone, and sets chosen one after the other.

What a measurement does to the mixture can be read in two ways.

* *weights stay even*, the default: every model's residual field learns the new mass, and the
  models are mixed evenly again.  This is what `bmm.theory.correction.correct_theory` makes of the
  mass once it is known (with hyperparameters fixed), and what is reduced is the variance it states.
  Where an outcome drives the models apart that variance grows, so that a reduction can be negative.
* *weights are learnt*: the masses follow a mixture of Gaussian branches, in each of which one model
  is right everywhere, and this mixture is conditioned exactly (`bmm.design.gaussian_mixture`).  Its
  means and variances are those of the joint draws (`bmm.prediction.joint_draws`), its dependence
  between nuclei is not: the copula of the draws cannot be conditioned exactly.  A mass at one end
  of the chart also decides which model is right at the other, so that such reductions are too
  large as long as no model is the true one.

Outcomes are drawn from the mixture in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.design.drip import DripLineExpectedVariance
from bmm.design.energies import EnergyExpectedVariance
from bmm.design.gaussian_mixture import mixture_branches
from bmm.design.targets import DripLine, Energies
from bmm.errors import ConfigError, DomainError
from bmm.theory.correction import Correction

__all__ = ["Ranking", "rank_candidates"]

FloatArray = npt.NDArray[np.float64]

_FEWEST_OUTCOMES = 2


@dataclass(frozen=True)
class Ranking:
    """Candidates by what measuring them is expected to teach.

    Parameters
    ----------
    target : Energies or DripLine
        What is to be known better.
    unit : str
        Of the standard deviations: "MeV", or "neutrons" for a drip line.
    quantities : int
        Number of quantities, over which variances are added.
    before : float
        Root of the mean variance of the quantities before anything is measured.
    at_edge : float
        Of a drip line, the probability that the chart ends before it; else 0.
    alone : DataFrame
        Indexed (Z, N), best first: sd, that of the mass before it is measured; reduction, the
        expected share of the target's variance that goes, and reduction_error, its Monte Carlo
        standard error; left, the root of the mean variance that is expected to be left.
    together : DataFrame
        Indexed (Z, N), in the order in which they are chosen, each the best after those before it:
        reduction, reduction_error and left as above, of the set so far.
    """

    target: Energies | DripLine
    unit: str
    quantities: int
    before: float
    at_edge: float
    alone: pd.DataFrame
    together: pd.DataFrame


def rank_candidates(
    correction: Correction,
    candidates: pd.MultiIndex,
    target: Energies | DripLine,
    measured: pd.DataFrame,
    *,
    precision: float = 0.02,
    count: int = 5,
    outcomes: int = 1000,
    learn: bool = False,
    seed: int = 0,
) -> Ranking:
    """Rank nuclei by the expected reduction of a target's variance.

    The reduction is the expectation, over what the measurement may give, of the decrease in the
    variance of the target, summed over its quantities; see `bmm.design.energies` and
    `bmm.design.drip` for what is exact in it and what is averaged.  The best of many candidates is
    found on the outcomes that its reduction is averaged over, which flatters it by up to about the
    Monte Carlo error.

    Parameters
    ----------
    correction : Correction
        From `bmm.theory.correction.correct_theory`.
    candidates : MultiIndex (Z, N)
        Unmeasured nuclei; see `bmm.design.candidates.find_candidates`.
    target : Energies or DripLine
        See `bmm.design.targets.read_target`.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    precision : float, default 0.02
        Standard deviation of a measurement, MeV.
    count : int, default 5
        Size of the set to choose, greedily; no larger than the number of candidates.
    outcomes : int, default 1000
        Outcomes to draw for each branch of the mixture.
    learn : bool, default False
        Let outcomes change the weights of the models, which otherwise stay even.
    seed : int, default 0
        Of the outcomes.

    Raises
    ------
    ConfigError
        If a number is out of range.
    DomainError
        If no model covers a candidate or a nucleus of the target, or nothing about the target is
        uncertain.
    """
    if not (0 < precision < np.inf and outcomes >= _FEWEST_OUTCOMES and count >= 1):
        raise ConfigError(
            f"expected a precision above 0, at least {_FEWEST_OUTCOMES} outcomes and a count of "
            f"at least 1, not {precision:g} MeV, {outcomes} and {count}"
        )
    rng = np.random.default_rng(seed)
    outlook: EnergyExpectedVariance | DripLineExpectedVariance
    if isinstance(target, DripLine):
        points = candidates.append(target.nuclei.difference(candidates))
        branches = mixture_branches(correction, points)
        outlook = DripLineExpectedVariance(
            branches,
            points,
            target,
            measured,
            precision,
            outcomes,
            len(candidates),
            rng,
            learn=learn,
        )
        unit, quantities = "neutrons", 1
    else:
        branches = mixture_branches(correction, candidates, target.form)
        known = float(target.known_variance.sum())
        outlook = EnergyExpectedVariance(
            branches, precision, outcomes, rng, learn=learn, known_variance=known
        )
        unit, quantities = "MeV", len(target.nuclei)
    if not outlook.before > 0:
        raise DomainError(
            f"target {target.name!r} is the same on all surfaces: there is nothing to be reduced"
            + (", as the chart ends before it" if isinstance(outlook, DripLineExpectedVariance)
               and outlook.at_edge > 0 else "")
        )  # fmt: skip
    weight = np.array([each.probability for each in branches])
    means = np.stack([each.mean for each in branches])[:, : len(candidates)]
    variances = np.stack([np.diag(each.covariance) for each in branches])[:, : len(candidates)]
    sd = np.sqrt(weight @ variances + weight @ (means - weight @ means) ** 2)
    alone, together = _choose(outlook, candidates, count, quantities)
    alone.insert(0, "sd", sd[candidates.get_indexer(alone.index)])
    before = float(np.sqrt(outlook.before / quantities))
    at_edge = outlook.at_edge if isinstance(outlook, DripLineExpectedVariance) else 0.0
    return Ranking(target, unit, quantities, before, at_edge, alone, together)


def _choose(
    outlook: EnergyExpectedVariance | DripLineExpectedVariance,
    candidates: pd.MultiIndex,
    count: int,
    quantities: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    chosen: list[int] = []
    steps = []
    alone = None
    for _ in range(min(count, len(candidates))):
        left, error = outlook.expect()
        table = _table(outlook.before, left, error, quantities, candidates)
        if alone is None:
            alone = table.sort_values("reduction", ascending=False, kind="stable")
        left[chosen] = np.inf
        best = int(np.argmin(left))
        steps.append(table.iloc[[best]])
        chosen.append(best)
        outlook.take(best)
    assert alone is not None
    return alone, pd.concat(steps)


def _table(
    before: float,
    left: FloatArray,
    error: FloatArray,
    quantities: int,
    candidates: pd.MultiIndex,
) -> pd.DataFrame:
    columns = {
        "reduction": (before - left) / before,
        "reduction_error": error / before,
        "left": np.sqrt(np.maximum(left, 0.0) / quantities),
    }
    return pd.DataFrame(columns, index=candidates)
