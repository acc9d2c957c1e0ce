"""Measurements that reduce the uncertainty of a target most: single ones, and sets chosen greedily.

The effect of a measurement is that of conditioning the forecast's joint law on its outcome (see
`bmm.design.copula`), averaged over the outcomes that the forecast expects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.design.drip import DripLineExpectedVariance
from bmm.design.energies import EnergyExpectedVariance
from bmm.design.targets import DripLine, Energies
from bmm.errors import ConfigError, DomainError
from bmm.nuclides import label, numbers
from bmm.prediction.forecast import Forecast

__all__ = ["Ranking", "rank_candidates"]

_FEWEST_OUTCOMES = 2


@dataclass(frozen=True)
class Ranking:
    """Candidates by the expected gain of their measurement.

    Parameters
    ----------
    target : Energies or DripLine
        Quantities to learn about.
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
        expected reduction of the target's variance as a share of it, and reduction_error, its Monte
        Carlo standard error; left, the root of the mean variance that is expected to be left.
    together : DataFrame
        Indexed (Z, N), in the order in which they are chosen, each the best after those before it:
        reduction, reduction_error and left as above, of the set so far.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`:

    >>> from bmm.design.candidates import find_candidates
    >>> from bmm.design.ranking import rank_candidates
    >>> from bmm.design.targets import read_target
    >>> target = read_target("masses Sn-140", even)
    >>> candidates = find_candidates("Sn-138", even)
    >>> ranking = rank_candidates(even, candidates, target, precision=0.05, count=1)
    >>> ranking.unit, list(ranking.together)
    ('MeV', ['reduction', 'reduction_error', 'left'])
    """

    target: Energies | DripLine
    unit: str
    quantities: int
    before: float
    at_edge: float
    alone: pd.DataFrame
    together: pd.DataFrame


def rank_candidates(
    forecast: Forecast,
    candidates: pd.MultiIndex,
    target: Energies | DripLine,
    *,
    precision: float,
    count: int,
    outcomes: int = 1000,
    seed: int = 0,
) -> Ranking:
    """Rank nuclei by how much measuring their masses is expected to sharpen a target.

    Parameters
    ----------
    forecast : Forecast
        Of all masses.
    candidates : MultiIndex (Z, N)
        From `bmm.design.candidates.find_candidates`.
    target : Energies or DripLine
        From `bmm.design.targets.read_target`.
    precision : float
        Standard deviation of a measurement, MeV.
    count : int
        Size of the set to choose.
    outcomes : int, default 1000
        Of a drip line: outcomes to draw.
    seed : int, default 0
        Of the outcomes.

    Raises
    ------
    ConfigError
        If a number is out of range.
    DomainError
        If a candidate is not a nucleus that the forecast predicts, or nothing about the target is
        uncertain.

    Examples
    --------
    With `even` of the example of `bmm.even_forecast`: the best measurement for a mass is its own.

    >>> from bmm.design.candidates import find_candidates
    >>> from bmm.design.ranking import rank_candidates
    >>> from bmm.design.targets import read_target
    >>> candidates = find_candidates("Sn-138 Sn-140", even)
    >>> target = read_target("masses Sn-140", even)
    >>> ranking = rank_candidates(even, candidates, target, precision=0.05, count=1)
    >>> ranking.alone.index[0] == (50, 90), bool(ranking.alone["reduction"].iloc[0] > 0.9)
    (True, True)
    """
    if not (0 < precision < np.inf and outcomes >= _FEWEST_OUTCOMES and count >= 1):
        raise ConfigError(
            f"expected a precision above 0, at least {_FEWEST_OUTCOMES} outcomes and a count of "
            f"at least 1, not {precision:g} MeV, {outcomes} and {count}"
        )
    law, at = forecast.law, _rows(forecast, candidates)
    outlook: EnergyExpectedVariance | DripLineExpectedVariance
    if isinstance(target, DripLine):
        points = candidates.append(target.nuclei.difference(candidates))
        outlook = DripLineExpectedVariance(
            law, points, _rows(forecast, points), target, forecast.known_masses, precision,
            outcomes, len(candidates), np.random.default_rng(seed),
        )  # fmt: skip
        unit, quantities = "neutrons", 1
    else:
        rows = _rows(forecast, target.form.nuclei)
        known = float(target.known_variance.sum())
        outlook = EnergyExpectedVariance(
            law, target.form, rows, at, precision, known_variance=known
        )
        unit, quantities = "MeV", len(target.nuclei)
    if not outlook.before > 0:
        raise DomainError(
            f"target {target.name!r} is the same on all surfaces: expected one that is uncertain"
            + (", as the chart ends before it" if isinstance(outlook, DripLineExpectedVariance)
               and outlook.at_edge > 0 else "")
        )  # fmt: skip
    alone, together = _choose(outlook, candidates, count, quantities)
    sd = forecast.masses()["mass_excess_sd"]
    alone.insert(0, "sd", sd.reindex(alone.index).to_numpy())
    before = float(np.sqrt(outlook.before / quantities))
    at_edge = outlook.at_edge if isinstance(outlook, DripLineExpectedVariance) else 0.0
    return Ranking(target, unit, quantities, before, at_edge, alone, together)


def _rows(forecast: Forecast, nuclei: pd.MultiIndex) -> IntArray:
    """Positions of nuclei in the joint law."""
    rows = forecast.law_rows(nuclei)
    if (rows < 0).any():
        Z, N = (int(each[int(np.argmax(rows < 0))]) for each in numbers(nuclei))
        raise DomainError(
            f"{label(Z, N)}: expected an unmeasured nucleus that one of the models covers"
        )
    return rows


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
