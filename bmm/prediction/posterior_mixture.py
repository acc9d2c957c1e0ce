"""The posterior predictive distribution as a mixture of a few components for each nucleus.

Averaged over S posterior draws, the predictive density of a nucleus is a mixture of S K components
in the density form and of S in the linear form.  The components of one model differ in little but
their scale: draws with nearly the same are put together, and each group is replaced by two
components that keep its first four moments of the log scale, and its mean squared scale.

* Density form: the location is the model's mass under every draw.  Each model's draws are divided
  by sigma_k into four groups, which makes eight components.
* Linear form: location and scale follow the draw.  The draws of each nucleus are divided by
  location into 32 groups of equal number; the variance of the location within a group, which is
  little, is added to the scale.
* Dirichlet form: likewise, with four groups: the draws differ in their location by a small part of
  the scale.

Where nu is learnt, the draws are divided into six groups by nu first, each with its harmonic mean.

Mean and variance are those of the mixture over all draws, the latter to 1e-4 where nu is learnt and
models state a spread of their own.  Probabilities differ from its by less
than 1e-6 in the density form with sigma_k known to ten percent, 1e-3 with sigma_k unknown within a
factor of two, and 5e-4 in the linear form or with nu learnt; see the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture
from bmm.distributions.student_t import inflation
from bmm.distributions.two_point import two_point_rule
from bmm.errors import ConfigError
from bmm.mixing.draws import Draws, Nuclei, mean_weights
from bmm.mixing.noise import SIGMA_UNIT, log_mass_ratio

__all__ = ["PosteriorMixture", "posterior_mixture"]

# Cumulated shares of the draws at which they are divided.
_BY_SIGMA = (0.1, 0.5, 0.9)
_BY_NU = tuple(np.arange(1, 6) / 6)
# Numbers (draw, nucleus) of the linear form kept at a time.
_TOGETHER = 4_000_000


@dataclass(frozen=True)
class PosteriorMixture:
    """A posterior predictive distribution.

    Parameters
    ----------
    distribution : StudentTMixture
        Of the mass excess of every nucleus, MeV.
    theory : list of str
        Model of each component; "mixture" in the linear form, whose components have none.
    weight : array (nucleus, theory)
        Posterior mean of the mixing weights.
    """

    distribution: StudentTMixture
    theory: list[str]
    weight: FloatArray


def posterior_mixture(draws: Draws, nuclei: Nuclei) -> PosteriorMixture:
    """Average the predictive distributions of all posterior draws.

    Parameters
    ----------
    draws : Draws
        Posterior draws of a fitted mixture; see `bmm.mixing.fitted.posterior_draws`.
    nuclei : Nuclei
        The nuclei, on the chart of the fit.

    Raises
    ------
    DomainError
        For a nucleus outside the prediction chart.
    """
    if draws.form.by_model:
        form = _ByModel(draws, nuclei)
        return PosteriorMixture(form.distribution(), form.theory, form.weight)
    parts = [_SingleComponent(draws, nuclei[some]) for some in _blocks(len(nuclei), draws.count)]
    atoms = [np.concatenate(each) for each in zip(*(part.atoms for part in parts), strict=True)]
    location, scale, shares = atoms
    distribution = StudentTMixture(location, scale, shares, parts[0].nu)
    weight = np.concatenate([part.weight for part in parts])
    return PosteriorMixture(distribution, ["mixture"] * location.shape[1], weight)


def _blocks(count: int, draws: int) -> list[slice]:
    """Divide nuclei into parts of which all draws can be kept."""
    step = max(1, _TOGETHER // draws)
    return [slice(start, start + step) for start in range(0, count, step)]


def _divided(values: FloatArray, shares: tuple[float, ...]) -> list[IntArray]:
    """Positions of values (n,) in ascending order, divided at cumulated shares; none is empty."""
    order = np.argsort(values, kind="stable")
    parts = np.split(order, np.unique((np.array(shares) * len(order)).astype(np.int64)))
    return [part for part in parts if part.size]


def _divided_by_nu(draws: Draws) -> list[IntArray]:
    return [np.arange(draws.count)] if _alike(draws.nu) else _divided(draws.nu, _BY_NU)


class _ByModel:
    """Sums over the draws, and the mixture they make.

    The squared own scale of model k at mass number A is (unit sigma_k)^2 (A / 100)^(2 power).  Of
    its logarithm's half, about the mean over a group of draws, sums of weighted powers are kept.
    """

    def __init__(self, draws: Draws, nuclei: Nuclei) -> None:
        K = len(draws.models)
        by_nu = _divided_by_nu(draws)
        self._inflation = _relative_inflation(draws.nu, by_nu)
        self._groups = [
            [some[part] for some in by_nu for part in _divided(draws.sigma[some, k], _BY_SIGMA)]
            for k in range(K)
        ]
        self._draws, self._nuclei = draws, nuclei
        self._log_A = log_mass_ratio(nuclei.Z + nuclei.N)
        count = len(self._groups[0])
        # Sums of w x^j for j = 0 to 3, and of w exp(2 x) times the relative inflation.
        self._sums = np.zeros((5, K, count, len(nuclei)))
        self._product = np.empty((5 * count, len(nuclei)))
        self.theory = [name for name in draws.models for _ in range(2 * count)]
        covers = np.isfinite(nuclei.theory)
        for part, field in draws.log_alpha(nuclei.Z, nuclei.N):
            self._add(part, mean_weights(field, covers))
        self.weight = self._sums[0].sum(axis=1).T

    def _add(self, part: slice, weight: FloatArray) -> None:
        """Add the weights (draw, nucleus, theory) of some draws."""
        place = np.full(self._draws.count, -1)
        for k, groups in enumerate(self._groups):
            for g, members in enumerate(groups):
                place[members] = g
            member = (place[part] == np.arange(len(groups))[:, None]) / self._draws.count
            x = self._log_scale(part, k, place[part])
            inflated = np.exp(2 * x) * self._inflation[part, None]
            powers = (np.ones_like(x), x, x * x, x**3, inflated)
            if x.shape[1] == 1:
                whole = np.concatenate([member * each.T for each in powers])
                np.matmul(whole, weight[:, :, k], out=self._product)
                self._sums[:, k] += self._product.reshape(self._sums[:, k].shape)
                continue
            for j, each in enumerate(powers):
                self._sums[j, k] += member @ (weight[:, :, k] * each)

    def _log_scale(self, part: slice, k: int, group: IntArray) -> FloatArray:
        """Logarithm of the own scale, about that of the group, array (draw, nucleus or 1)."""
        log_sigma, power = np.log(self._draws.sigma[part, k]), self._draws.power[part]
        sigma_0, power_0 = self._centres(k)
        x = (log_sigma - sigma_0[group])[:, None]
        if _alike(self._draws.power):
            return x
        return x + (power - power_0[group])[:, None] * self._log_A

    def _centres(self, k: int) -> tuple[FloatArray, FloatArray]:
        """Means of log sigma and power over each group, arrays (group,)."""
        log_sigma, power = np.log(self._draws.sigma[:, k]), self._draws.power
        return (
            np.array([log_sigma[members].mean() for members in self._groups[k]]),
            np.array([power[members].mean() for members in self._groups[k]]),
        )

    def distribution(self) -> StudentTMixture:
        """Mixture of two components for each model and group."""
        location, scale, weight, nu = [], [], [], []
        for k, groups in enumerate(self._groups):
            sigma_0, power_0 = self._centres(k)
            own = np.log(SIGMA_UNIT) + sigma_0[:, None] + power_0[:, None] * self._log_A
            share, x = two_point_rule(self._sums[:4, k])
            squared = np.exp(2 * (own + x))
            # The variance is kept exactly.
            kept = np.exp(2 * own) * self._sums[4, k]
            made = (share * squared).sum(axis=0)
            squared = squared * np.where(made > 0, kept / np.where(made > 0, made, 1.0), 1.0)
            squared = squared + self._nuclei.variance[:, k]
            weight.append(share.reshape(-1, len(self._nuclei)))
            scale.append(np.sqrt(squared).reshape(weight[-1].shape))
            location.append(np.broadcast_to(self._nuclei.theory[:, k], weight[-1].shape))
            nu.append(np.tile([_harmonic(self._draws.nu[members]) for members in groups], 2))
        return StudentTMixture(
            np.concatenate(location).T,
            np.concatenate(scale).T,
            np.concatenate(weight).T,
            _shortened(np.concatenate(nu)),
        )


class _SingleComponent:
    """The draws of some nuclei, and the components that they are replaced by.

    Attributes
    ----------
    atoms : list of array (nucleus, component)
        Locations and scales, MeV, and weights.
    nu : array (component,)
        Degrees of freedom.
    weight : array (nucleus, theory)
        Posterior mean of the mixing weights.
    """

    def __init__(self, draws: Draws, nuclei: Nuclei) -> None:
        location, squared = (np.empty((draws.count, len(nuclei))) for _ in range(2))
        self.weight = np.zeros(nuclei.theory.shape)
        for found in draws.components(nuclei):
            if found.scale.shape[-1] != 1:
                raise ConfigError(
                    f"the likelihood {type(draws.form).__name__} has several components for a "
                    "nucleus: expected a single one, or a subclass of the density form"
                )
            location[found.part] = found.centre[..., 0]
            squared[found.part] = found.scale[..., 0] ** 2
            self.weight += found.weight.sum(axis=0) / draws.count
        by_nu = _divided_by_nu(draws)
        relative = _relative_inflation(draws.nu, by_nu)[:, None]
        shares = tuple(np.arange(1, draws.form.groups) / draws.form.groups)
        atoms, nu = [], []
        for some in by_nu:
            degrees = _harmonic(draws.nu[some])
            arrays = location[some], squared[some], (relative * squared)[some]
            pairs = list(_divided_by_location(*arrays, degrees, shares))
            atoms += [(at, scale, share * len(some) / draws.count) for at, scale, share in pairs]
            nu += [degrees] * len(pairs)
        self.atoms = [np.stack(each, axis=1) for each in zip(*atoms, strict=True)]
        self.nu = _shortened(np.array(nu))


def _divided_by_location(
    location: FloatArray,
    squared: FloatArray,
    inflated: FloatArray,
    nu: float,
    shares: tuple[float, ...],
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Replace draws (draw, nucleus) by pairs of components.

    Parameters
    ----------
    location, squared, inflated : array (draw, nucleus)
        Location in MeV, and squared scale, once as it is and once times the relative inflation.
    nu : float
        Degrees of freedom of the components.
    shares : tuple of float
        Cumulated shares of the draws at which they are divided by location.

    Yields
    ------
    location, scale, weight : array (nucleus,)
        Of one component each.
    """
    order = np.argsort(location, axis=0)
    arrays = (location, squared, inflated)
    ordered = (np.take_along_axis(each, order, axis=0) for each in arrays)
    split = np.unique((np.array(shares) * len(order)).astype(np.int64))
    for at, own, wide in zip(*(np.split(each, split) for each in ordered), strict=True):
        if not len(at):
            continue
        reference = np.log(own).mean(axis=0)
        x = 0.5 * (np.log(own) - reference)
        share, two = two_point_rule(np.stack([np.sum(x**j, axis=0) for j in range(4)]))
        pair = np.exp(2 * two + reference)
        # As in the density form; and the variance within the group.
        pair *= wide.sum(axis=0) / (share * pair).sum(axis=0)
        pair += at.var(axis=0) / inflation(nu)
        for each in range(2):
            yield at.mean(axis=0), np.sqrt(pair[each]), share[each] / len(order)


def _relative_inflation(nu: FloatArray, groups: list[IntArray]) -> FloatArray:
    """Variance at scale one of each draw (draw,), divided by that of its group's mean nu."""
    relative = np.ones(len(nu))
    for members in groups:
        if _alike(nu[members]) or nu[members].min() <= 2:
            continue
        relative[members] = inflation(nu[members]) / inflation(_harmonic(nu[members]))
    return relative


def _harmonic(nu: FloatArray) -> float:
    with np.errstate(divide="ignore"):
        return float(1 / np.mean(1 / nu))


def _alike(values: FloatArray) -> bool:
    return bool((values == values[0]).all())


def _shortened(nu: FloatArray) -> FloatArray:
    """Keep one value where all components (component,) have the same."""
    return nu[:1] if _alike(nu) else nu
