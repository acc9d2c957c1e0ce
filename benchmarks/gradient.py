"""Time of one gradient: two one-dimensional bases against the dense product basis.

Both compute the same log density and gradient of the SO occupation study (AME2020, Z, N >= 28),
in one process, on one thread.  Prints the ratio of the medians.

    uv run python benchmarks/gradient.py [m_Z m_N]
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from rich.console import Console
from rich.table import Table

from bmm.mixing.basis import Axis
from bmm.mixing.likelihood import LocalMixture
from bmm.mixing.model import build_model
from bmm.mixing.noise import likelihood_data
from bmm.mixing.problem import training_problem
from bmm.mixing.settings import Mixing
from bmm.nuclides import nuclide_index
from bmm.tables import load_measured
from bmm.theory.library import load_model

REPEATS = 300


def problem():
    """Assemble the training problem of the study."""
    measured = load_measured("AME2020")
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    measured = measured[(Z >= 28) & (N >= 28)]
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    theory = load_model("DZ10-SO").fit(measured).predict(nuclide_index(Z, N))
    return training_problem(measured, theory)


def dense_model(data, axes, settings):
    """Write the same density, the basis written out as nuclei x (m_Z m_N)."""
    phi_Z, phi_N = (axis.functions(data[axis.name].to_numpy()) for axis in axes)
    basis = (phi_Z[:, :, None] * phi_N[:, None, :]).reshape(len(phi_Z), -1)
    constants = likelihood_data(data, settings.noise)
    K = data.sizes["model"]
    with pm.Model() as model:
        sigma = pm.Gamma("sigma", 10, 1, shape=K)
        mu = pm.Normal("mu", 0, 1, shape=K)
        eta = pm.Gamma("eta", 10, 2, shape=K)
        rho = [pm.Gamma(f"rho_{axis.name}", 10, 1) for axis in axes]
        beta = pm.Normal("beta", 0, 1, shape=(K, axes[0].m, axes[1].m))
        root = [
            pt.sqrt(np.sqrt(2 * np.pi) * r) * pt.exp(-0.25 * (r * axis.omega) ** 2)
            for r, axis in zip(rho, axes, strict=True)
        ]
        scaled = beta * pt.sqrt(eta)[:, None, None] * root[0][None, :, None] * root[1][None, None]
        field = pt.dot(basis, scaled.reshape((K, -1)).T) + mu
        density = LocalMixture()(
            field, sigma, 4.0, 0.0, constants["mass"],
            *(constants[name] for name in ("theory", "covers", "variance", "log_A")),
        )[0]  # fmt: skip
        pm.Potential("mass_excess", density.sum())
    return model


def time_gradient(model):
    """Median time (ms) of one log density with its gradient, and their values."""
    function = model.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
    function.set_extra_values({})
    size = sum(np.size(value) for value in model.initial_point().values())
    point = np.random.default_rng(1).normal(0, 0.3, size)
    compiled = function._pytensor_function
    compiled.trust_input = True
    result = compiled(point)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        compiled(point)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times)), result


def main() -> None:
    """Print the comparison."""
    pytensor.config.numba__fastmath = False
    m_Z, m_N = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (24, 36)
    data = problem()
    settings = Mixing()
    axes = (Axis("Z", 28, 110, 1.2, m_Z), Axis("N", 28, 160, 1.2, m_N))
    ours, (value, gradient) = time_gradient(build_model(data, *axes, settings))
    dense, (dense_value, dense_gradient) = time_gradient(dense_model(data, axes, settings))
    np.testing.assert_allclose(value, dense_value, rtol=1e-10)
    np.testing.assert_allclose(np.sort(gradient), np.sort(dense_gradient), rtol=1e-6, atol=1e-8)
    table = Table(title=f"One gradient, {data.sizes['nucleus']} nuclei, basis {m_Z} x {m_N}")
    for heading in ("basis", "median (ms)", "ratio"):
        table.add_column(heading, justify="right")
    table.add_row("two 1-D bases (bmm)", f"{ours:.3f}", "1")
    table.add_row("dense product basis", f"{dense:.3f}", f"{dense / ours:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
