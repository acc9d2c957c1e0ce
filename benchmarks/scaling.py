"""Time and memory of a gradient, and of a prediction, as the problem grows."""

from __future__ import annotations

import math
import time

import numpy as np
import xarray as xr
from rich.table import Table
from study import (
    MEAN_OF,
    gradient_ms,
    in_a_fresh_process,
    occupations,
    one_draw,
    peak_memory_MB,
)
from threadpoolctl import threadpool_limits

from bmm.data import load_measured
from bmm.mixing.compilation import compile_mixture
from bmm.prediction.predictive import predict

# Nuclei, models, functions along Z and along N: one of them grows, the others stay.
MIDDLE = (1200, 4, 16, 24)
LADDERS = {
    "nuclei": [(n, *MIDDLE[1:]) for n in (300, 600, 1200, 2400)],
    "models": [(MIDDLE[0], K, *MIDDLE[2:]) for K in (2, 4, 8, 12)],
    "functions": [(*MIDDLE[:2], m, m * 3 // 2) for m in (8, 16, 24, 32)],
}
_REPEATS = 300


def gradient_cost(nuclei: int, models: int, m_Z: int, m_N: int) -> tuple[float, float]:
    """Time (ms) of a gradient, and the peak memory (MB) of the process."""
    study = occupations(m_Z, m_N, nuclei=nuclei, models=models, least=8)
    compiled = compile_mixture(study.problem, (study.axis_Z, study.axis_N), study.settings)
    with threadpool_limits(limits=1):
        return gradient_ms(compiled, _REPEATS), peak_memory_MB()


def scaling_table() -> Table:
    """Tabulate the cost of a gradient along each ladder, with log-log slopes."""
    table = Table(title="One log density with its gradient, as the problem grows")
    for heading in ("nuclei", "models", "basis", "time (ms)", "peak (MB)"):
        table.add_column(heading, justify="right")
    for name, ladder in LADDERS.items():
        table.add_section()
        costs = [in_a_fresh_process(gradient_cost, *sizes) for sizes in ladder]
        for (nuclei, models, m_Z, m_N), (ms, memory) in zip(ladder, costs, strict=True):
            table.add_row(str(nuclei), str(models), f"{m_Z} x {m_N}", f"{ms:.3f}", f"{memory:.0f}")
        position = 0 if name == "nuclei" else 1
        grown = [math.prod(s[2:]) if name == "functions" else s[position] for s in ladder]
        slopes = [np.polyfit(np.log(grown), np.log(values), 1)[0] for values in np.transpose(costs)]
        table.add_row("", "", f"[bold]slope by {name}", *(f"[bold]{slope:.2f}" for slope in slopes))
    table.caption = (
        f"Best of {_REPEATS} means of {MEAN_OF}, one thread.  Each row in a process of its own, "
        "whose peak memory includes imports and compilation."
    )
    return table


def prediction_cost(tree: xr.DataTree) -> tuple[float, float, float, float]:
    """Wall and processor time (s) of `bmm.predict` for a whole chart; peak MB before and after."""
    measured = load_measured("AME2020")
    before = peak_memory_MB()
    begun = time.perf_counter(), time.process_time()
    predict(tree, measured=measured)
    elapsed = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return *elapsed, before, peak_memory_MB()


def with_random_draws(tree: xr.DataTree, draws: int) -> xr.DataTree:
    """Put draws from the prior in place of a posterior."""
    rng = np.random.default_rng(0)
    posterior = tree["posterior"].to_dataset()
    K, m_Z, m_N = (posterior.sizes[name] for name in ("theory", "basis_Z", "basis_N"))
    per_model = ("chain", "draw", "theory")
    coefficients = rng.standard_normal((1, draws, K, m_Z, m_N), dtype=np.float32)
    made = xr.Dataset(
        {
            "sigma": (per_model, rng.gamma(10, size=(1, draws, K))),
            "mu": (per_model, rng.normal(size=(1, draws, K))),
            "eta": (per_model, rng.gamma(10, 1 / 2, size=(1, draws, K))),
            "rho_Z": (("chain", "draw"), rng.gamma(100, 1 / 10, size=(1, draws))),
            "rho_N": (("chain", "draw"), rng.gamma(100, 1 / 10, size=(1, draws))),
            "beta": ((*per_model, "basis_Z", "basis_N"), coefficients),
        },
        coords={"theory": posterior["theory"]},
    )
    replaced = xr.DataTree.from_dict({"posterior": made, "chart": tree["chart"].to_dataset()})
    replaced.attrs = tree.attrs
    return replaced


def prediction_table(draws: int = 1000, m_Z: int = 25, m_N: int = 42) -> Table:
    """Tabulate what the prediction of the default chart costs."""
    fitted = one_draw("default", m_Z, m_N)
    table = Table(title=f"bmm.predict of the whole chart, basis {m_Z} x {m_N}")
    for heading in ("nuclei", "models", "draws", "time (s)", "of one processor (s)"):
        table.add_column(heading, justify="right")
    for heading in ("memory before (MB)", "peak (MB)"):
        table.add_column(heading, justify="right")
    sizes = [str(fitted["chart"].sizes[name]) for name in ("nucleus", "theory")]
    for count in (draws // 4, draws // 2, draws):
        *times, before, peak = in_a_fresh_process(prediction_cost, with_random_draws(fitted, count))
        shown = *(f"{each:.1f}" for each in times), f"{before:.0f}", f"{peak:.0f}"
        table.add_row(*sizes, str(count), *shown)
    table.caption = "Draws from the prior, the measured masses of AME2020 scored on the way."
    return table
