"""Scan subsets of models: python examples/model_subsets.py OUTPUT.csv [WORKERS].

Fits the local mixture to every pair of some models and compares them by leave-one-out, on the
nuclei around tin.  Take your own models and region.  With a number of workers, that many processes
share the pairs (this needs Dask: pip install 'nuclear-bmm[cluster]'); for a cluster, put
`bmm.execution.cluster.connected` and its address in place of `local_workers`.
"""

import sys
from contextlib import nullcontext
from itertools import combinations
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
from rich.console import Console

import bmm
from bmm.execution.cluster import local_workers
from bmm.execution.progress import Progress
from bmm.execution.tasks import SerialEngine, Task
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.nuclides import nuclide_index

MODELS = ("HFB26", "DZ33", "FRDM1995")
SETTINGS = Mixing(basis=Basis(m_Z=6, m_N=10), sampler=Sampler(draws=500, tune=500))


def score(pair: tuple[str, ...]) -> dict[str, object]:
    """Fit a pair: elpd and its standard error, convergence, mean weight of the first model."""
    measured = bmm.load_measured("AME2020").query("44 <= Z <= 56 and 50 <= N <= 90")
    nuclei = nuclide_index(*np.array(measured.index.to_list()).T)
    models = [bmm.load_model(name).fit(measured) for name in pair]
    theory = bmm.predict_all(models, nuclei)
    tree = bmm.fit(measured, theory, theory, SETTINGS, seed=1)
    loo = az.loo(tree)
    weight = bmm.predict(tree).summary["weight"].mean("nucleus").to_numpy()
    return {
        "models": " + ".join(pair), "elpd": float(loo.elpd), "se": float(loo.se),
        "converged": bmm.convergence_of(tree).converged, "first_weight": float(weight[0]),
    }  # fmt: skip


def main(output: Path, workers: int | None = None) -> None:
    """Write one row for each pair as it is finished."""
    pairs = list(combinations(MODELS, 2))
    tasks = [Task(" + ".join(pair), " + ".join(pair), score, (pair,), 1.5) for pair in pairs]
    chosen = nullcontext(SerialEngine()) if workers is None else local_workers(workers)
    rows = {}
    with chosen as engine, Progress(Console(), len(tasks), engine.places) as progress:
        for done in engine.run(tasks, progress):
            if done.error is not None:
                raise done.error
            rows[done.task.key] = done.result
            in_order = [rows[task.key] for task in tasks if task.key in rows]
            pd.DataFrame(in_order).to_csv(output, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
