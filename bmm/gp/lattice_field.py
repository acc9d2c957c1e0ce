"""A field over the chart of nuclides, conditioned on noisy values: predictions and joint draws.

Conditioning costs one Cholesky decomposition of the n observed nuclei; a thousand joint draws of
the whole chart cost a few times that (see `bmm.gp.pathwise`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import lapack

from bmm.arrays import FloatArray, IntArray
from bmm.gp.chains import Chains
from bmm.gp.conditioning import add_noise, cholesky, draw_normal
from bmm.gp.lattice_kernel import LatticeKernel, lattice_points
from bmm.gp.pathwise import LatticeRoot
from bmm.gp.process import ExactProcess

__all__ = ["LatticeField", "draw_field"]

# Nuclei predicted at a time, and draws made at a time: the chart has thousands.
_NUCLEI = 2048
_DRAWS = 128
# Up to so many nuclei, draws by the covariance of all pairs cost less than pathwise ones.
_FEW = 1000


@dataclass(frozen=True, eq=False)
class LatticeField:
    """A field of mean zero, conditioned on noisy values at nuclei.

    Predictions are of new values without measurement noise: they contain the nugget, at observed
    nuclei too.

    Parameters
    ----------
    kernel : LatticeKernel
        Prior covariance.
    Z, N : int array (n,)
        Nuclei observed.
    values : array (n,)
        What was observed.
    noise : array (n,) or array (n, n)
        Variance of each observation, or their covariance, known beforehand.

    Attributes
    ----------
    process : ExactProcess
        The conditioned process, with noise and nugget as its noise.

    Raises
    ------
    DomainError
        If the covariance of the values is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.lattice_field import LatticeField
    >>> from bmm.gp.lattice_kernel import LatticeKernel
    >>> from bmm.gp.nonstationary import Growth
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = LatticeKernel(SquaredExponential((3.0, 4.0)), Growth(0.0), nugget=0.1)
    >>> Z, N = np.array([50, 50]), np.array([80, 82])
    >>> field = LatticeField(kernel, Z, N, np.array([1.0, 1.2]), np.array([0.01, 0.01]))
    >>> mean, sd = field.at(np.array([50, 50]), np.array([81, 150]))
    >>> mean.round(2), sd.round(2)
    (array([1.12, 0.  ]), array([0.15, 1.  ]))
    >>> draws = field.draws(np.array([50]), np.array([81]), 20_000, np.random.default_rng(0))
    >>> draws.shape, draws.mean().round(2), draws.std().round(2)
    ((20000, 1), np.float64(1.12), np.float64(0.15))
    """

    kernel: LatticeKernel
    Z: IntArray
    N: IntArray
    values: FloatArray
    noise: FloatArray
    process: ExactProcess = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = lattice_points(self.Z, self.N)
        noise = _with_nugget(self.kernel, points, self.noise)
        object.__setattr__(self, "process", ExactProcess(self.kernel, points, self.values, noise))

    @property
    def log_likelihood(self) -> float:
        """Log marginal likelihood of the values."""
        return self.process.log_likelihood

    @property
    def precision(self) -> FloatArray:
        """Inverse covariance of the values, noise included; array (n, n)."""
        return self.process.precision

    def at(self, Z: IntArray, N: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of new values at nuclei, each array (m,).

        Parameters
        ----------
        Z, N : int array (m,)
            The nuclei; an observed one is predicted as if it were observed again.
        """
        points = lattice_points(Z, N)
        mean, variance = np.empty(len(points)), np.empty(len(points))
        for start in range(0, len(points), _NUCLEI):
            some = slice(start, start + _NUCLEI)
            predicted = self.process.at(points[some])
            mean[some], variance[some] = predicted.mean, predicted.variance
        return mean, np.sqrt(np.maximum(variance, 0) + self.kernel.nugget_variance(points))

    def covariance(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Joint covariance (m, m) of new values at nuclei; see `at`."""
        points = lattice_points(Z, N)
        covariance = self.process.at(points).covariance(slice(None), slice(None))
        add_noise(covariance, self.kernel.nugget_variance(points))
        return covariance

    def left_out(self, block: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each value given those outside its block.

        The noise of a value is part of its sd; the hyperparameters stay.  See
        `bmm.gp.conditioning.left_out`.
        """
        return self.process.left_out(block)

    def left_out_anew(self) -> tuple[FloatArray, FloatArray]:
        """Predict a new value at each observed nucleus from the other observations.

        New values have no measurement noise, which may be shared with neighbours.  With C the
        covariance of the noise, P the precision, a = P y and q_i = [C P]_ii, they have

            mean = y_i - [C a]_i - (1 - q_i) a_i / P_ii,
            variance = C_ii - [C P C]_ii + (1 - q_i)^2 / P_ii.

        Returns
        -------
        mean, sd : array (n,)
        """
        P, C = self.precision, self.noise
        pull, own = P @ self.values, np.diag(P)
        if C.ndim == 1:
            seen, q, left = C * pull, C * own, C - C**2 * own
        else:
            seen, q = C @ pull, np.einsum("ij,ij->i", C, P)
            left = np.diag(C) - np.einsum("ij,ij->i", C @ P, C)
        mean = self.values - seen - (1 - q) * pull / own
        return mean, np.sqrt(np.maximum(left + (1 - q) ** 2 / own, 0))

    def draws(self, Z: IntArray, N: IntArray, count: int, rng: np.random.Generator) -> FloatArray:
        """Joint draws of new values at nuclei, array (draw, m).

        Of many nuclei, pathwise; see `bmm.gp.pathwise`.  Of some hundreds, by their covariance.

        Parameters
        ----------
        Z, N : int array (m,)
            The nuclei; an observed one is predicted as if it were observed again.
        count : int
            Number of draws.
        rng : Generator
            Random numbers.

        Raises
        ------
        ConfigError
            If there are more, and a term of the kernel is not a product of a function of Z and one
            of N.
        """
        if len(Z) <= _FEW:
            return draw_normal(self.at(Z, N)[0], self.covariance(Z, N), count, rng)
        root = LatticeRoot.of(self.kernel.stationary, _ends(self.Z, Z), _ends(self.N, N))
        white = self._white(root, count, rng) if len(self.Z) else _prior(root, count, rng)
        return _evaluated(self.kernel, white, root, Z, N, count, rng)

    def _white(
        self, root: LatticeRoot, count: int, rng: np.random.Generator
    ) -> Iterator[list[FloatArray]]:
        """Draw white numbers given the values, some draws at a time; see `bmm.gp.pathwise`."""
        observed, noise = Chains.of(self.Z, self.N), np.asarray(self.process.noise)
        order = observed.order
        scale = self.kernel.growth.scale(self.process.points)[order, None]
        noise_root = np.tril(cholesky(noise.copy())) if noise.ndim == 2 else np.sqrt(noise)[:, None]
        for white in _prior(root, count, rng):
            error = rng.standard_normal((len(order), white[0].shape[1]))
            error = noise_root @ error if noise.ndim == 2 else noise_root * error
            short = self.values[:, None] - error
            short[order] -= scale * root.apply(white, observed)
            pull, _ = lapack.dpotrs(self.process.factor, short, lower=1)
            moved = root.apply_transposed(scale * pull[order], observed)
            for part, step in zip(white, moved, strict=True):
                part += step
            del moved
            yield white
            del white  # before the next, for each is large


def draw_field(
    kernel: LatticeKernel, Z: IntArray, N: IntArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """Joint draws of a field from its prior, array (draw, m); as `LatticeField.draws`.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.gp.lattice_field import draw_field
    >>> from bmm.gp.lattice_kernel import LatticeKernel
    >>> from bmm.gp.nonstationary import Growth
    >>> from bmm.gp.stationary import SquaredExponential
    >>> kernel = LatticeKernel(SquaredExponential((3.0, 4.0)), Growth(0.0), nugget=0.1)
    >>> Z, N = np.array([50, 53]), np.array([82, 86])
    >>> np.cov(draw_field(kernel, Z, N, 20_000, np.random.default_rng(0)).T).round(1)
    array([[1. , 0.4],
           [0.4, 1. ]])
    """
    root = LatticeRoot.of(kernel.stationary, _ends(Z), _ends(N))
    return _evaluated(kernel, _prior(root, count, rng), root, Z, N, count, rng)


def _prior(root: LatticeRoot, count: int, rng: np.random.Generator) -> Iterator[list[FloatArray]]:
    """Draw white numbers, some draws at a time."""
    for start in range(0, count, _DRAWS):
        yield root.white(min(_DRAWS, count - start), rng)


def _evaluated(
    kernel: LatticeKernel,
    batches: Iterable[list[FloatArray]],
    root: LatticeRoot,
    Z: IntArray,
    N: IntArray,
    count: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Values with their nuggets, array (count, m), of white numbers that come in parts."""
    drawn, start = np.empty((count, len(Z))), 0
    wanted = Chains.of(Z, N)
    scale = kernel.growth.scale(lattice_points(Z, N))[wanted.order, None]
    for white in batches:
        values = root.apply(white, wanted)
        values += kernel.nugget * rng.standard_normal(values.shape)
        stop = start + values.shape[1]
        drawn[start:stop, wanted.order] = (scale * values).T
        start = stop
        del white, values  # before the next, for each is large
    return drawn


def _ends(*numbers: IntArray) -> tuple[int, int]:
    """First and last of some proton or neutron numbers."""
    every = np.concatenate(numbers)
    return int(every.min()), int(every.max())


def _with_nugget(kernel: LatticeKernel, points: FloatArray, noise: FloatArray) -> FloatArray:
    """Noise variance (n,) or covariance (n, n), nugget included."""
    total = np.array(noise, dtype=np.float64, order="F")
    if total.ndim == 1:
        return total + kernel.nugget_variance(points)
    add_noise(total, kernel.nugget_variance(points))
    return total
