"""Measured masses beside the predictions of every model, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.errors import ConfigError, DataError
from bmm.theory.joined import join_masses

__all__ = ["Training", "masses_of", "position_of", "training_data"]


@dataclass(frozen=True)
class Training:
    """The n nuclei that a method learns from.

    Parameters
    ----------
    models : tuple of str
        The K models.
    Z, N : int array (n,)
        Proton and neutron numbers.
    mass, uncertainty : array (n,)
        Measured mass excess and its uncertainty, MeV.
    theory, theory_sd : array (n, K)
        Predicted mass excess, NaN where a model leaves a nucleus out, and the spread that the
        model itself states, MeV.
    lost : int
        Measured nuclei left aside because not all models cover them.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.training_arrays import training_data
    >>> training = training_data(measured, theory)
    >>> training.models, training.counts
    (('FRDM2012', 'HFB24'), {'n_training': 235, 'n_lost': 0})
    """

    models: tuple[str, ...]
    Z: npt.NDArray[np.int64]
    N: npt.NDArray[np.int64]
    mass: FloatArray
    uncertainty: FloatArray
    theory: FloatArray
    theory_sd: FloatArray
    lost: int

    @property
    def deviation(self) -> FloatArray:
        """Measured minus predicted mass excess, array (n, K), MeV."""
        return self.mass[:, None] - self.theory

    @property
    def known_sd(self) -> FloatArray:
        """Measurement's uncertainty and models' own spread together, array (n, K), MeV."""
        return np.hypot(self.uncertainty[:, None], self.theory_sd)

    @property
    def counts(self) -> dict[str, int]:
        """Number of nuclei learnt from and lost, for `Fitted.facts`."""
        return {"n_training": len(self.mass), "n_lost": self.lost}

    def named(self, values: npt.ArrayLike) -> dict[str, float]:
        """One number for each model, by its name."""
        return dict(zip(self.models, np.asarray(values, dtype=float).tolist(), strict=True))


def training_data(measured: pd.DataFrame, theory: xr.Dataset, *, common: bool = True) -> Training:
    """Put measured masses and models side by side.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it, for these nuclei and possibly others.
    common : bool, default True
        Keep only the nuclei that every model covers; otherwise those that any covers.

    Raises
    ------
    DataError
        If a measured nucleus is not among the predicted ones, or none is left.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.methods.training_arrays import training_data
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.adapters import prediction
    >>> nuclei = nuclide_index([50, 82], [82, 126])
    >>> columns = {"mass_excess": [-76.5, -21.7], "mass_excess_uncertainty": 0.01}
    >>> theory = prediction(nuclei, ["one", "two"], [[-76.0, -77.0], [-21.0, float("nan")]], 0.0)
    >>> training = training_data(pd.DataFrame(columns, nuclei), theory)
    >>> training.deviation
    array([[-0.5,  0.5]])
    >>> training.lost
    1
    """
    joined = join_masses(measured, theory, missing="refuse")
    predicted, sd = (
        joined[name].to_numpy() for name in ("theory_mass_excess", "theory_mass_excess_sd")
    )
    covered = np.isfinite(predicted)
    kept = covered.all(axis=1) if common else covered.any(axis=1)
    if not kept.any():
        raise DataError(f"no measured nucleus is covered by {'every' if common else 'any'} model")
    return Training(
        models=tuple(str(name) for name in theory["theory"].to_numpy()),
        Z=joined["Z"].to_numpy()[kept],
        N=joined["N"].to_numpy()[kept],
        mass=joined["mass_excess"].to_numpy()[kept],
        uncertainty=joined["mass_excess_uncertainty"].to_numpy()[kept],
        theory=predicted[kept],
        theory_sd=np.nan_to_num(sd[kept]),
        lost=int((~kept).sum()),
    )


def masses_of(theory: xr.Dataset) -> FloatArray:
    """Predicted mass excess as an array (nucleus, theory), MeV; NaN where not covered.

    Examples
    --------
    With `theory` of the example of `bmm.fit`:

    >>> from bmm.methods.training_arrays import masses_of
    >>> masses_of(theory.sel(nucleus=["Sn-132"])).round(2)
    array([[-75.93, -76.75]])
    """
    return np.asarray(theory["mass_excess"].transpose("nucleus", "theory").to_numpy(), dtype=float)


def position_of(model: str, models: tuple[str, ...]) -> int:
    """Find a model among others.

    Raises
    ------
    ConfigError
        If it is not there.

    Examples
    --------
    >>> from bmm.methods.training_arrays import position_of
    >>> position_of("DZ33", ("FRDM2012", "DZ33"))
    1
    """
    if model not in models:
        raise ConfigError(f"no component is called {model!r}: expected one of {', '.join(models)}")
    return models.index(model)
