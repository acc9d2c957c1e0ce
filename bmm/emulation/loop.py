"""The active learning loop: learn, choose, compute, and again.

What happens in a round depends on the seed, its number and the rounds before, so that a resumed
loop has the same result as one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, PositiveFloat, model_validator
from threadpoolctl import threadpool_limits

from bmm.arrays import FloatArray, IntArray
from bmm.configuration import Configuration
from bmm.emulation.acquisition import ACQUISITIONS, choose
from bmm.emulation.calibration import Calibration, fit_calibration
from bmm.emulation.energy_surface import Surface
from bmm.emulation.energy_window import EnergyWindow
from bmm.emulation.surrogate import Emulator, Learner
from bmm.errors import ConfigError

__all__ = ["LoopSettings", "Round", "State", "points_of", "run_loop", "start_set"]


_SMALLEST_BATCH = 4


class LoopSettings(Configuration):
    """How points are chosen, and when to stop.

    Parameters
    ----------
    start, budget : float
        Points computed at the start and at the end: a share of all if at most 1, a number if more.
    growth : float
        Points added in each round, as a share of those computed.
    marks : tuple of float, default (0.1,)
        Numbers of points, or shares, at which a round ends, so that errors can be compared there.
    acquisition : str, default "spread"
        One of `bmm.emulation.acquisition.ACQUISITIONS`.
    target_error : float, optional
        Stop sooner, once the emulator's own estimate of its rmse is this small, MeV.
    within : float, optional
        Width of the window of relevant energies, MeV above `minimum`; all if not given.
    minimum : float, optional
        Such as the energy of the ground state, MeV; the lowest of the table if not given.

    Examples
    --------
    A tenth of the points, the first 40 of them drawn at random:

    >>> from bmm.emulation.loop import LoopSettings
    >>> settings = LoopSettings(start=40, budget=0.1)
    >>> settings.acquisition, settings.growth
    ('spread', 0.1)
    """

    start: PositiveFloat = 0.03
    budget: PositiveFloat = 0.25
    growth: PositiveFloat = 0.1
    marks: tuple[PositiveFloat, ...] = (0.1,)
    acquisition: Annotated[str, AfterValidator(ACQUISITIONS.known)] = "spread"
    target_error: PositiveFloat | None = None
    within: PositiveFloat | None = None
    minimum: float | None = None

    @model_validator(mode="after")
    def _has_a_width(self) -> Self:
        if self.minimum is not None and self.within is None:
            raise ValueError("'minimum' is the lower end of a window: expected 'within' as well")
        return self

    def energy_window(self, surface: Surface) -> EnergyWindow | None:
        """Give the window of energies, if there is one."""
        if self.within is None:
            return None
        lowest = float(surface.energy.min()) if self.minimum is None else self.minimum
        return EnergyWindow(lowest, self.within)


@dataclass(frozen=True)
class Round:
    """One turn of the loop.

    Parameters
    ----------
    points : int
        Computed so far.
    inside : int
        Of these, how many have a relevant energy.
    estimated : float
        The emulator's own estimate of its rmse over the points that it expects to be relevant, MeV.
    rmse : float
        Of the emulator over all relevant points, MeV.
    rmse_left : float
        Over those that are not computed, MeV.

    Examples
    --------
    >>> from bmm.emulation.loop import Round
    >>> Round(points=46, inside=40, estimated=0.5, rmse=0.6, rmse_left=0.62).rmse
    0.6
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
        Numbers of the computed points, in the order of their computation.
    rounds : tuple of Round
        One for each emulator.
    prediction_errors : array (m, 2)
        Of every point chosen so far, before it was computed: the error of the emulator, and the
        standard deviation that it stated; in the scale in which energies are learned, MeV.
    emulator : Emulator
        The latest.
    means : array (round, n)
        Energies that the emulator of each round predicts at all points, MeV.
    sd : array (n,)
        Its estimate of its errors where energies are not compressed, calibrated on the
        prediction errors; the scale of a Student-t with `bmm.distributions.student_t.NU` degrees of
        freedom, MeV.

    Examples
    --------
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.emulation.loop import LoopSettings, run_loop
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> settings = LoopSettings(start=10, budget=10, marks=())
    >>> learner = ProcessLearner(kernels=("matern-5/2",))
    >>> state = run_loop(analytic_surface(10, 10), learner, settings, seed=1)
    >>> len(state.computed), state.means.shape
    (10, (1, 100))
    """

    computed: IntArray
    rounds: tuple[Round, ...]
    prediction_errors: FloatArray
    emulator: Emulator
    means: FloatArray
    sd: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Prediction of the latest emulator for the energy at all points (n,), MeV."""
        return np.asarray(self.means[-1])


def points_of(amount: float, n: int) -> int:
    """Turn a share of n points (at most 1), or a number of them (more than 1), into a number.

    Examples
    --------
    >>> from bmm.emulation.loop import points_of
    >>> points_of(0.1, 1558), points_of(40, 1558)
    (156, 40)
    """
    return round(amount * n) if amount <= 1 else round(amount)


def start_set(surface: Surface, settings: LoopSettings, seed: int) -> IntArray:
    """Numbers of the points computed first, drawn at random.

    Raises
    ------
    ConfigError
        If there would be fewer than 5, the budget is below them, or above all points.

    Examples
    --------
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.emulation.loop import LoopSettings, start_set
    >>> len(start_set(analytic_surface(), LoopSettings(start=0.05), seed=1))  # of 1125
    56
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
    resumed: State | None = None,
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
    resumed : State, optional
        The state after an earlier round, to go on from.
    after : callable, optional
        Called after every round.

    Returns
    -------
    State
        The last.

    Examples
    --------
    Four more points of 100, chosen where a stationary process is least certain:

    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.emulation.loop import LoopSettings, run_loop
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> settings = LoopSettings(start=10, budget=14, growth=0.4, marks=())
    >>> learner = ProcessLearner(kernels=("matern-5/2",))
    >>> state = run_loop(analytic_surface(10, 10), learner, settings, seed=1)
    >>> [each.points for each in state.rounds]
    [10, 14]
    """
    budget = points_of(settings.budget, len(surface))
    # On several threads, linear algebra rounds differently: a seed would not give the same points.
    with threadpool_limits(limits=1, user_api="blas"):
        state = resumed or _begin(surface, learner, settings, seed)
        if resumed is None and after is not None:
            after(state)
        while not _is_over(settings, state.rounds[-1], budget):
            state = _go_on(surface, learner, settings, seed, state)
            if after is not None:
                after(state)
    return state


def _begin(surface: Surface, learner: Learner, settings: LoopSettings, seed: int) -> State:
    """Do the first round."""
    computed = start_set(surface, settings, seed)
    return _learn(surface, learner, settings, seed, computed, np.empty((0, 2)), None)


def _go_on(
    surface: Surface, learner: Learner, settings: LoopSettings, seed: int, state: State
) -> State:
    """Do one round more."""
    energy_window, turn = settings.energy_window(surface), len(state.rounds)
    predicted = state.emulator.at(surface.scaled)
    sd = _calibration(state.prediction_errors).sd(predicted.sd)
    known, n = len(state.computed), len(surface)
    ends = [points_of(each, n) for each in (*settings.marks, settings.budget)]
    batch = max(_SMALLEST_BATCH, round(settings.growth * known))
    chosen = choose(
        settings.acquisition,
        predicted,
        surface.scaled,
        state.computed,
        min(batch, *(end - known for end in ends if end > known)),
        # Squared, since a computed point that turns out to be irrelevant is wasted.
        _weight(predicted.mean, sd, energy_window) ** 2,
        np.random.default_rng([seed, turn, 2]),
    )
    error = _learned(surface, energy_window)[chosen] - predicted.mean[chosen]
    prediction_errors = np.concatenate(
        [state.prediction_errors, np.column_stack([error, predicted.sd[chosen]])]
    )
    computed = np.append(state.computed, chosen)
    return _learn(surface, learner, settings, seed, computed, prediction_errors, state)


def _learn(
    surface: Surface,
    learner: Learner,
    settings: LoopSettings,
    seed: int,
    computed: IntArray,
    prediction_errors: FloatArray,
    before: State | None,
) -> State:
    """Learn from the computed points, and compare the emulator with the surface."""
    energy_window = settings.energy_window(surface)
    values = _learned(surface, energy_window)[computed]
    rounds = before.rounds if before else ()
    previous = before.emulator if before else None
    emulator = learner.fit(surface.scaled[computed], values, _seed(seed, len(rounds)), previous)
    predicted = emulator.at(surface.scaled)
    # Beyond the energies it has learned from, an emulator extrapolates; expanding would amplify
    # that.
    seen = np.clip(predicted.mean, values.min(), values.max())
    mean = predicted.mean if energy_window is None else energy_window.expand(seen)
    sd = _calibration(prediction_errors).sd(predicted.sd)
    weight = _weight(predicted.mean, sd, energy_window)
    matter = (
        np.ones(len(surface), dtype=bool)
        if energy_window is None
        else energy_window.contains(surface.energy)
    )
    left = matter.copy()
    left[computed] = False
    latest = Round(
        points=len(computed),
        inside=int(matter[computed].sum()),
        estimated=float(np.sqrt(weight @ sd**2 / max(weight.sum(), 1e-12))),
        rmse=_rmse((mean - surface.energy)[matter]),
        rmse_left=_rmse((mean - surface.energy)[left]),
    )
    means = mean[None] if before is None else np.concatenate([before.means, mean[None]])
    return State(computed, (*rounds, latest), prediction_errors, emulator, means, sd)


def _learned(surface: Surface, energy_window: EnergyWindow | None) -> FloatArray:
    """Give the energies (n,) as the emulator learns them, MeV."""
    return surface.energy if energy_window is None else energy_window.compress(surface.energy)


def _calibration(prediction_errors: FloatArray) -> Calibration:
    """How the errors of chosen points compare with the stated uncertainties."""
    return fit_calibration(*prediction_errors.T) if len(prediction_errors) else Calibration()


def _rmse(error: FloatArray) -> float:
    return float(np.sqrt((error**2).mean())) if len(error) else float("nan")


def _weight(mean: FloatArray, sd: FloatArray, energy_window: EnergyWindow | None) -> FloatArray:
    """Weight of the error at each point: the probability that its energy is relevant."""
    return np.ones(len(mean)) if energy_window is None else energy_window.probability(mean, sd)


def _is_over(settings: LoopSettings, latest: Round, budget: int) -> bool:
    met = settings.target_error is not None and latest.estimated <= settings.target_error
    return met or latest.points >= budget


def _seed(seed: int, turn: int) -> int:
    """Make a seed for the emulator of a round."""
    return int(np.random.SeedSequence([seed, turn, 1]).generate_state(1)[0]) >> 1
