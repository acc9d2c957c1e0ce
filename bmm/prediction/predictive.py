"""Predictions of a fitted mixture, with posterior draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.errors import DomainError
from bmm.mixing.draws import Components, component_log_density
from bmm.mixing.fit import posterior_draws, read_settings
from bmm.prediction.mode import mixture_mode

__all__ = ["INTERVALS", "Prediction", "predict"]

FloatArray = npt.NDArray[np.float64]

INTERVALS = (0.68, 0.95)
"""Central credible intervals in every summary."""

_MeV = {"units": "MeV"}
_QUANTILE_PARTS = 16


@dataclass(frozen=True)
class Prediction:
    """What a mixture says of some nuclei.

    Parameters
    ----------
    summary : Dataset
        Dims nucleus and theory.  Mass excess in MeV as mean, median, mode, sd, lower_68,
        upper_68, lower_95, upper_95; weight (nucleus, theory), the posterior mean of the mixing
        weights; for nuclei with a measured mass, responsibility (nucleus, theory), the probability
        that a model describes it, and log_density (nucleus), the log predictive density of the
        measured mass per MeV; NaN for others.
    draws : DataArray
        Posterior predictive mass excess (draw, nucleus), MeV, each nucleus drawn by itself.
    """

    summary: xr.Dataset
    draws: xr.DataArray


def predict(
    tree: xr.DataTree,
    nuclei: Sequence[str] | None = None,
    measured: pd.DataFrame | None = None,
    *,
    seed: int = 0,
) -> Prediction:
    """Predict masses.

    Parameters
    ----------
    tree : DataTree
        A fitted mixture; see `bmm.mixing.fit.fit`.
    nuclei : sequence of str, optional
        Labels such as ``"Sn-132"``; by default, the whole chart of the fit.
    measured : DataFrame, optional
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV: masses to be
        compared with.
    seed : int, default 0
        Seed of the predictive draws.

    Returns
    -------
    Prediction

    Raises
    ------
    DomainError
        For a nucleus that is not on the chart of the fit.
    """
    chart = _select(tree["chart"].to_dataset(), nuclei)
    settings = read_settings(tree)
    draws = posterior_draws(tree)
    theory = chart["mass_excess"].to_numpy()
    stated = np.nan_to_num(chart["mass_excess_sd"].to_numpy()) ** 2
    mass, mass_variance = _measured_at(chart, measured)
    if not settings.noise.measurement:
        stated, mass_variance = np.zeros_like(stated), np.zeros_like(mass_variance)
    sums = _Sums(theory, mass, mass_variance, draws.count)
    rng = np.random.default_rng(seed)
    for part in draws.components(chart["Z"].to_numpy(), chart["N"].to_numpy(), theory, stated):
        sums.add(part, draws.nu[part.part], rng)
    return _summarise(sums, chart, float(draws.nu.mean()))


def _select(chart: xr.Dataset, nuclei: Sequence[str] | None) -> xr.Dataset:
    if nuclei is None:
        return chart
    if not nuclei:
        raise DomainError("no nucleus is asked for: expected at least one, such as 'Sn-132'")
    known = set(chart["nucleus"].to_numpy().tolist())
    missing = [name for name in nuclei if name not in known]
    if missing:
        raise DomainError(
            f"{', '.join(missing[:5])}: not on the prediction chart of this run; expected nuclei "
            f"with Z from {int(chart['Z'].min())} to {int(chart['Z'].max())} that a model covers"
        )
    return chart.sel(nucleus=list(nuclei))


def _measured_at(chart: xr.Dataset, measured: pd.DataFrame | None) -> tuple[FloatArray, FloatArray]:
    """Measured mass excess (MeV) and its variance at the nuclei of a chart; NaN where none."""
    if measured is None:
        nothing = np.full(chart.sizes["nucleus"], np.nan)
        return nothing, nothing
    index = pd.MultiIndex.from_arrays(
        [chart["Z"].to_numpy(), chart["N"].to_numpy()], names=["Z", "N"]
    )
    found = measured.reindex(index)
    uncertainty = found["mass_excess_uncertainty"].to_numpy(float)
    return found["mass_excess"].to_numpy(float), uncertainty**2


class _Sums:
    """Running sums over posterior draws; a draw of every weight is never held."""

    def __init__(
        self, theory: FloatArray, mass: FloatArray, mass_variance: FloatArray, count: int
    ) -> None:
        self._known = np.isfinite(mass)
        self._mass = mass[self._known, None]
        self._mass_variance = mass_variance[self._known, None]
        # Squares are taken about the model average: masses are large against their spread.
        covering = np.maximum(np.isfinite(theory).sum(axis=1), 1)
        self._reference = np.nansum(theory, axis=1) / covering
        n, K = theory.shape
        self.weight = np.zeros((n, K))
        self.share, self.centre, self.scale = (np.zeros((n, 1)) for _ in range(3))
        self.first = np.zeros(n)
        self.second = np.zeros(n)
        self.responsibility = np.full((n, K), np.nan)
        self.responsibility[self._known] = 0.0
        self.log_density = np.full(n, np.nan)
        self.log_density[self._known] = -np.inf
        self.draws = np.empty((count, n), dtype=np.float32)
        self._count = count

    def add(self, found: Components, nu: FloatArray, rng: np.random.Generator) -> None:
        """Add the draws of one part."""
        part = 1.0 / self._count
        nu = nu[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            inflation = np.where(np.isinf(nu), 1.0, np.where(nu > 2, nu / (nu - 2), np.inf))
        share = found.share
        about = found.centre - self._reference[:, None]
        variance = inflation * found.scale**2 + about**2
        self.weight += part * found.weight.sum(axis=0)
        self.share = self.share + part * share.sum(axis=0)
        self.centre = self.centre + found.centre.sum(axis=0) / len(found.centre) * part * len(share)
        self.scale = self.scale + part * found.scale.sum(axis=0)
        self.first += part * (share * found.centre).sum(axis=(0, -1))
        self.second += part * (share * np.where(share > 0, variance, 0.0)).sum(axis=(0, -1))
        self.draws[found.part] = _draw(share, found.centre, found.scale, nu[..., 0], rng)
        if self._known.any():
            self._compare(found, nu)

    @property
    def variance(self) -> FloatArray:
        """Predictive variance by the law of total variance, array (nucleus,), MeV^2."""
        return np.asarray(self.second - (self.first - self._reference) ** 2)

    def _compare(self, found: Components, nu: FloatArray) -> None:
        centre, scale = found.centre[:, self._known], found.scale[:, self._known]
        spread = np.sqrt(scale**2 + self._mass_variance)
        joint = found.log_share[:, self._known]
        joint = joint + component_log_density(self._mass - centre, spread, nu)
        total = np.logaddexp.reduce(joint, axis=-1)
        # What the one component of the linear form is responsible for, its models are by weight.
        describes = np.exp(joint - total[..., None])
        if describes.shape[-1] != self.weight.shape[-1]:
            describes = describes * found.weight[:, self._known]
        self.responsibility[self._known] += describes.sum(axis=0) / self._count
        added = np.logaddexp.reduce(total, axis=0) - np.log(self._count)
        self.log_density[self._known] = np.logaddexp(self.log_density[self._known], added)


def _draw(
    share: FloatArray,
    centre: FloatArray,
    scale: FloatArray,
    nu: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw one mass, MeV, for each posterior draw and nucleus."""
    cumulative = np.cumsum(share, axis=-1)
    u = rng.random(share.shape[:2]) * cumulative[..., -1]
    chosen = (u[..., None] >= cumulative[..., :-1]).sum(axis=-1)[..., None]
    deviation = rng.standard_normal(chosen.shape[:2])
    if np.isfinite(nu).all():
        deviation *= np.sqrt(0.5 * nu / rng.standard_gamma(0.5 * nu, size=deviation.shape))
    middle = np.take_along_axis(np.broadcast_to(centre, scale.shape), chosen, axis=-1)[..., 0]
    spread = np.take_along_axis(scale, chosen, axis=-1)[..., 0]
    return np.asarray(middle + spread * deviation)


def _summarise(sums: _Sums, chart: xr.Dataset, nu: float) -> Prediction:
    mode = mixture_mode(sums.share, sums.centre, sums.scale, nu)
    tails = [0.5 * (1 + sign * level) for level in INTERVALS for sign in (-1, 1)]
    # In parts: a quantile works on a copy of all the draws.
    parts = np.array_split(sums.draws, _QUANTILE_PARTS, axis=1)
    median, *bounds = np.concatenate([np.quantile(x, [0.5, *tails], axis=0) for x in parts], axis=1)
    columns = {"mean": sums.first, "median": median, "mode": mode, "sd": np.sqrt(sums.variance)}
    for i, level in enumerate(INTERVALS):
        percent = round(100 * level)
        columns |= {f"lower_{percent}": bounds[2 * i], f"upper_{percent}": bounds[2 * i + 1]}
    summary = xr.Dataset(
        {name: ("nucleus", values, _MeV) for name, values in columns.items()},
        coords={name: chart[name] for name in ("nucleus", "theory", "Z", "N")},
    )
    summary = summary.assign_coords(A=summary["Z"] + summary["N"])
    summary["weight"] = (("nucleus", "theory"), sums.weight)
    summary["responsibility"] = (("nucleus", "theory"), sums.responsibility)
    summary["log_density"] = ("nucleus", sums.log_density, {"units": "log(1/MeV)"})
    draws = xr.DataArray(
        sums.draws,
        dims=("draw", "nucleus"),
        coords={name: chart[name] for name in ("nucleus", "Z", "N")},
        name="mass_excess",
        attrs=_MeV,
    )
    return Prediction(summary, draws)
