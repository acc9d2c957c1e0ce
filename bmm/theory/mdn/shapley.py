"""Which features a network's predictions rest on: Shapley values.

The Shapley value of a feature, for one nucleus, is the mean over all orders of the features of what
changes in the predicted mass when this one is switched from a reference nucleus to the nucleus,
after those before it.  The values of a nucleus sum to its mass less the reference's.  Features that
go along with each other (N, A, A^(2/3)) share what they explain together, and some of the nuclei
in between do not exist: a ranking, not physics.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray
from bmm.nuclides import numbers
from bmm.theory.mdn.ensemble import Ensemble
from bmm.theory.mdn.extra import require_extra
from bmm.theory.mdn.features import feature_matrix, feature_names

__all__ = ["exact_values", "rank_features", "shapley_values"]

type Function = Callable[[FloatArray], FloatArray]

_MOST_EXACT = 12


def exact_values(function: Function, rows: FloatArray, reference: FloatArray) -> FloatArray:
    """Shapley values by all 2^d subsets of the d features.

    Parameters
    ----------
    function : callable
        From features (n, d) to values (n,).
    rows : array (n, d)
        What is explained.
    reference : array (d,)
        What features are switched from.

    Returns
    -------
    array (n, d)
        In the unit of the function.

    Examples
    --------
    A sum of its features, whose values are what each adds to the reference:

    >>> import numpy as np
    >>> from bmm.theory.mdn.shapley import exact_values
    >>> exact_values(lambda rows: rows.sum(axis=1), np.array([[3.0, 5.0]]), np.array([[1.0, 2.0]]))
    array([[2., 3.]])
    """
    d = rows.shape[1]
    assert d <= _MOST_EXACT
    worth: dict[frozenset[int], FloatArray] = {}
    for size in range(d + 1):
        for chosen in combinations(range(d), size):
            mixed = np.tile(reference, (len(rows), 1))
            mixed[:, chosen] = rows[:, chosen]
            worth[frozenset(chosen)] = function(mixed)
    values = np.zeros_like(rows)
    for subset, value in worth.items():
        for feature in set(range(d)) - subset:
            share = factorial(len(subset)) * factorial(d - len(subset) - 1) / factorial(d)
            values[:, feature] += share * (worth[subset | {feature}] - value)
    return values


def shapley_values(
    ensemble: Ensemble,
    nuclei: pd.Index,
    *,
    method: Literal["shap", "exact"] = "shap",
    rounds: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Shapley values of the ensemble's mean mass excess.

    The reference has the mean features of the training nuclei.

    Parameters
    ----------
    ensemble : Ensemble
        The trained networks.
    nuclei : MultiIndex (Z, N)
        What is explained.
    method : {"shap", "exact"}, default "shap"
        Sampled orders and their reverses by the package shap; or all subsets, for at most 12
        features.
    rounds : int, default 10
        Sampled orders for each nucleus.
    seed : int, default 0
        Of the orders.

    Returns
    -------
    DataFrame
        Indexed (Z, N), one column for each feature, MeV.

    Raises
    ------
    ConfigError
        If the package shap is needed and not installed.
    """
    chosen = ensemble.settings.features
    rows = feature_matrix(*numbers(nuclei), chosen)
    weight = np.exp(ensemble.log_weight)

    def mass(features: FloatArray) -> FloatArray:
        return np.asarray(weight @ ensemble.member_means(np.asarray(features, dtype=np.float64)))

    if method == "exact":
        values = exact_values(mass, rows, ensemble.centre)
    else:
        values = _by_shap(mass, rows, ensemble.centre, rounds, seed)
    return pd.DataFrame(values, index=nuclei, columns=list(feature_names(chosen)))


def _by_shap(
    function: Function, rows: FloatArray, reference: FloatArray, rounds: int, seed: int
) -> FloatArray:
    require_extra("explaining a network")
    import shap

    explainer = shap.explainers.Permutation(function, reference[None], seed=seed)
    evaluations = rounds * (2 * rows.shape[1] + 1)
    return np.asarray(explainer(rows, max_evals=evaluations, silent=True).values)


def rank_features(values: pd.DataFrame) -> pd.DataFrame:
    """Rank features by the mean size of their Shapley values.

    Parameters
    ----------
    values : DataFrame
        From `shapley_values`.

    Returns
    -------
    DataFrame
        Indexed by feature, the most important first: mean_absolute, and sd over the nuclei, MeV.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.theory.mdn.shapley import rank_features
    >>> values = pd.DataFrame({"A": [1.0, -3.0], "parity of Z": [0.5, -0.5]})  # MeV
    >>> rank_features(values)["mean_absolute"].to_dict()
    {'A': 2.0, 'parity of Z': 0.5}
    """
    table = pd.DataFrame({"mean_absolute": values.abs().mean(), "sd": values.std()})
    table.index.name = "feature"
    return table.sort_values("mean_absolute", ascending=False)
