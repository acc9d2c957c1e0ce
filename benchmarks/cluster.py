"""What workers gain and cost: python benchmarks/cluster.py.

Ratios of one run: the efficiency of two workers over one on eight equal forecasts (bar 0.85 on two
free cores), the time of the engine for each task (bar 0.3 s), bytes of a task and of its result,
and the model of docs/explanation/study-on-a-cluster.md, tasks * (seconds + overhead) / workers,
against 200 small forecasts on one worker and on two.  Other processes change all of these: the
cores that they take meanwhile are printed, and the efficiency is measured several times.
"""

import operator
import pickle
import time
from functools import cache

import numpy as np
import psutil
from rich.console import Console

from bmm.data import load_measured
from bmm.evaluation.splits import random_folds
from bmm.execution.cluster import local_workers
from bmm.execution.progress import Progress
from bmm.execution.tasks import Task
from bmm.methods.averages import EqualWeights
from bmm.methods.corrected import CorrectedMixture
from bmm.methods.forecasting import make_forecast
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.library import load_model

REGION = Domain(Z=(28, 50), N=(28, 82))
MODELS = ("FRDM2012", "DZ33")
TRIVIAL, SMALL, EQUAL, REPETITIONS = 200, 200, 8, 5


@cache
def problem():
    """Training nuclei, test nuclei and theory of one fold."""
    masses = load_measured("AME2020")
    split = random_folds(masses[REGION.covers(masses.index)], 3, 1)[0]
    nuclei = split.training.index.union(split.test.index).sort_values()
    fitted = [load_model(name).fit(split.training) for name in MODELS]
    return split.training, split.test.index, predict_all(fitted, nuclide_index(*numbers(nuclei)))


def forecasts(method, count):
    """Make tasks of one method that differ by their seeds."""
    name = method.label
    return [
        Task(f"{name}-{seed}", f"{name} {seed}", make_forecast, (method, *problem(), seed))
        for seed in range(count)
    ]


def busy():
    """Processor time of all processes of the machine, and of this one and its workers, seconds."""
    times = psutil.cpu_times()
    own = psutil.Process()
    mine = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return np.array([times.user + times.nice + times.system,
                     sum(each.user + each.system for each in mine)])  # fmt: skip


def timed(engine, tasks):
    """Wall time of tasks, what their functions took, seconds, and the cores others took."""
    before, begun, inside = busy(), time.perf_counter(), 0.0
    with Progress(Console(quiet=True), len(tasks), engine.places) as progress:
        for done in engine.run(tasks, progress):
            assert done.error is None, done.error
            inside += getattr(done.result, "seconds", 0.0)
    wall = time.perf_counter() - begun
    every, own = busy() - before
    return wall, inside, max(0.0, every - own) / wall


def main():
    """Measure, and print."""
    equal = forecasts(CorrectedMixture(model="FRDM2012"), EQUAL)
    small = forecasts(EqualWeights(), SMALL)
    trivial = [Task(str(n), str(n), operator.add, (n, 1)) for n in range(TRIVIAL)]
    result = make_forecast(*small[0].arguments)
    print(f"task {len(pickle.dumps(small[0].arguments)) / 1e6:.2f} MB, "
          f"result {len(pickle.dumps(result)) / 1e6:.2f} MB")  # fmt: skip
    overhead = 0.0
    with local_workers(1) as one, local_workers(2) as two:
        for workers, engine in ((1, one), (2, two)):
            timed(engine, equal[:workers])  # libraries are imported, loops compiled
            wall, _, others = timed(engine, trivial)
            print(f"{workers} workers: {TRIVIAL} empty tasks, {1000 * wall / TRIVIAL:.1f} ms each; "
                  f"others take {others:.1f} cores")  # fmt: skip
            wall, inside, others = timed(engine, small)
            if workers == 1:
                overhead = (wall - inside) / SMALL
                print(f"  overhead of a forecast {1000 * overhead:.0f} ms (bar 300 ms)")
            model = (inside + SMALL * overhead) / workers
            print(f"  {SMALL} small forecasts: {wall:.1f} s, by the model {model:.1f} s, ratio "
                  f"{wall / model:.2f}; others take {others:.1f} cores", flush=True)  # fmt: skip
        for _ in range(REPETITIONS):
            first, _, quiet = timed(one, equal)
            second, _, others = timed(two, equal)
            print(f"{EQUAL} equal forecasts: {first:.1f} s on 1 worker, {second:.1f} s on 2, "
                  f"efficiency {first / second / 2:.2f} (bar 0.85); others take "
                  f"{quiet:.1f} and {others:.1f} cores", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
