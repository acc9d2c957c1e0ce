"""Checks of theoretical masses that are given as a Dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import BoolArray, FloatArray
from bmm.data.plausibility import LARGEST_MASS, LARGEST_SPREAD
from bmm.errors import DataError, quoted
from bmm.nuclides import labels, nuclide_index
from bmm.theory.joined import join_masses

__all__ = ["check_agreement", "check_same_models", "check_theory"]

_DIMS = ("nucleus", "theory")
_VARIABLES = ("mass_excess", "mass_excess_sd")
_FACTORS = (1000.0, 0.001, -1.0, -1000.0, -0.001)
_SPOKEN = {1000.0: "in keV", -1.0: "of the other sign", -1000.0: "in keV and of the other sign"}
_BETTER = 4.0  # times smaller median deviation
_EVIDENCE = 10.0  # log of the odds against chance
_OFF = 10.0  # MeV; a model this close is no misreading
_IMPOSSIBLE = 100.0  # MeV; median deviation of what is no mass excess of these nuclei


def check_theory(theory: Any) -> xr.Dataset:
    """Check a Dataset of theoretical masses.

    Parameters
    ----------
    theory : Dataset
        As `bmm.theory.adapters.prediction` builds it.

    Returns
    -------
    Dataset
        The same, dims in the order (nucleus, theory).

    Raises
    ------
    DataError
        If a dimension, coordinate or variable is missing, a nucleus or model comes twice, or a
        number is impossible; the message names the nucleus and the model.
    DomainError
        If a nucleus lies off the chart.

    Examples
    --------
    With `theory` of the example of `bmm.fit`:

    >>> from bmm.theory.validation import check_theory
    >>> check_theory(theory)["mass_excess"].dims
    ('nucleus', 'theory')
    """
    if not isinstance(theory, xr.Dataset):
        raise DataError(
            f"theory: expected a Dataset as bmm.predict_all returns it, not {type(theory).__name__}"
        )
    for name in _VARIABLES:
        if name not in theory:
            raise DataError(
                f"theory: no variable {name!r}; expected a Dataset as bmm.predict_all returns it"
            )
        if set(theory[name].dims) != set(_DIMS):
            raise DataError(
                f"theory: {name!r} has the dimensions {quoted(theory[name].dims)}; expected {_DIMS}"
            )
    _check_coordinates(theory)
    ordered: xr.Dataset = theory.transpose(*_DIMS, ...)
    mass, sd = (_floats(ordered, name) for name in _VARIABLES)
    large = ~np.isnan(mass) & ~(np.abs(mass) <= LARGEST_MASS)
    _refuse(ordered, mass, large, f"a mass excess of at most {LARGEST_MASS:g} MeV (is it in keV?)")
    wrong = ~np.isnan(mass) & ~((sd >= 0) & (sd <= LARGEST_SPREAD))
    _refuse(ordered, sd, wrong, f"a standard deviation from 0 to {LARGEST_SPREAD:g} MeV")
    return ordered


def check_agreement(measured: pd.DataFrame, theory: xr.Dataset) -> None:
    """Refuse masses and theory that are in different units or of different sign.

    Parameters
    ----------
    measured : DataFrame
        From `bmm.data.check_measured`.
    theory : Dataset
        From `check_theory`; nuclei that are not measured are left aside.

    Raises
    ------
    DataError
        If the masses of a model, or all measured masses, agree several times better after a
        change of unit or sign, or by no means.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.theory.validation import check_agreement
    >>> check_agreement(measured, theory)
    >>> try:
    ...     check_agreement(measured, theory.assign(mass_excess=1000 * theory["mass_excess"]))
    ... except ValueError as error:
    ...     print(error)
    the measured masses do not agree with any model: expected mass excesses in MeV
    """
    joined = join_masses(measured, theory, missing="drop")
    mass = joined["mass_excess"].to_numpy()[:, None]
    predicted = joined["theory_mass_excess"].to_numpy()
    names = [str(name) for name in theory["theory"].to_numpy()]
    found = {
        name: _factor(mass[:, 0], predicted[:, k])
        for k, name in enumerate(names)
        if np.isfinite(mass[:, 0] - predicted[:, k]).any()
    }
    wrong = {name: factor for name, factor in found.items() if factor is not None}
    if not wrong:
        return
    name, factor = next(iter(wrong.items()))
    if len(wrong) == len(found) > 1:
        said, how = "the measured masses do not agree with any model", _SPOKEN.get(1 / factor)
    elif len(found) == 1:
        said = f"the masses of {quoted(name)} and the measured ones do not agree"
        how = _SPOKEN.get(factor) or _SPOKEN.get(1 / factor)
    else:
        said = f"the masses of {quoted(name)} do not agree with the measured ones"
        how = _SPOKEN.get(factor)
    seem = f"; they seem to be {how}" if how else ""
    raise DataError(f"{said}: expected mass excesses in MeV{seem}")


def check_same_models(theory: xr.Dataset, chart: xr.Dataset) -> None:
    """Refuse theory at measured nuclei, and on a chart, that is not of the same models.

    Parameters
    ----------
    theory, chart : Dataset
        From `check_theory`.

    Raises
    ------
    DataError
        If they do not name the same models in the same order.

    Examples
    --------
    With `theory` of the example of `bmm.fit`:

    >>> from bmm.theory.validation import check_same_models
    >>> check_same_models(theory, theory)
    """
    first, second = ([str(name) for name in each["theory"].to_numpy()] for each in (theory, chart))
    if first != second:
        raise DataError(
            f"chart: the models are {quoted(', '.join(second))}; expected those of theory, "
            f"{quoted(', '.join(first))}, in this order"
        )


def _factor(mass: FloatArray, predicted: FloatArray) -> float | None:
    """Find by what a model's masses are too large; NaN if nothing helps, None if they agree."""
    known = np.isfinite(mass - predicted)
    mass, predicted = mass[known], predicted[known]
    size = float(np.median(np.abs(mass - predicted)))
    if size < _OFF:
        return None
    others = {each: float(np.median(np.abs(mass - predicted / each))) for each in _FACTORS}
    best = min(others, key=lambda each: others[each])
    ratio = size / max(others[best], 1e-3)
    if ratio > _BETTER and (mass.size - 1) * np.log(ratio) > _EVIDENCE:
        return best
    return float("nan") if size > _IMPOSSIBLE else None


def _check_coordinates(theory: xr.Dataset) -> None:
    along = {"Z": "nucleus", "N": "nucleus", "nucleus": "nucleus", "theory": "theory"}
    for name, dim in along.items():
        if name not in theory.coords or theory[name].dims != (dim,):
            raise DataError(
                f"theory: no coordinate {name!r} along {dim!r}; expected a Dataset as "
                "bmm.predict_all returns it"
            )
    try:
        Z, N = (theory[name].to_numpy() for name in ("Z", "N"))
        nuclide_index(Z, N)
    except DataError as error:
        raise DataError(f"theory: {error}") from error
    given = [str(name) for name in theory["nucleus"].to_numpy()]
    for name, right in zip(given, labels(Z.tolist(), N.tolist()), strict=True):
        if name != right:
            raise DataError(
                f"theory: the nucleus called {quoted(name)} has the Z and N of {right}; expected "
                "both to agree"
            )
    models = [str(name) for name in theory["theory"].to_numpy()]
    if len(set(models)) < len(models):
        twice = next(name for name in models if models.count(name) > 1)
        raise DataError(f"theory: {quoted(twice)} comes twice; expected each model once")


def _floats(theory: xr.Dataset, name: str) -> FloatArray:
    try:
        return np.asarray(theory[name].to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"theory: expected numbers in {name!r}") from error


def _refuse(theory: xr.Dataset, values: FloatArray, wrong: BoolArray, expected: str) -> None:
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        nucleus = str(theory["nucleus"].to_numpy()[row])
        model = str(theory["theory"].to_numpy()[column])
        raise DataError(
            f"theory: {quoted(model)} has {values[row, column]:g} for {nucleus}; expected "
            f"{expected}"
        )
