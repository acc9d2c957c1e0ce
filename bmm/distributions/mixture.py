"""The predictive distribution of a mass: for each nucleus a mixture of Student-t's or normals.

Every forecast of bmm ends in one: a mixture of models, of posterior draws, or of both,

    p(y) = sum_i w_i t(y; m_i, s_i, nu_i),      sum_i w_i = 1,

with t the Student-t density about the location m_i with the scale s_i, normal for nu_i = inf.
Densities, probabilities and moments are closed forms; quantiles are found to 1e-13 of the scale and
the CRPS to 1e-9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.distributions import student_t
from bmm.distributions.crps import mixture_crps
from bmm.distributions.logarithms import log_sum_exp
from bmm.distributions.mode import mixture_mode
from bmm.distributions.quantile import mixture_quantile
from bmm.distributions.summary import INTERVALS, interval_ends
from bmm.errors import DataError

__all__ = ["StudentTMixture"]

# Numbers worked on at a time, which fit into the processor's cache.
_TOGETHER = 200_000


class StudentTMixture:
    """A mixture of Student-t or normal distributions for each nucleus.

    Parameters
    ----------
    location : array (nucleus, component)
        MeV.  NaN, like a weight of zero, takes a component out; the weights of the others are
        renormalised, and a nucleus without any has NaN for everything.
    scale : array that broadcasts to (nucleus, component)
        MeV, positive.
    weight : array that broadcasts to (nucleus, component), default 1
        Up to a factor for each nucleus.
    nu : array that broadcasts to (nucleus, component), default inf
        Degrees of freedom; inf is the normal distribution.
    log_weight : array that broadcasts to (nucleus, component), optional
        Logarithms in place of `weight`, for weights that a float cannot hold.

    Raises
    ------
    DataError
        If the location is no table (nucleus, component), or the scale of a component is not
        positive.

    Examples
    --------
    Two models of a mass, the second twice as likely:

    >>> mass = StudentTMixture([[-88.0, -87.0]], [[0.3, 0.5]], weight=[[1, 2]], nu=4)
    >>> mass.mean.round(3), mass.sd.round(3)
    (array([-87.333]), array([0.785]))
    >>> mass.quantile([0.16, 0.84]).round(3)
    array([[-88.093, -86.606]])
    >>> float(mass.cdf([-87.2])[0].round(3))  # the PIT of a measured mass of -87.2 MeV
    0.561
    """

    def __init__(
        self,
        location: npt.ArrayLike,
        scale: npt.ArrayLike,
        weight: npt.ArrayLike = 1.0,
        nu: npt.ArrayLike = np.inf,
        *,
        log_weight: npt.ArrayLike | None = None,
    ) -> None:
        location = np.asarray(location, dtype=np.float64)
        if location.ndim != 2 or not location.shape[1]:
            raise DataError(
                f"expected locations (nucleus, component), not an array of shape {location.shape}"
            )
        if log_weight is None:
            with np.errstate(divide="ignore"):
                log_weight = np.log(np.asarray(weight, dtype=np.float64))
        present = np.isfinite(location) & (np.asarray(log_weight) > -np.inf)
        self.known: BoolArray = present.any(axis=1)
        self.location: FloatArray = np.where(present, location, 0.0)
        self.scale: FloatArray = np.where(present, scale, 1.0)
        if not (self.scale > 0).all():
            row, _ = np.argwhere(~(self.scale > 0))[0]
            raise DataError(f"nucleus {row} of a mixture: expected positive scales, MeV")
        # Not broadcast: most functions of nu are costly.
        self.nu: FloatArray = np.atleast_2d(np.asarray(nu, dtype=np.float64))
        masked = np.where(present, log_weight, -np.inf)
        top = np.where(self.known, masked.max(axis=1), 0.0)[:, None]
        raw = np.exp(masked - top)
        self.weight: FloatArray = raw / np.where(self.known, raw.sum(axis=1), 1.0)[:, None]

    def __len__(self) -> int:
        return len(self.location)

    def __getitem__(self, rows: slice | IntArray | BoolArray) -> StudentTMixture:
        """Distributions of some of the nuclei."""
        some = copy(self)
        some.known, some.weight = self.known[rows], self.weight[rows]
        some.location, some.scale = self.location[rows], self.scale[rows]
        some.nu = self.nu if len(self.nu) == 1 else self.nu[rows]
        return some

    def take(self, rows: npt.ArrayLike) -> StudentTMixture:
        """Distributions in another order; row -1 stands for a nucleus without any.

        Parameters
        ----------
        rows : int array (n,)
            Positions of the nuclei.
        """
        rows = np.asarray(rows, dtype=np.int64)
        some = self[rows]
        some.known = some.known & (rows >= 0)
        some.weight = np.where(some.known[:, None], some.weight, 0.0)
        return some

    def widened(self, sd: npt.ArrayLike) -> StudentTMixture:
        """Distributions of what measurements with a standard deviation would show.

        The uncertainty is added in quadrature to the scale of every component, sqrt(s_i^2 + sd^2).
        That is the law which the mixture's likelihood gives a measured mass; for normal components
        it is the convolution with a normal error, for Student-t components it is not exactly.

        Parameters
        ----------
        sd : array (nucleus,) or number
            MeV; NaN, where nothing is measured, counts as 0.
        """
        some = copy(self)
        some.scale = np.hypot(
            self.scale, np.nan_to_num(np.asarray(sd, dtype=np.float64))[..., None]
        )
        return some

    @property
    def mean(self) -> FloatArray:
        """Means (nucleus,), MeV; a component with nu <= 1, which has none, counts by its centre."""
        return self._masked((self.weight * self.location).sum(axis=1))

    @property
    def sd(self) -> FloatArray:
        """Standard deviations (nucleus,), MeV; inf where a component has nu <= 2."""
        # Squares about the mean: masses are large against their spread.
        about = self.location - (self.weight * self.location).sum(axis=1, keepdims=True)
        variance = student_t.inflation(self.nu) * self.scale**2 + about**2
        with np.errstate(invalid="ignore"):
            parts = np.where(self.weight > 0, self.weight * variance, 0.0)
        return self._masked(np.sqrt(parts.sum(axis=1)))

    @property
    def median(self) -> FloatArray:
        """Medians (nucleus,), MeV."""
        return self.quantile([0.5])[:, 0]

    @property
    def mode(self) -> FloatArray:
        """Most probable values (nucleus,), MeV; see `bmm.distributions.mode.mixture_mode`."""
        found, known = np.full(len(self), np.nan), np.flatnonzero(self.known)
        for part, some in self[known]._parts(4 * self.location.shape[1]):
            found[known[part]] = mixture_mode(some.weight, some.location, some.scale, some.nu)
        return found

    def log_density(self, y: npt.ArrayLike) -> FloatArray:
        """Log densities of masses.

        Parameters
        ----------
        y : array (nucleus,) or (nucleus, point)
            MeV; NaN stays NaN.

        Returns
        -------
        array
            Of the shape of y, log(1/MeV).
        """
        with np.errstate(divide="ignore"):
            log_weight = np.log(self.weight)

        def evaluate(part: slice, some: StudentTMixture, at: FloatArray) -> FloatArray:
            joint = student_t.log_density(
                at[..., None] - some.location[:, None], some.scale[:, None], some.nu[:, None]
            )
            return log_sum_exp(log_weight[part, None] + joint)

        return self._at(y, evaluate)

    def component_density(self, y: FloatArray) -> FloatArray:
        """Density of each component times its weight; their sum is the density.

        Parameters
        ----------
        y : array (nucleus, point)
            MeV.

        Returns
        -------
        array (nucleus, point, component)
            In 1/MeV.
        """
        log_density = student_t.log_density(
            y[:, :, None] - self.location[:, None], self.scale[:, None], self.nu[:, None]
        )
        return np.asarray(self.weight[:, None] * np.exp(log_density))

    def cdf(self, y: npt.ArrayLike) -> FloatArray:
        """Probabilities of smaller masses; at observed masses, their PIT.

        Of a calibrated forecast the probability integral transform (PIT) is uniform on 0 to 1
        (Dawid 1984, doi:10.2307/2981683), and a central interval of probability q holds y if
        |2 PIT - 1| <= q.

        Parameters
        ----------
        y : array (nucleus,) or (nucleus, point)
            MeV; NaN stays NaN.

        Returns
        -------
        array
            Of the shape of y, between 0 and 1.
        """

        def evaluate(part: slice, some: StudentTMixture, at: FloatArray) -> FloatArray:
            z = (at[..., None] - some.location[:, None]) / some.scale[:, None]
            below = student_t.cdf(z, some.nu[:, None])
            return np.asarray((below @ some.weight[:, :, None])[..., 0])

        return self._at(y, evaluate)

    def quantile(self, probability: npt.ArrayLike) -> FloatArray:
        """Masses below which a probability lies.

        By root finding, to 1e-13 of the largest scale; see
        `bmm.distributions.quantile.mixture_quantile`.

        Parameters
        ----------
        probability : array (point,)
            Between 0 and 1, exclusive.

        Returns
        -------
        array (nucleus, point)
            MeV.
        """
        p = np.asarray(probability, dtype=np.float64)
        if p.ndim != 1 or not ((p > 0) & (p < 1)).all():
            raise DataError("expected a list of probabilities between 0 and 1")
        found, some = np.full((len(self), len(p)), np.nan), self[self.known]
        if len(some):
            found[self.known] = mixture_quantile(some.weight, some.location, some.scale, some.nu, p)
        return found

    def crps(self, y: npt.ArrayLike) -> FloatArray:
        """Continuous ranked probability scores of observed masses; smaller is better.

        The integral of [F(x) - 1(x >= y)]^2 over x (Gneiting & Raftery 2007,
        doi:10.1198/016214506000001437, eq. 20), in closed form for a single component and by
        adaptive quadrature otherwise; see `bmm.distributions.crps.mixture_crps`.

        Parameters
        ----------
        y : array (nucleus,)
            MeV; NaN stays NaN.

        Returns
        -------
        array (nucleus,)
            MeV.
        """
        y = np.asarray(y, dtype=np.float64)
        found = np.full(len(self), np.nan)
        wanted = np.flatnonzero(self.known & np.isfinite(y))
        if wanted.size:
            some = self[wanted]
            found[wanted] = mixture_crps(some.weight, some.location, some.scale, some.nu, y[wanted])
        return found

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw masses, each nucleus by itself.

        Parameters
        ----------
        count : int
            Draws for each nucleus.
        rng : Generator
            Random numbers.

        Returns
        -------
        array (draw, nucleus)
            MeV.
        """
        draws = np.full((count, len(self)), np.nan)
        nu = np.broadcast_to(self.nu, self.location.shape)
        for i in np.flatnonzero(self.known):
            cumulative = np.cumsum(self.weight[i])
            u = rng.random(count) * cumulative[-1]
            # Rounding must not point beyond the last component.
            chosen = np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)
            noise = _standard(rng, nu[i, chosen])
            draws[:, i] = self.location[i, chosen] + self.scale[i, chosen] * noise
        return draws

    def summary(
        self, coords: Mapping[str, Any] | None = None, intervals: tuple[float, ...] = INTERVALS
    ) -> xr.Dataset:
        """Moments, median and ends of central intervals under bmm's names.

        Parameters
        ----------
        coords : mapping, optional
            Coordinates of the dimension nucleus, such as Z and N.
        intervals : tuple of float, default (0.68, 0.95)
            Probabilities of the intervals.

        Returns
        -------
        Dataset (nucleus)
            mean, median, sd, and lower_68, upper_68 and so on, MeV (`units` in their attributes);
            see `bmm.distributions.summary`.
        """
        ends = interval_ends(intervals)
        median, *quantiles = self.quantile([0.5, *ends.values()]).T
        columns = {"mean": self.mean, "median": median, "sd": self.sd}
        columns |= dict(zip(ends, quantiles, strict=True))
        return xr.Dataset(
            {name: ("nucleus", values, {"units": "MeV"}) for name, values in columns.items()},
            coords=coords,
        )

    def _at(self, y: npt.ArrayLike, evaluate: Any) -> FloatArray:
        """Evaluate at y (nucleus,) or (nucleus, point), a few nuclei at a time."""
        y = np.asarray(y, dtype=np.float64)
        points = y[:, None] if y.ndim == 1 else y
        values = np.full(points.shape, np.nan)
        for part, some in self._parts(points.shape[1] * self.location.shape[1]):
            values[part] = evaluate(part, some, points[part])
        values[~self.known] = np.nan
        return values.reshape(y.shape)

    def _parts(self, each: int) -> Iterator[tuple[slice, StudentTMixture]]:
        """Divide the nuclei, of which each takes some numbers, into parts that fit the cache."""
        step = max(1, _TOGETHER // max(each, 1))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            yield part, self[part]

    def _masked(self, values: FloatArray) -> FloatArray:
        return np.where(self.known, values, np.nan)


def _standard(rng: np.random.Generator, nu: FloatArray) -> FloatArray:
    """Draw standard normal (nu = inf) or Student-t numbers, one for each nu."""
    noise = rng.standard_normal(nu.shape)
    heavy = np.isfinite(nu)
    if heavy.any():
        half = 0.5 * nu[heavy]
        noise[heavy] *= np.sqrt(half / rng.standard_gamma(half))
    return noise
