"""Effective samples per second of bmm and of its rivals."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import arviz as az
import nutpie
import pymc as pm
import xarray as xr
from agreement import assert_exact_agrees, assert_hsgp_agrees
from rich.table import Table
from rivals import exact_model, hsgp_model
from study import Study

from bmm.mixing.compilation import Compiled, compile_mixture, compile_model
from bmm.mixing.sampling import sample
from bmm.mixing.settings import Sampler

HYPERPARAMETERS = ["sigma", "mu", "eta", "rho_Z", "rho_N"]
SEED = 1
# Beyond these, the estimate of an effective sample size is itself not to be trusted.
MAX_R_HAT = 1.05
MIN_ESS_PER_CHAIN = 25


@dataclass(frozen=True)
class Run:
    """Draws of one sampler and what they cost.

    Parameters
    ----------
    posterior : Dataset
        Kept draws.
    settings : Sampler
        Chains, draws, warm-up.
    gradients : float
        Mean number of gradients for a kept draw.
    compilation, warm_up, sampling : float
        Wall times, seconds; of warm-up and of sampling, those of the slowest chain.
    """

    posterior: xr.Dataset
    settings: Sampler
    gradients: float
    compilation: float
    warm_up: float
    sampling: float


class _Clock:
    """Notes when each chain begins, leaves its warm-up and ends, from nutpie's reports.

    bmm runs every chain by a call of its own.
    """

    def __init__(self) -> None:
        self.begun: dict[int, float] = {}
        self.warm: dict[int, tuple[float, int]] = {}
        self.ended: dict[int, tuple[float, int]] = {}

    def note(self, number: int, chain) -> None:
        """Take a report of a chain."""
        now = time.perf_counter()
        self.begun.setdefault(number, now)
        if not chain.tuning:
            self.warm.setdefault(number, (now, chain.total_num_steps))
        if chain.finished_draws == chain.total_draws:
            self.ended.setdefault(number, (now, chain.total_num_steps))


@contextmanager
def _timed() -> Iterator[_Clock]:
    """Listen to the reports that nutpie makes to its caller."""
    clock, original, numbers = _Clock(), nutpie.sample, itertools.count()

    def listening(*arguments, progress_callback, **options):
        number = next(numbers)

        def report(chains) -> None:
            clock.note(number, chains[0])
            progress_callback(chains)

        return original(*arguments, progress_callback=report, progress_rate=10, **options)

    with mock.patch.object(nutpie, "sample", listening):
        yield clock


def nutpie_run(compiled: Compiled, settings: Sampler) -> Run:
    """Sample with bmm's own runner of nutpie."""
    with _timed() as clock:
        sampled = sample(compiled, settings, SEED)
    chains = range(settings.chains)
    steps = [clock.ended[c][1] - clock.warm[c][1] for c in chains]
    return Run(
        sampled.tree["posterior"].to_dataset(),
        settings,
        sum(steps) / (settings.chains * settings.draws),
        sampled.compile_seconds,
        max(clock.warm[c][0] - clock.begun[c] for c in chains),
        max(clock.ended[c][0] - clock.warm[c][0] for c in chains),
    )


def pymc_run(model: pm.Model, settings: Sampler) -> Run:
    """Sample with PyMC's own NUTS, left at its defaults; the slowest chain counts."""
    begun = time.perf_counter()
    with model:
        tree = pm.sample(
            settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.chains,
            nuts_sampler="pymc",
            random_seed=SEED,
            discard_tuned_samples=False,
            compute_convergence_checks=False,
            progressbar=False,
        )
    elapsed = time.perf_counter() - begun
    warm_up, sampling = (
        float(tree[group]["perf_counter_diff"].sum("draw").max())
        for group in ("warmup_sample_stats", "sample_stats")
    )
    posterior = tree["posterior"].to_dataset()
    steps = float(tree["sample_stats"]["n_steps"].mean())
    return Run(posterior, settings, steps, elapsed - warm_up - sampling, warm_up, sampling)


def rival_run(model: pm.Model, settings: Sampler) -> Run:
    """Sample a rival's model in the same way."""
    return nutpie_run(compile_model(model), settings)


type Rival = tuple[Callable[[Study], pm.Model], Callable[[pm.Model, Sampler], Run]]


def race(whole: Study, few: Study, ours: Sampler, theirs: Sampler) -> Iterator[Table]:
    """Run all, after a proof that they sample the same density, and tabulate.

    Parameters
    ----------
    whole : Study
        The problem for the HSGP.
    few : Study
        The problem, of fewer nuclei, for the exact Gaussian process.
    ours, theirs : Sampler
        Settings for bmm and for its rivals.
    """
    assert_hsgp_agrees(whole)
    yield _lap(
        whole,
        {"HSGP, nutpie": (hsgp_model, rival_run), "HSGP, PyMC": (hsgp_model, pymc_run)},
        ours,
        theirs,
    )
    assert_exact_agrees(few)
    yield _lap(few, {"exact GP, nutpie": (exact_model, rival_run)}, ours, theirs)


def _lap(study: Study, rivals: dict[str, Rival], ours: Sampler, theirs: Sampler) -> Table:
    table = Table(title=f"{study.size}, {ours.chains} chains side by side")
    table.add_column("sampler", no_wrap=True)
    for heading in (
        "warm-up + draws", "compile (s)", "warm up (s)", "sample (s)", "gradients / draw", "R-hat",
        "bulk-ESS", "ESS/s", "ESS/s with warm-up",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    compiled = compile_mixture(study.problem, (study.axis_Z, study.axis_N), study.settings)
    table.add_row("bmm", *_cells(nutpie_run(compiled, ours)))
    for name, (write, run) in rivals.items():
        table.add_row(name, *_cells(run(write(study), theirs)))
    table.caption = (
        "Largest R-hat and least bulk-ESS of sigma, mu, eta, rho_Z, rho_N.  Not converged: R-hat "
        f"above {MAX_R_HAT} or ESS below {MIN_ESS_PER_CHAIN} a chain, which more draws may correct."
    )
    return table


def _cells(run: Run) -> list[str]:
    draws = run.posterior[HYPERPARAMETERS]
    r_hat = max(float(values.max()) for values in az.rhat(draws).values())
    least = {str(name): float(x.min()) for name, x in az.ess(draws, method="bulk").items()}
    worst = min(least, key=least.__getitem__)
    ess = least[worst]
    settings = run.settings
    if r_hat <= MAX_R_HAT and ess >= MIN_ESS_PER_CHAIN * settings.chains:
        rates = [ess / run.sampling, ess / (run.warm_up + run.sampling)]
        shown = [f"{ess:.0f} ({worst})", *(f"{rate:.3g}" for rate in rates)]
    else:
        shown = ["not converged", "", ""]
    times = (run.compilation, run.warm_up, run.sampling)
    return [
        f"{settings.tune} + {settings.draws}",
        *(f"{seconds:.1f}" for seconds in times),
        f"{run.gradients:.0f}",
        f"{r_hat:.3f}",
        *shown,
    ]
