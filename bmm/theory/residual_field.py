"""A Gaussian process of a theory's residuals over the chart of nuclides.

The residuals of a theory change slowly with Z and N, and so do its errors in the pairing of
neutrons and of protons.  The deviation of the measured mass at x = (Z, N) from the theory is

    d(x) = s(x) [g_1(x) + g_2(x) + (-1)^N g_N(x) + (-1)^Z g_Z(x) + (-1)^(Z+N) g_ZN(x) + nugget]
           + measurement,

    s(x) = (A / 100)^power,      g_t ~ GP(0, a_t^2 exp[-(dZ)^2 / 2 rho_Z^2 - (dN)^2 / 2 rho_N^2]),

each field with its own amplitude and length scales, exactly (see `bmm.gp.lattice_kernel`).  Of the
two fields that do not alternate, one is free to follow a shell and the other a trend over many: far
from the data the first has no effect, and the second still sets the uncertainty of a trend.
Neufcourt et al. (Phys. Rev. C 98, 034318, 2018) correct separation energies with a single field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add
from typing import Any

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.data.mass_errors import MassErrors
from bmm.errors import DataError
from bmm.gp.conditioning import add_noise
from bmm.gp.kernels import Constant, Kernel
from bmm.gp.lattice_field import LatticeField
from bmm.gp.lattice_kernel import LatticeKernel, lattice_likelihood, lattice_points
from bmm.gp.nonstationary import Growth
from bmm.gp.optimisation import NormalPrior, most_probable
from bmm.gp.stationary import Alternating, SquaredExponential
from bmm.nuclides import nuclide_index

__all__ = ["BLOCK", "FEWEST", "PRIOR", "TERMS", "Hyperparameters", "ResidualField", "fit_residuals"]

FEWEST = 20
"""Measured nuclei that a residual field needs to be learnt from."""

BLOCK = 16
"""Elements that make a block, where hyperparameters are learnt block by block."""

TERMS = ("smooth", "broad", "neutron_pairing", "proton_pairing", "both")
"""The fields: two that are slow, and those alternating with N, with Z, and with both."""

# Axes, of (Z, N), along which each field alternates.
_ALTERNATES: tuple[tuple[int, ...], ...] = ((), (), (1,), (0,), (0, 1))
# Amplitude (MeV), rho_Z and rho_N (nucleons) of each field, nugget (MeV): centres of the priors.
_CENTRES = np.log([0.6, 3, 4, 0.6, 12, 12, 0.2, 10, 10, 0.2, 10, 10, 0.1, 10, 10, 0.3])

PRIOR = NormalPrior(np.append(_CENTRES, 0.0), np.append(np.full(len(_CENTRES), 1.5), 1.0))
"""Of the logarithms of amplitude, rho_Z and rho_N, field by field, and of the nugget, and of the
power.  It keeps the length scales of a field without amplitude near typical values."""

# Beyond this distance from the centres, far in the tails, covariances are not regular.
_REACH = 4.0
_EVALUATIONS = 80
_TOLERANCE = 1e-6

type _Part = tuple[FloatArray, FloatArray, FloatArray]
"""Points (n, 2), residuals (n,) in MeV and their known variances (n,) in MeV^2."""


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of a residual field.

    Parameters
    ----------
    amplitude : array (field,)
        Standard deviation of each field of `TERMS` at A = 100, MeV.
    rho_Z, rho_N : array (field,)
        Length scales, nucleons.
    nugget : float
        Standard deviation, at A = 100, of what is left of each nucleus, MeV.
    power : float
        Growth of everything with A.

    Examples
    --------
    >>> from bmm.theory.residual_field import PRIOR, Hyperparameters
    >>> typical = Hyperparameters.of(PRIOR.centre)
    >>> typical.amplitude.shape, Hyperparameters.from_dict(typical.as_dict()) is not typical
    ((5,), True)
    """

    amplitude: FloatArray
    rho_Z: FloatArray
    rho_N: FloatArray
    nugget: float
    power: float

    @classmethod
    def of(cls, vector: FloatArray) -> Hyperparameters:
        """Read them from the vector (17,) that is optimised: logarithms, and the power."""
        amplitude, rho_Z, rho_N = np.exp(vector[:-2]).reshape(len(TERMS), 3).T
        return cls(amplitude, rho_Z, rho_N, float(np.exp(vector[-2])), float(vector[-1]))

    def as_dict(self) -> dict[str, float | dict[str, float]]:
        """Plain values by name, those of the fields by term."""
        by_term = {
            each: dict(zip(TERMS, getattr(self, each).tolist(), strict=True))
            for each in ("amplitude", "rho_Z", "rho_N")
        }
        return by_term | {"nugget": self.nugget, "power": self.power}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Hyperparameters:
        """Read them from what `as_dict` wrote."""
        amplitude, rho_Z, rho_N = (
            np.array([values[name][term] for term in TERMS], dtype=np.float64)
            for name in ("amplitude", "rho_Z", "rho_N")
        )
        return cls(amplitude, rho_Z, rho_N, float(values["nugget"]), float(values["power"]))

    @property
    def kernel(self) -> LatticeKernel:
        """Covariance of the field, MeV^2; its parameters are the vector of `of`.

        Examples
        --------
        >>> from bmm.theory.residual_field import PRIOR, Hyperparameters
        >>> typical = Hyperparameters.of(PRIOR.centre)
        >>> bool(abs(typical.kernel.parameters - PRIOR.centre).max() < 1e-12)
        True
        """
        scales = zip(self.amplitude.tolist(), self.rho_Z.tolist(), self.rho_N.tolist(), strict=True)
        terms: list[Kernel] = []
        for (amplitude, rho_Z, rho_N), axes in zip(scales, _ALTERNATES, strict=True):
            term = Constant(amplitude) * SquaredExponential((rho_Z, rho_N))
            terms.append(term * Alternating(axes) if axes else term)
        return LatticeKernel(reduce(add, terms), Growth(self.power), self.nugget)


@dataclass(frozen=True, eq=False)
class ResidualField(LatticeField):
    """A residual field conditioned on measured deviations; see `bmm.gp.lattice_field.LatticeField`.

    Parameters
    ----------
    hyperparameters : Hyperparameters
        Where the posterior density is largest.

    Examples
    --------
    One residual of 1 MeV, stated to 1 keV, at Sn-132: far from it the mean is zero again.

    >>> import numpy as np
    >>> from bmm.theory.residual_field import PRIOR, Hyperparameters, ResidualField
    >>> typical, one = Hyperparameters.of(PRIOR.centre), np.ones(1)
    >>> field = ResidualField.conditioned(typical, np.array([50]), np.array([82]), one, 1e-3 * one)
    >>> mean, sd = field.at(np.array([50, 50]), np.array([83, 160]))
    >>> bool(mean[0] > mean[1]), bool(sd[0] < sd[1])
    (True, True)
    """

    hyperparameters: Hyperparameters

    @classmethod
    def conditioned(
        cls,
        hyperparameters: Hyperparameters,
        Z: IntArray,
        N: IntArray,
        residual: FloatArray,
        known_sd: FloatArray,
        errors: MassErrors | None = None,
    ) -> ResidualField:
        """Condition a field of given hyperparameters.

        Parameters
        ----------
        hyperparameters : Hyperparameters
            Of the field.
        Z, N : int array (n,)
            Nuclei of the deviations.
        residual, known_sd : array (n,)
            Measured minus predicted mass, and its spread known beforehand, MeV.
        errors : MassErrors, optional
            Errors of the measured masses; `known_sd` is what else is known then.

        Raises
        ------
        DataError
            If the error of a nucleus is not among these.
        """
        if errors is None:
            return cls(hyperparameters.kernel, Z, N, residual, known_sd**2, hyperparameters)
        found = errors.of(nuclide_index(Z, N))
        noise = found.covariance.copy()
        add_noise(noise, known_sd**2)
        return cls(hyperparameters.kernel, Z, N, residual + found.shift, noise, hyperparameters)

    @property
    def residual(self) -> FloatArray:
        """Measured minus predicted mass, less the expected error, array (n,), MeV."""
        return self.values

    @property
    def log_evidence(self) -> float:
        """Log marginal density of the deviations, log(1/MeV)."""
        return self.log_likelihood


def fit_residuals(
    Z: IntArray,
    N: IntArray,
    residual: FloatArray,
    known_sd: FloatArray,
    block: IntArray | None = None,
) -> ResidualField:
    """Find the hyperparameters, and condition the field.

    Parameters
    ----------
    Z, N : int array (n,)
        The nuclei.
    residual, known_sd : array (n,)
        Measured minus predicted mass excess, and its spread known beforehand, MeV.
    block : int array (n,), optional
        Number of the block of each nucleus.  The hyperparameters are learnt as if blocks were
        independent of each other (a composite likelihood), which is much faster; the field is
        conditioned on all nuclei nevertheless.  Without it, the search for the hyperparameters of
        all nuclei together starts from those of blocks of `BLOCK` elements.

    Raises
    ------
    DataError
        If there are fewer than 20 nuclei.
    """
    if len(residual) < FEWEST:
        raise DataError(
            f"a field of residuals needs at least {FEWEST} measured nuclei; "
            f"the model covers {len(residual)}"
        )
    blocks = np.zeros(len(Z), dtype=np.int64) if block is None else block
    whole = (np.asarray(each, dtype=np.int64).tobytes() for each in (Z, N, blocks))
    key = (*whole, *(np.asarray(each, dtype=np.float64).tobytes() for each in (residual, known_sd)))
    return ResidualField.conditioned(_most_probable(*key), Z, N, residual, known_sd)


@lru_cache(maxsize=64)
def _most_probable(*key: bytes) -> Hyperparameters:
    """Find hyperparameters, from arrays as bytes.

    A comparison needs the same field for the model alone, for mixtures, and for its choices.
    """
    Z, N, blocks = (np.frombuffer(each, dtype=np.int64) for each in key[:3])
    residual, known_sd = (np.frombuffer(each, dtype=np.float64) for each in key[3:])
    points = lattice_points(Z, N)
    parts = _parts(points, residual, known_sd, blocks)
    start = PRIOR.centre
    if len(parts) == 1 and len(np.unique(Z // BLOCK)) > 1:
        start = _search(_parts(points, residual, known_sd, Z // BLOCK), start)
    return Hyperparameters.of(_search(parts, start))


def _parts(
    points: FloatArray, residual: FloatArray, known_sd: FloatArray, block: IntArray
) -> list[_Part]:
    """Deviations of each block."""
    inside = [block == number for number in np.unique(block)]
    return [(points[each], residual[each], known_sd[each] ** 2) for each in inside]


def _search(parts: list[_Part], start: FloatArray) -> FloatArray:
    """Find the most probable vector (17,) of independent parts."""
    found = most_probable(
        lambda vector: _negative_log_likelihood(vector, parts),
        start,
        PRIOR,
        reach=_REACH,
        evaluations=_EVALUATIONS,
        tolerance=_TOLERANCE,
    )
    return found.parameters


def _negative_log_likelihood(vector: FloatArray, parts: list[_Part]) -> tuple[float, FloatArray]:
    """Minus the log likelihood of independent parts, log(1/MeV), and its gradient (17,)."""
    kernel = Hyperparameters.of(vector).kernel
    found = [lattice_likelihood(kernel, *part) for part in parts]
    return -sum((each.value for each in found), 0.0), -np.sum(
        [each.by_parameters for each in found], axis=0
    )
