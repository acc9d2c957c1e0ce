"""One forecast: a method fitted to training nuclei, and what it says of test nuclei."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from bmm.distributions.storage import to_dataset
from bmm.methods.interface import Method
from bmm.nuclides import nuclide_index

__all__ = ["MadeForecast", "make_forecast"]


@dataclass(frozen=True)
class MadeForecast:
    """A forecast of test nuclei, as plain data.

    Parameters
    ----------
    data : Dataset
        Components of the distribution of each nucleus (see `bmm.distributions.storage`), and draws
        (draw, nucleus), MeV, with coordinates Z and N.
    facts : dict
        What the method learnt; see `bmm.methods.interface.Fitted`.
    seconds : float
        Wall time of fit and forecast.
    """

    data: xr.Dataset
    facts: dict[str, Any]
    seconds: float


def make_forecast(
    method: Method, training: pd.DataFrame, test: pd.MultiIndex, theory: xr.Dataset, seed: int
) -> MadeForecast:
    """Fit a method, and predict the test nuclei.

    Linear algebra runs on one thread, as it rounds differently on several.  A forecast is then the
    same, bit for bit, whatever the number of cores and wherever it is made.

    Parameters
    ----------
    method : Method
        The method.
    training : DataFrame
        Measured nuclei to learn from; see `bmm.methods.interface.Method.fit`.
    test : MultiIndex
        Test nuclei (Z, N), without their masses.
    theory : Dataset
        What the models say of both.
    seed : int
        Of the fit; that of the predictive draws is the next.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`; training nuclei are lighter than tin:

    >>> from bmm.methods.averages import EqualWeights
    >>> from bmm.methods.forecasting import make_forecast
    >>> training, test = measured.loc[46:49], measured.loc[50:52].index
    >>> made = make_forecast(EqualWeights(), training, test, theory, seed=0)
    >>> made.data.sizes["nucleus"] == len(test)
    True
    """
    begun = time.perf_counter()
    with threadpool_limits(limits=1, user_api="blas"):
        fitted = method.fit(training, theory, seed)
        index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
        forecast = fitted.forecast(theory.isel(nucleus=index.isin(test)), seed + 1)
        data = to_dataset(forecast.distribution).assign(draws=forecast.draws.astype(np.float32))
    seconds = time.perf_counter() - begun
    return MadeForecast(data, fitted.facts, seconds)
