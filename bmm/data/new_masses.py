"""Checks of masses measured lately, against what a mixture forecasts and what is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.data.expected_masses import expected_masses
from bmm.data.measured import load_measured
from bmm.data.plausibility import LARGEST_UNCERTAINTY
from bmm.data.readings import Reading, find_misreading
from bmm.errors import DataError
from bmm.nuclides import MAX_N, MAX_Z, label

__all__ = ["check_new_masses"]

_UNCERTAINTY = (1e-9, LARGEST_UNCERTAINTY)  # MeV; AME2020: from 1e-8 to 0.84
_SIGMAS, _LEAST, _MOST = 10.0, 3.0, 50.0  # sd, and MeV: a deviation beyond is absurd
_GUESS = 10.0  # MeV; standard deviation of shipped models where nothing is known
_STEPS = 2  # nucleons from the nearest nuclide of AME2020, measured or estimated


def check_new_masses(path: Path, new: pd.DataFrame, forecast: pd.DataFrame) -> None:
    """Refuse masses that are absurd, and say what would make them fit.

    Parameters
    ----------
    path : Path
        Their file, for messages.
    new : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    forecast : DataFrame
        What is forecast of them and of any others: indexed (Z, N), with columns mean and sd in MeV.

    Raises
    ------
    DataError
        If an uncertainty is impossible, a nucleus is far from all that is known, or a mass is more
        than 3 MeV and 10 standard deviations, or 50 MeV, off AME2020 or, where it is not measured
        there, off the forecast, or where there is none either, off shipped models.
    """
    known = load_measured("AME2020", estimated=True)
    uncertain = ~new["mass_excess_uncertainty"].between(*_UNCERTAINTY)
    if uncertain.any():
        nucleus = new.index[uncertain][0]
        mass, uncertainty = (float(new[name][nucleus]) for name in new.columns[:2])
        at = _expectation(forecast, *(np.array([number]) for number in nucleus))[0]
        swapped = abs(uncertainty - at) < _LEAST and _UNCERTAINTY[0] <= mass <= _UNCERTAINTY[1]
        hint = " (is it swapped with the mass?)" if swapped else ""
        if not swapped and abs(mass - at) > _MOST:
            remedy = _remedy(nucleus, mass, forecast, _LEAST)
            hint = f", beside a mass excess of {mass:.6g} MeV{remedy}"
        raise DataError(
            f"{path}: {_name(nucleus)}: expected an uncertainty from {_UNCERTAINTY[0]:g} to "
            f"{_UNCERTAINTY[1]:g} MeV, not {uncertainty:g}{hint}"
        )
    _refuse_far(path, new.index, known.index)
    evaluated = known.set_axis(["mean", "sd", *known.columns[2:]], axis=1)
    unmeasured = forecast[~forecast.index.isin(known.index[~known["estimated"]])]
    rest = new.index.difference(known.index).difference(forecast.index)
    Z, N = (rest.get_level_values(level).to_numpy() for level in "ZN")
    guess = pd.DataFrame({"mean": expected_masses(Z, N).mass_excess, "sd": _GUESS}, index=rest)
    for said, masses in (
        ("AME2020 has", evaluated),
        ("the forecast is", unmeasured),
        ("models expect", guess),
    ):
        _refuse_absurd(path, new, masses.loc[masses.index.intersection(new.index)], forecast, said)


def _refuse_far(path: Path, new: pd.Index, known: pd.Index) -> None:
    Z, N = (known.get_level_values(level).to_numpy() for level in "ZN")
    for nucleus in new:
        steps = int((np.abs(Z - nucleus[0]) + np.abs(N - nucleus[1])).min())
        if steps > _STEPS:
            raise DataError(
                f"{path}: {_name(nucleus)} is {steps} nucleons from the nearest nuclide of "
                f"AME2020, measured or estimated: expected one at most {_STEPS} away"
            )


def _refuse_absurd(
    path: Path, new: pd.DataFrame, masses: pd.DataFrame, forecast: pd.DataFrame, said: str
) -> None:
    part = new.loc[masses.index]
    deviation = (part["mass_excess"] - masses["mean"]).abs()
    spread = np.hypot(part["mass_excess_uncertainty"], masses["sd"])
    absurd = deviation > (_SIGMAS * spread).clip(_LEAST, _MOST)
    if absurd.any():
        nucleus = masses.index[absurd][0]
        mass = float(part["mass_excess"][nucleus])
        mean, sd = (float(masses[name][nucleus]) for name in ("mean", "sd"))
        rest = f" (and {absurd.sum() - 1} more)" if absurd.sum() > 1 else ""
        raise DataError(
            f"{path}: {_name(nucleus)}: a mass excess of {mass:.6g} MeV, where {said} "
            f"{mean:.3f} +- {sd:.3g} MeV{rest}{_remedy(nucleus, mass, forecast, max(sd, _LEAST))}"
        )


def _remedy(nucleus: tuple[int, int], mass: float, forecast: pd.DataFrame, margin: float) -> str:
    """Say what else the number may be, if that is as expected but for a margin (MeV)."""
    Z, N = (np.array([number]) for number in nucleus)
    found = find_misreading(
        Z, N, np.array([mass]), Reading(), lambda *at: _expectation(forecast, *at),
        numbers=("Z and N swapped",), measured=False, certain=False,
    )  # fmt: skip
    if found is None or found.better > margin:
        return ": expected a mass excess in MeV"
    return f"; it would fit with {' and '.join(found.reading.differs_in(Reading()))}"


def _expectation(forecast: pd.DataFrame, Z: IntArray, N: IntArray) -> FloatArray:
    """Forecast masses (MeV), or where there are none, expected ones."""
    inside = (Z <= MAX_Z) & (N <= MAX_N)
    at = pd.MultiIndex.from_arrays([np.where(inside, Z, 0), np.where(inside, N, 0)])
    own = forecast["mean"].reindex(at).to_numpy(dtype=np.float64)
    return np.where(np.isfinite(own), own, expected_masses(Z, N).mass_excess)


def _name(nucleus: tuple[int, int]) -> str:
    return f"{label(*nucleus)} (Z={nucleus[0]}, N={nucleus[1]})"
