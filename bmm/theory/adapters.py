"""The interface between theory models and the mixture.

A model is fitted to a frame of training masses, the only masses it ever sees, and the fitted
model predicts from proton and neutron numbers alone.  A test mass has no way in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from pydantic import AfterValidator, NonNegativeInt

from bmm.configuration import Configuration
from bmm.errors import ConfigError, DataError
from bmm.nuclides import MAX_N, MAX_Z, Nuclides, chosen_nuclides, labels, numbers

__all__ = [
    "Domain",
    "FittedTheory",
    "TheoryModel",
    "numbers",
    "predict_all",
    "prediction",
    "training_masses",
]


class FittedTheory(Protocol):
    """A model that is ready to predict."""

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the mixture components it brings."""

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Predict masses.

        Parameters
        ----------
        nuclei : MultiIndex (Z, N)
            Any nuclei; those the model does not cover come back as NaN.

        Returns
        -------
        Dataset
            As `prediction` builds it.
        """


class TheoryModel(Protocol):
    """A model that may still have to learn."""

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the mixture components it brings."""

    def fit(self, training: pd.DataFrame) -> FittedTheory:
        """Learn from the training nuclei, and from nothing else.

        Parameters
        ----------
        training : DataFrame
            Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
        """


def _ascending(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] > ends[1]:
        raise ValueError(f"expected [lowest, highest], not {list(ends)}")
    return ends


type _Range = Annotated[tuple[NonNegativeInt, NonNegativeInt], AfterValidator(_ascending)]


class Domain(Configuration):
    """Nuclei on which a model is meant to be used.

    Parameters
    ----------
    Z, N : tuple of int
        Lowest and highest proton and neutron number, both included.
    parity : {"all", "even-even"}, default "all"
        Whether the model is for even-even nuclei only.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import Domain
    >>> Domain(Z=(8, 60), parity="even-even").covers(nuclide_index([50, 50, 82], [82, 83, 126]))
    array([ True, False, False])
    """

    Z: _Range = (0, MAX_Z)
    N: _Range = (0, MAX_N)
    parity: Literal["all", "even-even"] = "all"

    def covers(self, nuclei: pd.Index) -> npt.NDArray[np.bool]:
        """Which of the nuclei (Z, N) lie in the domain; array (nucleus,)."""
        Z, N = numbers(nuclei)
        inside = _within(Z, self.Z) & _within(N, self.N)
        return inside & (Z % 2 == 0) & (N % 2 == 0) if self.parity == "even-even" else inside


def _within(numbers: npt.NDArray[np.int64], ends: tuple[int, int]) -> npt.NDArray[np.bool]:
    return (numbers >= ends[0]) & (numbers <= ends[1])


def training_masses(training: pd.DataFrame, domain: Domain) -> pd.Series[float]:
    """Mass excesses of the training nuclei that lie in a model's domain.

    Parameters
    ----------
    training : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV.
    domain : Domain
        Nuclei outside are left out.

    Returns
    -------
    Series
        Mass excess in MeV, indexed (Z, N).

    Raises
    ------
    DataError
        If the column is missing, a mass is not a finite number or a nucleus appears twice.

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.theory.adapters import Domain, training_masses
    >>> len(training_masses(measured, Domain(Z=(50, 50)))) == len(measured.loc[[50]])
    True
    """
    if "mass_excess" not in training:
        raise DataError("training masses need a column mass_excess (MeV)")
    masses = training["mass_excess"].astype(float)[domain.covers(training.index)]
    unusable = ~np.isfinite(masses.to_numpy()) | masses.index.duplicated()
    if unusable.any():
        Z, N = masses.index[unusable][0]
        raise DataError(
            f"training nucleus Z={Z}, N={N}: expected one finite mass excess for each nucleus"
        )
    return masses


def prediction(
    nuclei: pd.MultiIndex,
    components: Sequence[str],
    mass_excess: npt.NDArray[np.float64],
    mass_excess_sd: npt.NDArray[np.float64] | float = 0.0,
) -> xr.Dataset:
    """Label predicted masses.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei.
    components : sequence of str
        Names of the m mixture components.
    mass_excess : array (n, m)
        Atomic mass excess, MeV; NaN where the component does not cover the nucleus.
    mass_excess_sd : array (n, m) or float, default 0
        Spread that the model itself states, MeV.

    Returns
    -------
    Dataset
        Dims (nucleus, theory); data variables mass_excess and mass_excess_sd in MeV; coordinates
        nucleus (such as "Pb-208"), Z, N and model.

    Examples
    --------
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import prediction
    >>> theory = prediction(nuclide_index([50], [82]), ["one", "two"], [[-76.0, -77.0]], 0.5)
    >>> theory["mass_excess"].sel(theory="two", nucleus="Sn-132").item()
    -77.0
    """
    Z, N = numbers(nuclei)
    dims = ("nucleus", "theory")
    sd = np.where(np.isnan(mass_excess), np.nan, mass_excess_sd)
    return xr.Dataset(
        {
            "mass_excess": (dims, mass_excess, {"units": "MeV", "long_name": "atomic mass excess"}),
            "mass_excess_sd": (
                dims,
                sd,
                {"units": "MeV", "long_name": "spread stated by the model"},
            ),
        },
        coords={
            "nucleus": ("nucleus", labels(Z.tolist(), N.tolist())),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
            "theory": ("theory", list(components)),
        },
    )


def predict_all(fitted: Sequence[FittedTheory], nuclei: Nuclides) -> xr.Dataset:
    """Predict with several models, side by side.

    Parameters
    ----------
    fitted : sequence of FittedTheory
        The models, in the order of their components.
    nuclei : str, (int, int), Index, or sequence of these
        Any nuclei; see `bmm.nuclides.chosen_nuclides`.

    Returns
    -------
    Dataset
        As `prediction` builds it, with the components of all models.

    Raises
    ------
    ConfigError
        If there is no model, or two components have the same name.
    DomainError
        If something asked for is no nuclide.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> from bmm.theory.adapters import predict_all
    >>> from bmm.theory.library import load_model
    >>> measured = load_measured("AME2020")
    >>> models = [load_model(name).fit(measured) for name in ("FRDM2012", "DZ33")]
    >>> theory = predict_all(models, ["Sn-132", "Pb-208"])
    >>> theory["mass_excess"].sel(nucleus="Sn-132").round(1).to_series().to_dict()
    {'FRDM2012': -75.9, 'DZ33': -75.7}
    """
    chosen = chosen_nuclides(nuclei)
    counts = Counter(component for model in fitted for component in model.components)
    if not counts:
        raise ConfigError("no theory model was given: expected at least one")
    repeated = [component for component, count in counts.items() if count > 1]
    if repeated:
        raise ConfigError(
            f"mixture component {repeated[0]!r} appears {counts[repeated[0]]} times: "
            "expected a different name for each"
        )
    parts = [model.predict(chosen) for model in fitted]
    return xr.concat(parts, dim="theory", join="exact", coords="minimal", compat="equals")
