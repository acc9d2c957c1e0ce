"""What workers gain and cost: python benchmarks/cluster.py.

Ratios of one run: the efficiency of two workers over one on eight equal forecasts (bar 0.85 on two
free cores), the time of the engine for each task (bar 0.3 s), bytes of a task and of its result,
and the model of docs/explanation/study-on-a-cluster.md, tasks * (seconds + overhead) / workers,
against 200 small forecasts on one worker and on two.  The load of the machine is printed, because
other processes change all of these.
"""

import operator
import os
import pickle
import time
from functools import cache

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
TRIVIAL, SMALL, EQUAL = 200, 200, 8


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


def timed(engine, tasks):
    """Wall time of tasks, and the sum of what their functions took, seconds."""
    begun, inside = time.perf_counter(), 0.0
    with Progress(Console(quiet=True), len(tasks), engine.places) as progress:
        for done in engine.run(tasks, progress):
            assert done.error is None, done.error
            inside += getattr(done.result, "seconds", 0.0)
    return time.perf_counter() - begun, inside


def main():
    """Measure, and print."""
    equal = forecasts(CorrectedMixture(model="FRDM2012"), EQUAL)
    small = forecasts(EqualWeights(), SMALL)
    trivial = [Task(str(n), str(n), operator.add, (n, 1)) for n in range(TRIVIAL)]
    result = make_forecast(*small[0].arguments)
    print(f"task {len(pickle.dumps(small[0].arguments)) / 1e6:.2f} MB, "
          f"result {len(pickle.dumps(result)) / 1e6:.2f} MB")  # fmt: skip
    walls, overhead = {}, 0.0
    for workers in (1, 2):
        print(f"{workers} workers; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
        with local_workers(workers) as engine:
            timed(engine, equal[:workers])  # libraries are imported, loops compiled
            walls[workers], inside = timed(engine, equal)
            print(f"  {EQUAL} equal forecasts: {walls[workers]:.1f} s, inside {inside:.1f} s")
            wall, _ = timed(engine, trivial)
            print(f"  {TRIVIAL} empty tasks: {1000 * wall / TRIVIAL:.1f} ms each")
            wall, inside = timed(engine, small)
            if workers == 1:
                overhead = (wall - inside) / SMALL
                print(f"  overhead of a forecast {1000 * overhead:.0f} ms (bar 300 ms)")
            model = (inside + SMALL * overhead) / workers
            print(f"  {SMALL} small forecasts: {wall:.1f} s, by the model {model:.1f} s, "
                  f"ratio {wall / model:.2f}", flush=True)  # fmt: skip
    print(f"efficiency of 2 workers: {walls[1] / walls[2] / 2:.2f} (bar 0.85)")


if __name__ == "__main__":
    main()
