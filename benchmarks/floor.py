"""Time of a gradient against the time of its matrix products alone."""

from __future__ import annotations

import numba
import numpy as np
from rich.table import Table
from rivals import hsgp_model
from study import MEAN_OF, Study, gradient_ms, seconds
from threadpoolctl import threadpool_limits

from bmm.gp.basis import ChainBasis
from bmm.mixing.compilation import compile_mixture, compile_model

_REPEATS = 300


@numba.njit
def matrix_products(
    phi_Z, phi_N, first, beta, by_chain, per_chain, field, g_per_chain, g_by_chain, g_beta
):
    """Do the products of one field (forwards) and of its pullback, a few times, and nothing else.

    Forwards, for K models, (chains x m_Z)(m_Z x m_N), and for every isotopic chain
    (its nuclei x m_N)(m_N x K); backwards the transposed ones.  All operands are contiguous, all
    results preallocated.
    """
    for _ in range(MEAN_OF):
        for k in range(beta.shape[0]):
            np.dot(phi_Z, beta[k], by_chain[k])
        for chain in range(first.size - 1):
            nuclei = slice(first[chain], first[chain + 1])
            np.dot(phi_N[nuclei], per_chain[chain], field[nuclei])
            np.dot(phi_N[nuclei].T, field[nuclei], g_per_chain[chain])
        for k in range(beta.shape[0]):
            np.dot(phi_Z.T, g_by_chain[k], g_beta[k])


def floor_ms(study: Study) -> float:
    """Best time (ms) of the matrix products of one gradient in BLAS, on one thread."""
    Z, N = (study.problem[name].to_numpy() for name in ("Z", "N"))
    lattice = ChainBasis.of(study.axis_Z, study.axis_N, Z, N)
    K, (chains, m_Z), (n, m_N) = (
        study.problem.sizes["theory"], lattice.phi_Z.shape, lattice.phi_N.shape
    )  # fmt: skip
    shapes = (
        (K, m_Z, m_N), (K, chains, m_N), (chains, m_N, K), (n, K), (chains, m_N, K),
        (K, chains, m_N), (K, m_Z, m_N),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape) for shape in shapes]
    with threadpool_limits(limits=1):
        times = seconds(
            lambda: matrix_products(lattice.phi_Z, lattice.phi_N, lattice.first, *operands),
            _REPEATS,
        )
    return 1e3 * min(times) / MEAN_OF


def gradient_table(studies: list[Study]) -> Table:
    """Tabulate gradient, floor and the dense product basis of `pm.gp.HSGP`."""
    table = Table(title="One log density with its gradient")
    table.add_column("problem")
    for heading in ("bmm (ms)", "matrix products (ms)", "ratio", "HSGP (ms)", "ratio"):
        table.add_column(heading, justify="right")
    for study in studies:
        compiled = compile_mixture(study.problem, (study.axis_Z, study.axis_N), study.settings)
        rival = compile_model(hsgp_model(study))
        with threadpool_limits(limits=1):
            ours, dense = gradient_ms(compiled, _REPEATS), gradient_ms(rival, _REPEATS // MEAN_OF)
        least = floor_ms(study)
        table.add_row(
            study.size,
            f"{ours:.3f}",
            f"{least:.3f}",
            f"{ours / least:.1f}",
            f"{dense:.3f}",
            f"{dense / ours:.1f}",
        )
    table.caption = (
        f"Means of {MEAN_OF} in machine code, best of {_REPEATS} (HSGP: of {_REPEATS // MEAN_OF}), "
        "one thread.  bmm, HSGP: as nutpie calls them.  Matrix products: those of the fields and "
        "of their pullback alone, np.dot compiled by numba (BLAS), results preallocated."
    )
    return table
