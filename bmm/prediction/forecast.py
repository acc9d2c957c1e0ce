"""One forecast: every mass with its uncertainty, and all of them jointly.

A forecast has the predictive distribution of each nucleus, the joint law that ties them (see
`bmm.prediction.joint_law`), and the measured masses.  Where a mass is measured, draws are those of
the measurement; the distribution there is what the models and all *other* masses predict.  All that
follows from differences of masses, separation energies, Q values, drip lines, is taken from
the same joint draws, so that it has no step at the border of the measured nuclei.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray, IntArray
from bmm.data import check_measured
from bmm.distributions import WIDE_INTERVALS, StudentTMixture, summarise_draws
from bmm.distributions.student_t import NU
from bmm.errors import DataError
from bmm.mixing.corrected_fit import average_of
from bmm.mixing.fitted import fitted_masses
from bmm.nuclides import labels, nuclide_index, numbers
from bmm.prediction.derived import QUANTITIES, across_border, derive, mark_models
from bmm.prediction.existence import SEPARATIONS, bound, drip_lines, share_bound
from bmm.prediction.joint_law import JointLaw
from bmm.prediction.predictive import predict
from bmm.theory.corrected_model import CorrectedModel
from bmm.theory.correction import correct_average, correct_theory
from bmm.theory.residual_field import BLOCK

__all__ = ["DRAWS", "Forecast", "even_forecast", "forecast"]

DRAWS = 2000
"""Joint draws behind every summary; some three lie beyond either end of a three-sigma interval."""

_MeV = {"units": "MeV"}


@dataclass(frozen=True)
class Forecast:
    """Masses of nuclei, jointly.

    Parameters
    ----------
    nuclei : Dataset
        Coordinates nucleus (names), Z and N; and models, where differences of masses that come
        from different models are to be left out (see `bmm.prediction.derived.mark_models`).
    distribution : StudentTMixture
        Predictive distribution of each mass excess, MeV; of a measured nucleus that the models
        were corrected with, without its own mass.  A nucleus without any is known only if it is
        measured.
    average : CorrectedModel, optional
        Residual field of the models' average, by which neighbours are tied; see
        `bmm.theory.correction.correct_average`.
    measured : DataFrame, optional
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV: nuclei that
        are drawn from their measurement.
    seed : int, default 0
        Of the draws.

    Raises
    ------
    DataError
        If there are not as many distributions as nuclei.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> known = bmm.forecast(mixture, measured)
    >>> S_2n = known.derived("S_2n").sel(nucleus="Sn-132")
    >>> S_2n["mean"].round(1).item(), bool(S_2n["sd"] < 0.01)
    (12.6, True)
    >>> known.derived_table(["S_1n"]).columns[-1]
    'S_1n_upper_99.7'
    """

    nuclei: xr.Dataset
    distribution: StudentTMixture
    average: CorrectedModel | None = None
    measured: pd.DataFrame | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse distributions that are not of these nuclei."""
        expected = self.nuclei.sizes["nucleus"]
        if len(self.distribution) != expected:
            raise DataError(
                f"expected distributions of {expected} nuclei, not of {len(self.distribution)}"
            )

    @cached_property
    def index(self) -> pd.MultiIndex:
        """The nuclei (Z, N)."""
        return nuclide_index(self.nuclei["Z"].to_numpy(), self.nuclei["N"].to_numpy())

    @cached_property
    def _measurement(self) -> FloatArray:
        """Measured mass and its uncertainty, array (nucleus, 2), MeV; NaN where there is none."""
        if self.measured is None:
            return np.full((len(self.index), 2), np.nan)
        columns = self.measured[["mass_excess", "mass_excess_uncertainty"]]
        return columns.reindex(self.index).to_numpy(dtype=np.float64)

    @property
    def known_masses(self) -> pd.DataFrame:
        """Measured masses, as given; an empty frame if there are none."""
        if self.measured is not None:
            return self.measured
        columns = ["mass_excess", "mass_excess_uncertainty"]
        return pd.DataFrame(columns=columns, index=self.index[:0], dtype=np.float64)

    def law_rows(self, nuclei: pd.MultiIndex) -> IntArray:
        """Positions of unmeasured nuclei in the joint law; -1 for others."""
        return np.asarray(self.index[self._predicted].get_indexer(nuclei))

    @cached_property
    def _predicted(self) -> IntArray:
        """Rows of nuclei that are predicted, and not measured."""
        return np.flatnonzero(self.distribution.known & np.isnan(self._measurement[:, 0]))

    @cached_property
    def law(self) -> JointLaw:
        """Joint law of the nuclei that are not measured, in their order."""
        rows = self._predicted
        Z, N = (self.nuclei[name].to_numpy()[rows] for name in ("Z", "N"))
        return JointLaw.of(Z, N, self.distribution[rows], self.average)

    def draws(self, count: int, seed: int | None = None) -> xr.DataArray:
        """Draw masses of all nuclei, jointly.

        Parameters
        ----------
        count : int
            Number of draws.
        seed : int, optional
            Of the draws; by default that of the forecast.

        Returns
        -------
        DataArray (draw, nucleus)
            Mass excess, MeV; NaN where nothing is measured and no model predicts.
        """
        rng = np.random.default_rng(self.seed if seed is None else seed)
        mass, uncertainty = self._measurement.T
        known = np.flatnonzero(np.isfinite(mass))
        measured = rng.standard_normal((count, known.size))
        measured *= uncertainty[known]
        measured += mass[known]
        predicted = self.law.draws(count, rng) if self._predicted.size else np.empty((count, 0))
        drawn = np.full((count, len(self.index)), np.nan)
        drawn[:, known], drawn[:, self._predicted] = measured, predicted
        coords = {
            name: self.nuclei[name].variable
            for name in ("nucleus", "Z", "N", "models")
            if name in self.nuclei.coords
        }
        return xr.DataArray(
            drawn, dims=("draw", "nucleus"), coords=coords, name="mass_excess", attrs=_MeV
        )

    @cached_property
    def joint(self) -> xr.DataArray:
        """The draws behind all summaries of derived quantities (draw, nucleus), MeV."""
        return self.draws(DRAWS)

    @cached_property
    def bound(self) -> xr.DataArray:
        """Whether nuclei are bound on each of these draws; see `bmm.prediction.existence.bound`."""
        return bound(self.joint)

    def masses(self) -> pd.DataFrame:
        """Masses as measured, and as predicted where they are not.

        Returns
        -------
        DataFrame
            Indexed (Z, N): mass_excess and mass_excess_sd, MeV, and measured, whether they are
            those of the measurement.
        """
        known = np.isfinite(self._measurement[:, 0])
        values = np.where(
            known[:, None],
            self._measurement,
            np.column_stack([self.distribution.mean, self.distribution.sd]),
        )
        columns = {"mass_excess": values[:, 0], "mass_excess_sd": values[:, 1], "measured": known}
        return pd.DataFrame(columns, index=self.index)

    def derived(self, quantity: str) -> xr.Dataset:
        """Summarise a sum or difference of masses of every nucleus.

        Parameters
        ----------
        quantity : str
            Key of `bmm.prediction.derived.QUANTITIES`, such as "S_2n".

        Returns
        -------
        Dataset (nucleus)
            mean, median, sd, lower_68, upper_68 and so on for the central intervals of 68, 95 and
            99.7 %, MeV, of the joint draws; NaN where a neighbour is missing.

        Raises
        ------
        ConfigError
            If there is no such quantity.
        """
        return summarise_draws(derive(self.joint, quantity), WIDE_INTERVALS)

    def derived_table(self, quantities: Sequence[str] = tuple(QUANTITIES)) -> pd.DataFrame:
        """Lay out derived quantities, one row for each nucleus.

        Returns
        -------
        DataFrame
            nucleus, Z, N, A, border (1 if a separation energy lies across the border of a model's
            table, where it is left out), existence (probability that it is bound against the
            emission of nucleons; see `bmm.prediction.existence`), and S_1n_mean, S_1n_median and so
            on, MeV.
        """
        Z, N = (self.nuclei[name].to_numpy() for name in ("Z", "N"))
        columns = {"nucleus": labels(Z.tolist(), N.tolist()), "Z": Z, "N": N, "A": Z + N}
        across = [across_border(self.joint, name) for name in SEPARATIONS]
        columns["border"] = np.any(across, axis=0).astype(int)
        columns["existence"] = share_bound(self.joint, self.bound).to_numpy()
        for name in quantities:
            found = self.derived(name)
            columns |= {f"{name}_{key}": each.to_numpy() for key, each in found.items()}
        return pd.DataFrame(columns)

    def drip_lines(self) -> pd.DataFrame:
        """Lightest and heaviest bound isotopes; see `bmm.prediction.existence.drip_lines`."""
        return drip_lines(self.joint, self.bound)


def forecast(
    tree: xr.DataTree,
    measured: pd.DataFrame | None = None,
    distribution: StudentTMixture | None = None,
) -> Forecast:
    """Make the forecast of a fitted mixture.

    Parameters
    ----------
    tree : DataTree
        From `bmm.mixing.corrected_fit.fit_forecast`.
    measured : DataFrame, optional
        All measured nuclei, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty
        in MeV; by default those that the mixture was fitted to.
    distribution : StudentTMixture, optional
        The result of `bmm.prediction.predictive.predict` for the whole chart of the tree, in its
        order, if that is known already.

    Returns
    -------
    Forecast
        Of the chart and of all measured nuclei.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> known = bmm.forecast(mixture, measured)
    >>> known.masses().loc[(50, 82), ["mass_excess", "measured"]].tolist()
    [np.float64(-76.546554), np.True_]
    >>> known.draws(5).sizes["draw"]
    5
    """
    fitted = fitted_masses(tree)
    every = fitted if measured is None else check_measured(measured)
    if distribution is None:
        distribution = predict(tree).distribution
    theory = tree["chart"].to_dataset()
    chart = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    index = chart.union(nuclide_index(*numbers(every.index))).sort_values()
    Z, N = numbers(index)
    coords = {"nucleus": labels(Z.tolist(), N.tolist()), "Z": ("nucleus", Z), "N": ("nucleus", N)}
    blank = xr.DataArray(np.zeros(len(Z)), coords, dims="nucleus")
    nuclei = mark_models(blank, theory, every.index)
    return Forecast(
        nuclei.coords.to_dataset(),
        distribution.take(chart.get_indexer(index)),
        average_of(tree, fitted),
        every,
        int(tree.attrs["seed"]),
    )


def even_forecast(measured: pd.DataFrame, theory: xr.Dataset, *, seed: int = 0) -> Forecast:
    """Forecast by corrected models with equal weights, without sampling.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV; nuclei of the
        theory.
    theory : Dataset
        What the models say; see `bmm.theory.adapters.prediction`.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    Forecast
        Of the nuclei of the theory.

    Raises
    ------
    DataError
        See `bmm.theory.correction`.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`; nothing is sampled:

    >>> even = bmm.even_forecast(measured, theory)
    >>> masses = even.masses()
    >>> bool(masses.loc[(50, 90), "mass_excess_sd"] > masses.loc[(50, 89), "mass_excess_sd"] > 0)
    True
    """
    block = numbers(measured.index)[0] // BLOCK
    corrected = correct_theory(measured, theory, block=block).theory
    parts = corrected.transpose("nucleus", "theory")
    masses, scales = (parts[name].to_numpy() for name in ("mass_excess", "mass_excess_sd"))
    average = correct_average(measured, theory, elements=BLOCK)
    nuclei = mark_models(theory["mass_excess"].isel(theory=0, drop=True), theory, measured.index)
    return Forecast(
        nuclei.coords.to_dataset(),
        StudentTMixture(masses, scales, nu=NU),
        average,
        measured,
        seed,
    )
