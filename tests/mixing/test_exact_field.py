"""Fields on the chart, as the model evaluates them, against the exact Gaussian process.

How far the basis is from it is known beforehand.  Along one axis, in units of eta:

- cut off above the frequency omega_m, the spectrum lacks 2 Q(rho omega_m) of its weight, Q being
  the upper tail of the normal distribution; no covariance can lack more than twice that;
- walls at a distance d from the chart add the mirror image exp[-2 (d / rho)^2].

At the size of the rule, the first is below 0.007 at the shortest length scale to be resolved, the
second 0.011 at the longest, and both together below 0.001 from 1.3 of the one to 0.75 of the other.
"""

import numpy as np
import pytest
from scipy import stats

from bmm.gp.basis import Axis, ChainBasis, root_spectral_density
from bmm.mixing.lattice import lattice_field

SHORTEST, LONGEST = 5.0, 20.0
LOW, HIGH = {"Z": 28, "N": 28}, {"Z": 112, "N": 160}
# Every twelfth isotopic chain, every sixth nucleus in it, the ends of the chart included.
Z, N = (
    x.ravel() for x in np.meshgrid(np.arange(28, 113, 12), np.arange(28, 161, 6), indexing="ij")
)
DRAWS, FUNCTIONALS = 2000, 12
ETA, MU = np.array([2.5, 6.0]), np.array([1.0, -2.0])


def kernel(rho, Z=Z, N=N):
    distance = ((Z[:, None] - Z) / rho[0]) ** 2 + ((N[:, None] - N) / rho[1]) ** 2
    return np.exp(-0.5 * distance)


def by_rule(growth=1.0):
    """Lay out the axes by the rule, with so many times its functions."""
    rule = [Axis.by_rule(name, LOW[name], HIGH[name], (SHORTEST, LONGEST)) for name in "ZN"]
    return [Axis(x.name, x.low, x.high, x.c, round(growth * x.m)) for x in rule]


def fields(axes, rho, beta, amplitude, mu):
    """Evaluate fields at the nuclei, array (nucleus, field)."""
    lattice = ChainBasis.of(*axes, Z, N)
    roots = [root_spectral_density(axis.omega, x) for axis, x in zip(axes, rho, strict=True)]
    shape = lattice.phi_Z, lattice.phi_N, lattice.first, lattice.mean
    return lattice_field(beta, amplitude, *roots, np.eye(len(beta)), *shape)[0] + mu


def covariance(axes, rho, eta):
    """Covariance of a field at the nuclei: its response to one coefficient after the other."""
    m_Z, m_N = (axis.m for axis in axes)
    each = np.eye(m_Z * m_N).reshape(-1, m_Z, m_N)
    response = fields(axes, rho, each, np.full(len(each), np.sqrt(eta)), np.zeros(len(each)))
    return response @ response.T


def known_error(axis, rho):
    """Largest error of the covariance along one axis, in units of eta."""
    image = np.exp(-2 * ((axis.half_width - axis.half_range) / rho) ** 2)
    return 4 * stats.norm.sf(rho * axis.omega[-1]) + image


@pytest.mark.parametrize("rho", [4.0, 6.0, 12.0])
def test_error_falls_with_the_number_of_functions_as_the_tail_of_the_spectrum(rho):
    x = np.arange(28, 113)

    def along(m):
        axis = Axis("Z", 28, 112, 1.8, m)
        scaled = axis.functions(x) * root_spectral_density(axis.omega, rho)
        return scaled @ scaled.T

    complete, step = along(300), Axis("Z", 28, 112, 1.8, 1).omega[0]
    for share in (1e-1, 1e-3, 1e-6, 1e-9):
        m = int(stats.norm.isf(share) / (rho * step))
        error = np.abs(along(m) - complete).max()
        assert error <= 4 * stats.norm.sf(rho * m * step)
        assert error >= 2 * stats.norm.sf(rho * (m + 0.5) * step)


@pytest.mark.parametrize("rho", [(5, 5), (5, 20), (20, 5), (20, 20), (7, 12), (10, 10)])
@pytest.mark.parametrize("growth", [0.5, 1, 1.4])
def test_covariance_of_the_basis_is_the_kernel_within_the_truncation_error(rho, growth):
    eta, axes = ETA[0], by_rule(growth)
    error = np.abs(covariance(axes, rho, eta) / eta - kernel(rho)).max()
    one, other = (known_error(axis, x) for axis, x in zip(axes, rho, strict=True))
    assert error <= one + other + one * other + 1e-12


@pytest.mark.parametrize("rho_Z", [1.3 * SHORTEST, 10.0, 0.75 * LONGEST])
@pytest.mark.parametrize("rho_N", [1.3 * SHORTEST, 10.0, 0.75 * LONGEST])
def test_covariance_within_the_resolved_range_is_the_kernels_to_a_thousandth(rho_Z, rho_N):
    found = covariance(by_rule(), (rho_Z, rho_N), ETA[1])
    np.testing.assert_allclose(found / ETA[1], kernel((rho_Z, rho_N)), atol=1e-3)


def quantiles(whitened):
    """Where spread, correlations and mean of white vectors (draw, functional) fall in chi-square.

    Returns
    -------
    array (3,)
    """
    draws, J = whitened.shape
    products = whitened.T @ whitened
    correlations = products[np.triu_indices(J, 1)] / np.sqrt(draws)
    return np.array(
        [
            stats.chi2.cdf(np.trace(products), draws * J),
            stats.chi2.cdf((correlations**2).sum(), len(correlations)),
            stats.chi2.cdf(draws * (whitened.mean(axis=0) ** 2).sum(), J),
        ]
    )


def test_drawn_fields_are_drawn_from_the_exact_process():
    rho, axes, rng = (7.0, 12.0), by_rule(), np.random.default_rng(6)
    beta = rng.standard_normal((2 * DRAWS, *(axis.m for axis in axes)))
    drawn = fields(axes, rho, beta, np.tile(np.sqrt(ETA), DRAWS), np.tile(MU, DRAWS))
    drawn = drawn.reshape(len(Z), DRAWS, 2)
    # Linear functionals of both fields at nuclei near each other, as differences of masses are.
    near = np.abs(Z - 64) + np.abs(N - 94) < 40
    weights = rng.standard_normal((FUNCTIONALS, near.sum(), 2))
    values = np.einsum("jnk,ntk->tj", weights, drawn[near] - MU)

    def whitened(rho, eta):
        exact = kernel(rho, Z[near], N[near])
        expected = np.einsum("ink,nm,jmk,k->ij", weights, exact, weights, eta)
        return np.linalg.solve(np.linalg.cholesky(expected), values.T).T

    found = quantiles(whitened(rho, ETA))
    assert (found > 1e-4).all()
    assert (found < 1 - 1e-4).all()
    # The test sees five per cent of eta and ten of rho.
    for wrong in ((rho, 1.05 * ETA), ((0.9 * rho[0], rho[1]), ETA), (rho, ETA[::-1])):
        found = quantiles(whitened(*wrong))
        assert ((found < 1e-4) | (found > 1 - 1e-4)).any(), wrong
