"""Residual fields against the linear algebra that they cannot do without.

    uv run python benchmarks/gp.py

A field of what FRDM2012 gets wrong, conditioned on the masses of AME2020 with Z, N >= 8.  The
yardstick is the Cholesky decomposition and the inverse of its covariance, alone, in the same
process and on one thread.  Run it alone: figures taken on a busy machine mislead.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.linalg import lapack
from study import seconds
from threadpoolctl import threadpool_limits

from bmm.arrays import FloatArray
from bmm.data import load_measured, load_theory
from bmm.gp.lattice_kernel import lattice_likelihood, lattice_points
from bmm.nuclides import numbers
from bmm.theory.residual_field import PRIOR, Hyperparameters, ResidualField

DRAWS = 1000
_REPEATS = 5


def cholesky_and_inverse(covariance: FloatArray) -> None:
    """Factorise a covariance in Fortran order, and invert it."""
    factor, _ = lapack.dpotrf(covariance, lower=1, clean=0)
    lapack.dpotri(factor, lower=1, overwrite_c=1)


def gp_table() -> Table:
    """Tabulate times as multiples of the yardstick."""
    measured = load_measured("AME2020").query("Z >= 8 and N >= 8")
    mass = load_theory("FRDM2012")["mass_excess"]
    measured = measured[measured.index.isin(mass.index)]
    residual = (measured["mass_excess"] - mass.reindex(measured.index)).to_numpy()
    known_sd = measured["mass_excess_uncertainty"].to_numpy()
    (Z, N), chart = numbers(measured.index), numbers(mass.index)
    typical = Hyperparameters.of(PRIOR.centre)
    points = lattice_points(Z, N)
    field = ResidualField.conditioned(typical, Z, N, residual, known_sd)
    covariance = np.asfortranarray(np.linalg.inv(field.precision))
    floor = min(seconds(lambda: cholesky_and_inverse(covariance), _REPEATS))
    timed = {
        "value and gradient": lambda: lattice_likelihood(
            typical.kernel, points, residual, known_sd**2
        ),
        "conditioning": lambda: ResidualField.conditioned(typical, Z, N, residual, known_sd),
        "mean and sd of the chart": lambda: field.at(*chart),
        f"{DRAWS} joint draws of the chart": lambda: field.draws(
            *chart, DRAWS, np.random.default_rng(0)
        ),
    }
    table = Table(title=f"A residual field: {len(Z)} measured nuclei, chart of {len(chart[0])}")
    table.add_column("")
    for heading in ("time (s)", "ratio"):
        table.add_column(heading, justify="right")
    table.add_row("Cholesky and inverse", f"{floor:.2f}", "1.0")
    for name, call in timed.items():
        taken = min(seconds(call, _REPEATS))
        table.add_row(name, f"{taken:.2f}", f"{taken / floor:.1f}")
    table.caption = f"Best of {_REPEATS}, one thread."
    return table


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        Console().print(gp_table())
