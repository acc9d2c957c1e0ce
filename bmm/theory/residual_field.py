"""A Gaussian process of a theory's residuals over the chart of nuclides.

What a theory gets wrong changes slowly with Z and N, and so do its errors in the pairing of
neutrons and of protons.  The deviation of the measured mass at x = (Z, N) from the theory is

    d(x) = s(x) [g_1(x) + g_2(x) + (-1)^N g_N(x) + (-1)^Z g_Z(x) + (-1)^(Z+N) g_ZN(x) + nugget]
           + measurement,

    s(x) = (A / 100)^power,      g_t ~ GP(0, a_t^2 exp[-(dZ)^2 / 2 rho_Z^2 - (dN)^2 / 2 rho_N^2]),

each field with its own amplitude and length scales, exactly, by a Cholesky decomposition.  Of the
two fields that do not alternate, one is free to follow a shell and the other a trend over many: far
from the data the first is forgotten, and the second still says how sure a trend is.  Neufcourt et
al. (Phys. Rev. C 98, 034318, 2018) correct separation energies with a single field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize
from scipy.linalg import lapack

from bmm.errors import DataError

__all__ = ["TERMS", "Hyperparameters", "ResidualField", "fit_residuals", "negative_log_posterior"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TERMS = ("smooth", "broad", "neutron_pairing", "proton_pairing", "both")
"""The fields: two that are slow, and those alternating with N, with Z, and with both."""

# Amplitude (MeV), rho_Z and rho_N (nucleons) of each field, nugget (MeV): centres of the priors.
_CENTRES = np.log([0.6, 3, 4, 0.6, 12, 12, 0.2, 10, 10, 0.2, 10, 10, 0.1, 10, 10, 0.3])
# Whether each field alternates with Z, and with N.
_ALTERNATES = ((0, 0), (0, 0), (0, 1), (1, 0), (1, 1))
_FIELDS = len(TERMS)
_SIZE = 3 * _FIELDS + 2
_SPREAD = 1.5
# Beyond these, far in the tails of the priors, the covariance is no longer numerically regular.
_BOUNDS = [*((centre - 4, centre + 4) for centre in _CENTRES), (-4, 4)]
_FEWEST = 20
_EVALUATIONS = 80
_TOLERANCE = 1e-6
# Of a covariance, made at a time: the whole chart has thousands.
_ROWS = 512


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
    """

    amplitude: FloatArray
    rho_Z: FloatArray
    rho_N: FloatArray
    nugget: float
    power: float

    @classmethod
    def of(cls, vector: FloatArray) -> Hyperparameters:
        """Read them from the vector (17,) that is optimised: logarithms, and the power."""
        amplitude, rho_Z, rho_N = np.exp(vector[:-2]).reshape(_FIELDS, 3).T
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

    def growth(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Factor s(x), array (n,)."""
        return np.asarray(((Z + N) / 100.0) ** self.power)

    def terms(
        self, first: tuple[IntArray, IntArray], second: tuple[IntArray, IntArray]
    ) -> Iterator[FloatArray]:
        """Covariances (m, n) of the fields between nuclei (Z, N), before growth; MeV^2."""
        apart = [np.abs(a[:, None] - b[None, :]) for a, b in zip(first, second, strict=True)]
        for t, (along_Z, along_N) in enumerate(_ALTERNATES):
            # Distances are small whole numbers: a table of exponentials will do.
            factors = [
                np.exp(-0.5 * (np.arange(each.max(initial=0) + 1) / rho[t]) ** 2)[each]
                for each, rho in zip(apart, (self.rho_Z, self.rho_N), strict=True)
            ]
            signs = [1.0 - 2.0 * ((along_Z * Z + along_N * N) % 2) for Z, N in (first, second)]
            covariance = factors[0]
            covariance *= factors[1]
            covariance *= self.amplitude[t] ** 2 * signs[0][:, None]
            covariance *= signs[1]
            yield covariance


@dataclass(frozen=True)
class ResidualField:
    """A residual field conditioned on measured deviations.

    Parameters
    ----------
    hyperparameters : Hyperparameters
        Where the posterior density is largest.
    Z, N : int array (n,)
        Nuclei of the deviations.
    residual, known_sd : array (n,)
        Measured minus predicted mass, and its spread known beforehand, MeV.
    precision : array (n, n)
        Inverse covariance of the deviations, 1/MeV^2.
    log_evidence : float
        Log marginal density of the deviations, log(1/MeV).
    """

    hyperparameters: Hyperparameters
    Z: IntArray
    N: IntArray
    residual: FloatArray
    known_sd: FloatArray
    precision: FloatArray
    log_evidence: float

    @classmethod
    def conditioned(
        cls,
        hyperparameters: Hyperparameters,
        Z: IntArray,
        N: IntArray,
        residual: FloatArray,
        known_sd: FloatArray,
    ) -> ResidualField:
        """Condition a field of given hyperparameters; arguments as above."""
        covariance = _covariance(hyperparameters, Z, N)
        covariance[np.diag_indices_from(covariance)] += known_sd**2
        precision = linalg.inv(covariance)
        _, log_determinant = np.linalg.slogdet(covariance)
        evidence = residual @ precision @ residual + log_determinant
        evidence += len(residual) * np.log(2 * np.pi)
        return cls(hyperparameters, Z, N, residual, known_sd, precision, -0.5 * float(evidence))

    def at(self, Z: IntArray, N: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation, nugget included, of the deviation of nuclei; MeV.

        Parameters
        ----------
        Z, N : int array (m,)
            The nuclei; a measured one is predicted as if it were measured anew.
        """
        found = self.hyperparameters
        growth = found.growth(Z, N)
        across = self._across(Z, N)
        variance = (found.amplitude**2).sum() * growth**2
        variance -= np.einsum("ij,ij->i", across @ self.precision, across)
        least = (found.nugget * growth) ** 2
        return across @ (self.precision @ self.residual), np.sqrt(np.maximum(variance, 0) + least)

    def covariance(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Joint covariance (m, m) of the deviations of nuclei, nugget included; MeV^2.

        Parameters
        ----------
        Z, N : int array (m,)
            The nuclei; a measured one is predicted as if it were measured anew.
        """
        covariance = _covariance(self.hyperparameters, Z, N)
        across = self._across(Z, N)
        covariance -= across @ self.precision @ across.T
        return covariance

    def _across(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Covariance (m, n) of nuclei with the measured ones, MeV^2."""
        return _smooth(self.hyperparameters, (Z, N), (self.Z, self.N))

    def left_out(self, block: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each deviation, given those outside its block; MeV.

        Parameters
        ----------
        block : int array (n,)
            Number of the block of each nucleus; all different leaves one out at a time.  The
            hyperparameters stay (Rasmussen & Williams, Gaussian Processes for Machine Learning,
            2006, eq. 5.12).

        Returns
        -------
        mean, sd : array (n,)
            The measurement's own spread is part of the sd.
        """
        mean, sd = np.empty_like(self.residual), np.empty_like(self.residual)
        pull = self.precision @ self.residual
        for number in np.unique(block):
            inside = np.flatnonzero(block == number)
            covariance = np.linalg.inv(self.precision[np.ix_(inside, inside)])
            mean[inside] = self.residual[inside] - covariance @ pull[inside]
            sd[inside] = np.sqrt(np.diag(covariance))
        return mean, sd


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
        conditioned on all nuclei all the same.

    Raises
    ------
    DataError
        If there are fewer than 20 nuclei.
    """
    if len(residual) < _FEWEST:
        raise DataError(
            f"a field of residuals needs at least {_FEWEST} measured nuclei; "
            f"the model covers {len(residual)}"
        )
    blocks = np.zeros(len(Z), dtype=np.int64) if block is None else block
    whole = (np.asarray(each, dtype=np.int64).tobytes() for each in (Z, N, blocks))
    key = (*whole, *(np.asarray(each, dtype=np.float64).tobytes() for each in (residual, known_sd)))
    return ResidualField.conditioned(_most_probable(*key), Z, N, residual, known_sd)


@lru_cache(maxsize=64)
def _most_probable(*key: bytes) -> Hyperparameters:
    """Find hyperparameters, from arrays as bytes.

    A comparison asks for the same field for the model alone, for mixtures, and for its choices.
    """
    Z, N, blocks = (np.frombuffer(each, dtype=np.int64) for each in key[:3])
    residual, known_sd = (np.frombuffer(each, dtype=np.float64) for each in key[3:])
    parts = [
        (Z[inside], N[inside], residual[inside], known_sd[inside] ** 2)
        for inside in (blocks == number for number in np.unique(blocks))
    ]
    found = optimize.minimize(
        _of_parts,
        np.append(_CENTRES, 0.0),
        args=(parts,),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxfun": _EVALUATIONS, "ftol": _TOLERANCE},
    )
    return Hyperparameters.of(found.x)


def _of_parts(
    vector: FloatArray, parts: list[tuple[IntArray, IntArray, FloatArray, FloatArray]]
) -> tuple[float, FloatArray]:
    """Minus the log posterior of independent parts, each (Z, N, residual, variance)."""
    value, gradient = _penalty(vector)
    for part in parts:
        its_value, its_gradient = _negative_log_likelihood(vector, *part)
        value += its_value
        gradient = gradient + its_gradient
    return value, gradient


def negative_log_posterior(
    vector: FloatArray, Z: IntArray, N: IntArray, residual: FloatArray, variance: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood and log prior of the hyperparameters, and its gradient.

    The logarithms are normal around typical values, with a standard deviation of 1.5, which keeps
    the length scales of a field that is not there at home; the power is normal around 0, with 1.

    Parameters
    ----------
    vector : array (17,)
        Logarithms of amplitude, rho_Z and rho_N, term by term, and of the nugget; the power.
    Z, N : int array (n,)
        The nuclei.
    residual, variance : array (n,)
        Deviations and their known variances, MeV and MeV^2.

    Returns
    -------
    float, array (17,)
        In units of log(1/MeV), up to the prior's constant.
    """
    return _of_parts(vector, [(Z, N, residual, variance)])


def _negative_log_likelihood(
    vector: FloatArray, Z: IntArray, N: IntArray, residual: FloatArray, variance: FloatArray
) -> tuple[float, FloatArray]:
    found = Hyperparameters.of(vector)
    growth = found.growth(Z, N)
    own = found.nugget**2 * growth**2
    covariance = _covariance(found, Z, N)
    covariance[np.diag_indices_from(covariance)] += variance
    cholesky = linalg.cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    pull = linalg.cho_solve((cholesky, True), residual, check_finite=False)
    value = 0.5 * residual @ pull + np.log(np.diag(cholesky)).sum()
    value += 0.5 * len(residual) * np.log(2 * np.pi)
    inverse, _ = lapack.dpotri(cholesky, lower=1, overwrite_c=1)
    # d value / d theta = tr[(K^-1 - a a^T) dK / d theta] / 2
    inner = np.tril(inverse, -1)
    inner = inner + inner.T
    inner[np.diag_indices_from(inner)] = np.diag(inverse)
    inner -= pull[:, None] * pull
    diagonal = np.diag(inner).copy()
    inner *= growth[:, None] * growth
    squares = [(each[:, None] - each).astype(np.float64) ** 2 for each in (Z, N)]
    gradient = np.empty(_SIZE)
    by_power = diagonal * own
    for t, term in enumerate(found.terms((Z, N), (Z, N))):
        term *= inner
        by_power += term.sum(axis=1)
        gradient[3 * t] = term.sum()
        for i, rho in enumerate((found.rho_Z[t], found.rho_N[t])):
            gradient[3 * t + 1 + i] = 0.5 * np.einsum("ij,ij->", term, squares[i]) / rho**2
    gradient[-2] = (diagonal * own).sum()
    gradient[-1] = by_power @ np.log((Z + N) / 100.0)
    return float(value), gradient


def _penalty(vector: FloatArray) -> tuple[float, FloatArray]:
    """Minus the log prior of the vector, up to a constant, and its gradient."""
    spread = np.append(np.full(len(_CENTRES), _SPREAD), 1.0)
    off = (vector - np.append(_CENTRES, 0.0)) / spread
    return 0.5 * float(off @ off), off / spread


def _covariance(found: Hyperparameters, Z: IntArray, N: IntArray) -> FloatArray:
    """Covariance (n, n) of the deviations, nugget included, without measurement; MeV^2."""
    covariance = _smooth(found, (Z, N), (Z, N))
    covariance[np.diag_indices_from(covariance)] += (found.nugget * found.growth(Z, N)) ** 2
    return covariance


def _smooth(
    found: Hyperparameters, first: tuple[IntArray, IntArray], second: tuple[IntArray, IntArray]
) -> FloatArray:
    """Covariance (m, n) of the fields between nuclei (Z, N), MeV^2."""
    covariance = np.zeros((len(first[0]), len(second[0])))
    for start in range(0, len(covariance), _ROWS):
        rows = slice(start, start + _ROWS)
        for term in found.terms((first[0][rows], first[1][rows]), second):
            covariance[rows] += term
    covariance *= found.growth(*first)[:, None]
    covariance *= found.growth(*second)
    return covariance
