"""Bias and rms of models by Z range, N range and region of the chart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from bmm.arrays import BoolArray, FloatArray
from bmm.data import evaluation_name
from bmm.evaluation.regions import region_masks
from bmm.evaluation.splits import informed_by
from bmm.nuclides import MAGIC_NUMBERS, MAX_N, MAX_Z, numbers

__all__ = ["calibration_regions", "chart_regions", "region_scores"]

_HEAVY = 150
_STEPS = ("1 step", "2 steps", "3 steps or more")


def chart_regions(nuclei: pd.Index) -> dict[str, BoolArray]:
    """Tell which nuclei belong to which region of the chart; regions overlap.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei.

    Returns
    -------
    dict
        Array (n,) for each region: those of `bmm.evaluation.regions.region_masks` that do not
        depend on what was learnt from; "medium", 60 <= A < 150; "heavy", A >= 150; "even-even",
        "odd A" and "odd-odd"; and the ranges of Z and of N between magic numbers, such as
        "Z 28-49".

    Examples
    --------
    >>> from bmm.evaluation.region_scores import chart_regions
    >>> from bmm.nuclides import nuclide_index
    >>> regions = chart_regions(nuclide_index([50, 50], [82, 75]))
    >>> sorted(name for name, inside in regions.items() if inside[0])
    ['N 82-125', 'Z 50-81', 'all', 'even-even', 'medium', 'near magic', 'neutron-rich']
    """
    Z, N = numbers(nuclei)
    every = region_masks(nuclei, nuclei)
    found = {name: mask for name, mask in every.items() if name not in _STEPS}
    heavy = Z + N >= _HEAVY
    odd = Z % 2 + N % 2
    found |= {
        "medium": ~found["light"] & ~heavy,
        "heavy": heavy,
        "even-even": odd == 0,
        "odd A": odd == 1,
        "odd-odd": odd == 2,
    }
    for name, number, last in (("Z", Z, MAX_Z), ("N", N, MAX_N)):
        for first, after in pairwise((0, *MAGIC_NUMBERS, last + 1)):
            inside = (number >= first) & (number < after)
            if inside.any():
                found[f"{name} {first}-{after - 1}"] = inside
    return found


def calibration_regions(
    nuclei: pd.Index, calibrated_on: str, measured: str
) -> dict[str, BoolArray]:
    """Tell what a model may have been adjusted to from what was measured later.

    Parameters
    ----------
    nuclei : MultiIndex (Z, N)
        The n nuclei, measured in `measured`.
    calibrated_on : str
        As in a card.
    measured : str
        The evaluation, or its file.

    Returns
    -------
    dict
        Array (n,) for "known to <edition>" and "first measured later, in <evaluation>"; empty for
        a model that learns, or was adjusted to nothing.

    Examples
    --------
    Nuclei of tin that AME2020 has, by whether AME2003 had them:

    >>> from bmm.evaluation.region_scores import calibration_regions
    >>> regions = calibration_regions(measured.index, "AME2003", "AME2020")
    >>> [(name, int(where.sum()) > 0) for name, where in regions.items()]
    [('known to AME2003', True), ('first measured later, in AME2020', True)]
    """
    if calibrated_on in ("training", "none"):
        return {}
    known = np.asarray(nuclei.isin(informed_by(calibrated_on)))
    return {
        f"known to {calibrated_on}": known,
        f"first measured later, in {evaluation_name(measured)}": ~known,
    }


def region_scores(errors: FloatArray, regions: Mapping[str, BoolArray]) -> pd.DataFrame:
    """Bias and rms of predictions in every region.

    Parameters
    ----------
    errors : array (nucleus,)
        Predicted minus measured mass excess, MeV; NaN where nothing is predicted.
    regions : mapping of str to array (nucleus,)
        See `chart_regions`.

    Returns
    -------
    DataFrame
        Indexed by region, those without a prediction left out, with columns n, bias_MeV,
        bias_se_MeV (the standard error of the bias, for independent nuclei; NaN of one) and
        rms_MeV.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.evaluation.region_scores import region_scores
    >>> errors = np.array([0.3, -0.3, 0.9])
    >>> table = region_scores(errors, {"light": np.array([True, True, False])})
    >>> table.round(2).to_dict("index")
    {'light': {'n': 2, 'bias_MeV': 0.0, 'bias_se_MeV': 0.3, 'rms_MeV': 0.3}}
    """
    rows = []
    for name, mask in regions.items():
        part = errors[mask & np.isfinite(errors)]
        if part.size:
            spread = float(np.std(part, ddof=1) / np.sqrt(part.size)) if part.size > 1 else np.nan
            rms = float(np.sqrt(np.mean(part**2)))
            rows.append((name, part.size, float(part.mean()), spread, rms))
    columns = ["region", "n", "bias_MeV", "bias_se_MeV", "rms_MeV"]
    return pd.DataFrame(rows, columns=columns).set_index("region")
