"""How many models share the weight, by distance from the data and by region.

The effective number of models at a nucleus is the exponential of the entropy of its mean weights:
1 where one model has all the weight, K where K models have the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import BoolArray, FloatArray
from bmm.evaluation.regions import distance_to, region_masks
from bmm.nuclides import nuclide_index

__all__ = ["effective_number", "effective_numbers"]

_DISTANCES = {"0": (0, 0), "1-2": (1, 2), "3-5": (3, 5), "more": (6, np.inf)}
_REGIONS = ("light", "near magic", "proton-rich", "neutron-rich")


def effective_number(weight: FloatArray) -> FloatArray:
    """Exponential of the entropy of weights (..., theory).

    Examples
    --------
    >>> import numpy as np
    >>> effective_number(np.array([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]]))
    array([4., 1.])
    """
    weight = np.nan_to_num(weight)
    logarithm = np.log(np.where(weight > 0, weight, 1.0))
    return np.asarray(np.exp(-(weight * logarithm).sum(axis=-1)))


def effective_numbers(summary: xr.Dataset, measured: pd.DataFrame) -> dict[str, Any]:
    """Mean effective number of models by distance from the data and by region.

    Parameters
    ----------
    summary : Dataset
        With weight (nucleus, theory) and coordinates Z and N; see
        `bmm.prediction.predictive.Prediction`.
    measured : DataFrame
        The fitted nuclei, indexed (Z, N).

    Returns
    -------
    dict
        distance: for 0, 1-2, 3-5 and more steps of a nucleon n, effective_models and the mean
        weights; region: likewise for the regions of `bmm.evaluation.regions`.

    Examples
    --------
    With `tree` and `measured` of the example of `bmm.fit`:

    >>> import bmm
    >>> from bmm.evaluation.weight_entropy import effective_numbers
    >>> found = effective_numbers(bmm.predict(tree).summary, measured)
    >>> sorted(found)
    ['distance', 'region']
    """
    index = nuclide_index(summary["Z"].to_numpy(), summary["N"].to_numpy())
    weight = summary["weight"].transpose("nucleus", "theory").to_numpy()
    number = effective_number(weight)
    names = [str(name) for name in summary["theory"].to_numpy()]
    steps = distance_to(index, measured.index)
    distance = {name: (steps >= low) & (steps <= high) for name, (low, high) in _DISTANCES.items()}
    regions = region_masks(index, measured.index)

    def among(some: BoolArray) -> dict[str, Any]:
        means = dict(zip(names, np.nan_to_num(weight[some]).mean(axis=0).tolist(), strict=True))
        return {
            "n": int(some.sum()),
            "effective_models": float(number[some].mean()),
            "weights": means,
        }

    return {
        "distance": {name: among(some) for name, some in distance.items() if some.any()},
        "region": {name: among(regions[name]) for name in _REGIONS if regions[name].any()},
    }
