"""How much more a field errs in one region than in others.

The covariance of a field is the same everywhere, but what it describes is rougher where a shell
closes or deformation sets in.  The spread tau(x) of the errors near x, relative to their spread
over the whole chart, is learnt from the observed values around x, each predicted from the others.
Let z_j be their standardised deviations, divided by the scale that fits all of them as a Student-t
with nu degrees of freedom.  Then

    z_j / tau(x) ~ t_nu   to the power   w_j = share_j exp(-d_j^2 / 2 L^2),
    tau^2(x) ~ scaled inverse chi^2(n_0, 1),

with the distance d_j in nucleons, and share_j the part of the variance of j that is not measurement
noise.  The powers make it a local likelihood (R. Tibshirani & T. Hastie, J. Am. Stat. Assoc. 82,
559 (1987), doi:10.1080/01621459.1987.10478466), and tau^2 is found by iterative reweighting (K. L.
Lange et al., J. Am. Stat. Assoc. 84, 881 (1989), doi:10.1080/01621459.1989.10478852).  It goes to 1
where nothing is observed.

At an observed nucleus i, tau must not be learnt from its own value.  So its neighbours j are
predicted without i as well: with P the precision of the values and a = P y,

    z_j = [a_j - P_ij a_i / P_ii] / [P_jj - P_ij^2 / P_ii]^(1/2).
"""

from __future__ import annotations

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.gp.lattice_field import LatticeField

__all__ = ["local_spread"]

LENGTH = 2.0
"""L, nucleons."""

PRIOR_COUNT = 2.0
"""n_0: before any value is seen, tau is as well known as from this number of values."""

_REACH = 6  # Beyond it, w_j is below 0.011.
_ROUNDS = 10
_RANGE = range(-_REACH, _REACH + 1)
_OFFSETS = np.array([(dZ, dN) for dZ in _RANGE for dN in _RANGE if 0 < dZ**2 + dN**2 <= _REACH**2])
_NEARNESS = np.exp(-(_OFFSETS**2).sum(axis=1) / (2 * LENGTH**2))


def local_spread(field: LatticeField, Z: IntArray, N: IntArray, nu: float) -> FloatArray:
    """Spread of a field's errors near some nuclei, relative to that over the whole chart.

    Parameters
    ----------
    field : LatticeField
        Conditioned on the values that it is learnt from.
    Z, N : int array (m,)
        The nuclei, observed or not.
    nu : float
        Degrees of freedom of standardised deviations.

    Returns
    -------
    array (m,)
        tau, without unit.  An observed nucleus changes its own tau only through the common scale.

    Examples
    --------
    Values that scatter three times as much above Z = 50:

    >>> import numpy as np
    >>> from bmm.gp.lattice_field import LatticeField
    >>> from bmm.gp.lattice_kernel import LatticeKernel
    >>> from bmm.gp.local_spread import local_spread
    >>> from bmm.gp.nonstationary import Growth
    >>> from bmm.gp.stationary import SquaredExponential
    >>> Z, N = (each.ravel() for each in np.mgrid[40:60, 50:70])
    >>> scatter = np.where(Z < 50, 0.1, 0.3)
    >>> values = scatter * np.random.default_rng(1).standard_normal(400)
    >>> kernel = LatticeKernel(SquaredExponential((3.0, 3.0)), Growth(0.0), nugget=0.2)
    >>> field = LatticeField(kernel, Z, N, values, np.full(400, 1e-6))
    >>> local_spread(field, np.array([44, 56, 90]), np.array([60, 60, 90]), nu=4).round(1)
    array([0.5, 1.6, 1. ])
    """
    from scipy import stats

    P = field.precision
    pull, own = P @ field.values, np.diag(P)
    common = stats.t.fit(pull / np.sqrt(own), fdf=nu, floc=0)[-1]
    near, itself = _rows_near(field, Z, N)
    known = near >= 0
    tied = np.where(known & (itself >= 0), P[near, itself], 0.0)
    squared = (pull[near] - tied * pull[itself] / own[itself]) ** 2 / common**2
    squared /= np.where(known, own[near] - tied**2 / own[itself], 1.0)
    noise = field.noise if field.noise.ndim == 1 else np.diag(field.noise)
    weight = np.where(known, _NEARNESS * np.clip(1 - noise * own, 0, 1)[near], 0.0)
    count = PRIOR_COUNT + weight.sum(axis=1)
    variance = np.ones(len(Z))
    for _ in range(_ROUNDS):
        robust = (nu + 1) / (nu + squared / variance[:, None])
        variance = (PRIOR_COUNT + (weight * robust * squared).sum(axis=1)) / count
    return np.sqrt(variance)


def _rows_near(field: LatticeField, Z: IntArray, N: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of the observed nuclei around each nucleus (m, offset), and its own (m, 1); or -1."""
    every = (Z, N, field.Z, field.N)
    low = min(int(each.min()) for each in every) - _REACH
    size = max(int(each.max()) for each in every) + _REACH + 1 - low
    rows = np.full((size, size), -1)
    rows[field.Z - low, field.N - low] = np.arange(len(field.Z))
    at_Z, at_N = Z[:, None] - low, N[:, None] - low
    return rows[at_Z + _OFFSETS[:, 0], at_N + _OFFSETS[:, 1]], rows[at_Z, at_N]
