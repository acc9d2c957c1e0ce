"""The active learning loop: learn, choose, compute, and again.

What happens in a round depends on the seed, its number and the rounds before, so that a loop which
goes on where it was killed ends as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from bmm.emulation.acquisition import ACQUISITIONS, choose
from bmm.emulation.belief import Belief, Emulator, Learner
from bmm.emulation.focus import Focus
from bmm.emulation.surface import Surface
from bmm.errors import ConfigError

__all__ = ["LoopSettings", "Round", "State", "points_of", "run_loop", "start_set"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_SMALLEST_BATCH = 4


class LoopSettings(BaseModel):
    """How points are chosen, and when to stop.

    Parameters
    ----------
    start, budget : float
        Points computed at the start and at the end: a share of all if at most 1, a number if more.
    growth : float
        Points added in each round, as a share of those computed.
    acquisition : {"spread", "error-reduction", "random", "space-filling"}
        See `bmm.emulation.acquisition`.
    target_error : float, optional
        Stop sooner, once the emulator's own estimate of its rmse is this small, MeV.
    within : float, optional
        The energies that matter, MeV above `minimum`; all if not given.
    minimum : float, optional
        Such as the energy of the ground state, MeV; the lowest of the table if not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: PositiveFloat = 0.03
    budget: PositiveFloat = 0.25
    growth: PositiveFloat = 0.2
    acquisition: Literal["spread", "error-reduction", "random", "space-filling"] = "spread"
    target_error: PositiveFloat | None = None
    within: PositiveFloat | None = None
    minimum: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if self.minimum is not None and self.within is None:
            raise ValueError("'minimum' is the lower end of a window: expected 'within' as well")
        return self

    def focus(self, surface: Surface) -> Focus | None:
        """The window of energies, if there is one."""
        if self.within is None:
            return None
        lowest = float(surface.energy.min()) if self.minimum is None else self.minimum
        return Focus(lowest, self.within)


@dataclass(frozen=True)
class Round:
    """One turn of the loop.

    Parameters
    ----------
    points : int
        Computed so far.
    inside : int
        Of these, how many have an energy that matters.
    estimated : float
        The emulator's own estimate of its rmse over the points that it believes to matter, MeV.
    rmse : float
        Of the emulator over all points that matter, MeV.
    rmse_left : float
        Over those that are not computed, MeV.
    """

    points: int
    inside: int
    estimated: float
    rmse: float
    rmse_left: float


@dataclass(frozen=True)
class State:
    """The loop after a round.

    Parameters
    ----------
    computed : int array
        Numbers of the computed points, in the order in which they were.
    rounds : tuple of Round
        One for each emulator.
    emulator : Emulator
        The latest.
    mean, sd : array (n,)
        What it says of all points; the mean in MeV, the sd where energies are not compressed.
    """

    computed: IntArray
    rounds: tuple[Round, ...]
    emulator: Emulator
    mean: FloatArray
    sd: FloatArray


def points_of(amount: float, n: int) -> int:
    """Number of points that a share (at most 1) or a number (more than 1) stands for."""
    return round(amount * n) if amount <= 1 else round(amount)


def start_set(surface: Surface, settings: LoopSettings, seed: int) -> IntArray:
    """Numbers of the points computed first, drawn at random.

    Raises
    ------
    ConfigError
        If there would be fewer than 5, the budget is below them, or above all points.
    """
    n = len(surface)
    first, last = points_of(settings.start, n), points_of(settings.budget, n)
    if first < _SMALLEST_BATCH + 1:
        raise ConfigError(
            f"start = {settings.start:g} means {first} of the {n} points: expected at least "
            f"{_SMALLEST_BATCH + 1}"
        )
    if not first <= last <= n:
        raise ConfigError(
            f"budget = {settings.budget:g} means {last} points: expected at least the {first} of "
            f"the start and at most all {n}"
        )
    return np.random.default_rng([seed, 0]).choice(n, first, replace=False)


def run_loop(
    surface: Surface,
    learner: Learner,
    settings: LoopSettings,
    seed: int,
    *,
    resumed: tuple[IntArray, Sequence[Round], Emulator | None] | None = None,
    after: Callable[[State], None] | None = None,
) -> State:
    """Run the loop until the budget is spent or the target error reached.

    Parameters
    ----------
    surface : Surface
        The theory; only energies of computed points are shown to the emulator.
    learner : Learner
        Kind of emulator.
    settings : LoopSettings
        How to choose, and when to stop.
    seed : int
        For the start set, the emulator and random choices.
    resumed : tuple, optional
        Computed points, rounds and emulator of an earlier `State`.
    after : callable, optional
        Called after every round.

    Returns
    -------
    State
        The last.
    """
    focus = settings.focus(surface)
    points = surface.scaled
    budget = points_of(settings.budget, len(surface))
    computed = start_set(surface, settings, seed)
    rounds: tuple[Round, ...] = ()
    emulator: Emulator | None = None
    if resumed is not None:
        computed, rounds, emulator = resumed[0], tuple(resumed[1]), resumed[2]
        if _is_over(settings, rounds[-1], budget):
            raise ConfigError("the loop is over: there is nothing to go on with")
    values = surface.energy if focus is None else focus.compress(surface.energy)
    while True:
        turn = len(rounds)
        if turn and emulator is not None:
            belief = emulator.at(points)
            computed = np.append(
                computed, _choose(settings, belief, points, computed, focus, budget, seed, turn)
            )
        emulator = learner.fit(
            points[computed], values[computed], _seed(seed, turn), emulator
        )
        belief = emulator.at(points)
        rounds = (*rounds, _score(surface, belief, computed, focus))
        mean = belief.mean if focus is None else focus.expand(belief.mean)
        state = State(computed, rounds, emulator, mean, belief.sd)
        if after is not None:
            after(state)
        if _is_over(settings, rounds[-1], budget):
            return state


def _seed(seed: int, turn: int) -> int:
    """A seed for the emulator of a round."""
    return int(np.random.SeedSequence([seed, turn, 1]).generate_state(1)[0]) >> 1


def _is_over(settings: LoopSettings, latest: Round, budget: int) -> bool:
    met = settings.target_error is not None and latest.estimated <= settings.target_error
    return met or latest.points >= budget


def _choose(
    settings: LoopSettings,
    belief: Belief,
    points: FloatArray,
    computed: IntArray,
    focus: Focus | None,
    budget: int,
    seed: int,
    turn: int,
) -> IntArray:
    batch = max(_SMALLEST_BATCH, round(settings.growth * len(computed)))
    return choose(
        settings.acquisition,
        belief,
        points,
        computed,
        min(batch, budget - len(computed)),
        _weight(belief, focus),
        np.random.default_rng([seed, turn, 2]),
    )


def _weight(belief: Belief, focus: Focus | None) -> FloatArray:
    """How much the error at each point counts: the probability that its energy matters."""
    if focus is None:
        return np.ones(len(belief.mean))
    return focus.probability(belief.mean, belief.sd)


def _score(surface: Surface, belief: Belief, computed: IntArray, focus: Focus | None) -> Round:
    weight = _weight(belief, focus)
    mean = belief.mean if focus is None else focus.expand(belief.mean)
    matter = np.ones(len(surface), dtype=bool) if focus is None else focus.contains(surface.energy)
    error = (mean - surface.energy) ** 2
    left = matter.copy()
    left[computed] = False
    return Round(
        points=len(computed),
        inside=int(matter[computed].sum()),
        estimated=float(np.sqrt(weight @ belief.sd**2 / max(weight.sum(), 1e-12))),
        rmse=float(np.sqrt(error[matter].mean())) if matter.any() else np.nan,
        rmse_left=float(np.sqrt(error[left].mean())) if left.any() else np.nan,
    )
