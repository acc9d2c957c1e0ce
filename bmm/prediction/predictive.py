"""Predictions of a fitted mixture: the predictive distribution of each mass, and draws of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.data import check_measured
from bmm.distributions import StudentTMixture, student_t
from bmm.distributions.logarithms import log_sum_exp
from bmm.errors import DomainError
from bmm.mixing.draws import Draws, Nuclei
from bmm.mixing.fitted import posterior_draws, read_settings
from bmm.nuclides import Nuclides, chosen_nuclides, label, nuclide_index
from bmm.prediction.posterior_mixture import posterior_mixture

__all__ = ["Prediction", "predict"]

_MeV = {"units": "MeV"}


@dataclass(frozen=True)
class Prediction:
    """Prediction of a mixture for some nuclei.

    Parameters
    ----------
    summary : Dataset
        Dims nucleus and theory.  Mass excess in MeV as mean, median, mode, sd, lower_68,
        upper_68, lower_95, upper_95, all of `distribution`; weight (nucleus, theory), the posterior
        mean of the mixing weights; for nuclei with a measured mass, responsibility (nucleus,
        theory), the probability that a model describes it, and log_density (nucleus), the log
        predictive density of the measured mass per MeV; NaN for others.
    distribution : StudentTMixture
        Posterior predictive distribution of each mass, MeV.
    components : list of str
        Of each component of the distribution: the model that it is about; "mixture" in the linear
        form, whose components are about averages of the models.
    sample : callable
        Draws the masses when `draws` is first asked for.

    Examples
    --------
    With `tree`, `measured` and `theory` of the example of `bmm.fit`:

    >>> found = bmm.predict(tree, "Z=50")
    >>> sorted(found.summary.data_vars)[:4]
    ['log_density', 'lower_68', 'lower_95', 'mean']
    >>> found.distribution.quantile([0.05, 0.95]).shape == (found.summary.sizes["nucleus"], 2)
    True
    """

    summary: xr.Dataset
    distribution: StudentTMixture
    components: list[str]
    sample: Callable[[], npt.NDArray[np.float32]]

    @cached_property
    def draws(self) -> xr.DataArray:
        """Posterior predictive mass excess (draw, nucleus), MeV, one for each posterior draw.

        Each nucleus is drawn by itself; neighbours share no more than the posterior draw.
        """
        return xr.DataArray(
            self.sample(),
            dims=("draw", "nucleus"),
            coords={name: self.summary[name] for name in ("nucleus", "Z", "N")},
            name="mass_excess",
            attrs=_MeV,
        )


def predict(
    tree: xr.DataTree,
    nuclei: Nuclides | None = None,
    measured: pd.DataFrame | None = None,
    *,
    seed: int = 0,
) -> Prediction:
    """Predict masses.

    Everything but the draws follows from the predictive distribution without random numbers: it
    depends neither on the seed nor on which other nuclei are asked for.

    Parameters
    ----------
    tree : DataTree
        A fitted mixture; see `bmm.mixing.fit.fit`.
    nuclei : str, (int, int), Index, or sequence of these, optional
        As the command line takes them, such as ``"Sn-132"``, ``"132Sn"``, ``"Z=50"`` or
        ``(50, 82)``; by default, the whole chart of the fit.
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
    DataError
        If `measured` cannot be used; see `bmm.data.check_measured`.

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`:

    >>> found = bmm.predict(tree, ["Sn-132", "Sn-140"], measured)
    >>> near, far = found.summary["sd"].to_numpy()
    >>> bool(abs(found.summary["mean"][0] + 76.5) < 1), bool(0 < near < 1.5 * far)
    (True, True)
    >>> found.draws.dims, found.draws.shape
    (('draw', 'nucleus'), (100, 2))
    """
    chart = _select(tree["chart"].to_dataset(), nuclei)
    measured = None if measured is None else check_measured(measured)
    draws, settings = posterior_draws(tree), read_settings(tree)
    mass, mass_variance = _measured_at(chart, measured)
    if not settings.noise.measurement:
        mass_variance = np.zeros_like(mass_variance)
    asked = Nuclei.of(chart, settings)
    found = posterior_mixture(draws, asked)
    coords = {name: chart[name] for name in ("nucleus", "theory", "Z", "N")}
    summary = found.distribution.summary(coords).assign_coords(A=chart["Z"] + chart["N"])
    summary["mode"] = ("nucleus", found.distribution.mode, _MeV)
    summary["weight"] = (("nucleus", "theory"), found.weight)
    responsibility, log_density = _compare(draws, asked, mass, mass_variance)
    summary["responsibility"] = (("nucleus", "theory"), responsibility)
    summary["log_density"] = ("nucleus", log_density, {"units": "log(1/MeV)"})
    return Prediction(
        summary, found.distribution, found.theory, partial(_sample, draws, asked, seed)
    )


def _select(chart: xr.Dataset, nuclei: Nuclides | None) -> xr.Dataset:
    if nuclei is None:
        return chart
    available = nuclide_index(chart)
    chosen = chosen_nuclides(nuclei, available)
    rows = available.get_indexer(chosen)
    if (rows < 0).any():
        missing = [label(Z, N) for Z, N in chosen[rows < 0][:5]]
        raise DomainError(
            f"{', '.join(missing)}: not on the prediction chart of this run; expected nuclei "
            f"with Z from {int(chart['Z'].min())} to {int(chart['Z'].max())} that a model covers"
        )
    return chart.isel(nucleus=rows)


def _measured_at(chart: xr.Dataset, measured: pd.DataFrame | None) -> tuple[FloatArray, FloatArray]:
    """Measured mass excess (MeV) and its variance at the nuclei of a chart; NaN where none."""
    if measured is None:
        nothing = np.full(chart.sizes["nucleus"], np.nan)
        return nothing, nothing
    found = measured.reindex(nuclide_index(chart))
    uncertainty = found["mass_excess_uncertainty"].to_numpy(float)
    return found["mass_excess"].to_numpy(float), uncertainty**2


def _compare(
    draws: Draws, nuclei: Nuclei, mass: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Responsibilities (nucleus, theory) and log densities (nucleus,) of measured masses.

    Both are averages over the posterior draws, the first of ratios, which the mixture over the
    draws does not give.
    """
    known = np.flatnonzero(np.isfinite(mass))
    responsibility, log_density = np.full(nuclei.theory.shape, np.nan), np.full(len(mass), np.nan)
    if not known.size:
        return responsibility, log_density
    some, variance = nuclei[known], variance[known, None]
    described, density = np.zeros(some.theory.shape), np.full(known.size, -np.inf)
    for each in draws.components(some):
        nu = draws.nu[each.part][:, None, None]
        spread = np.sqrt(each.scale**2 + variance)
        joint = student_t.log_density(mass[known, None] - each.centre, spread, nu) + each.log_share
        total = log_sum_exp(joint)
        # What the one component of the linear form is responsible for, its models are by weight.
        describes = np.exp(joint - total[..., None])
        if describes.shape[-1] != described.shape[-1]:
            describes = describes * each.weight
        described += describes.sum(axis=0)
        density = np.logaddexp(density, log_sum_exp(total.T))
    responsibility[known] = described / draws.count
    log_density[known] = density - np.log(draws.count)
    return responsibility, log_density


def _sample(draws: Draws, nuclei: Nuclei, seed: int) -> npt.NDArray[np.float32]:
    """Draw one mass (draw, nucleus), MeV, for each posterior draw, in single precision."""
    rng = np.random.default_rng(seed)
    drawn: npt.NDArray[np.float32] = np.empty((draws.count, len(nuclei)), dtype=np.float32)
    for each in draws.components(nuclei):
        drawn[each.part] = each.sample(draws.nu[each.part], rng)
    return drawn
