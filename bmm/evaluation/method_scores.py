"""Methods side by side: scores with standard errors, and paired differences.

Every score is a function of averages over nuclei.  Neighbouring nuclei err together, so the
standard errors come from a bootstrap of whole isotopic chains, within each split where several are
scored together; in a difference both methods see the same chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.arrays import FloatArray
from bmm.errors import ConfigError
from bmm.evaluation.scores import LEVELS, inside_intervals
from bmm.nuclides import numbers

__all__ = ["common_nuclei", "compare"]


_REPLICATES = 2000
_SEED = 20261122


def common_nuclei(tables: Mapping[str, pd.DataFrame]) -> pd.Index:
    """Nuclei that every method predicts, so that all are scored on the same.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From `bmm.evaluation.nucleus_scores.nucleus_scores`, for each method.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.evaluation.method_scores import common_nuclei
    >>> from bmm.nuclides import nuclide_index
    >>> one = pd.DataFrame({"error": [0.1, 0.2]}, nuclide_index([50, 50], [82, 84]))
    >>> other = pd.DataFrame({"error": [0.3]}, nuclide_index([50], [84]))
    >>> common_nuclei({"one": one, "other": other}).tolist()
    [(50, 84)]
    """
    kept = [table.index[table["error"].notna()] for table in tables.values()]
    common = kept[0]
    for each in kept[1:]:
        common = common[common.isin(each)]
    return common


def compare(
    tables: Mapping[str, pd.DataFrame],
    regions: Mapping[str, pd.Index],
    levels: Sequence[float],
    reference: str,
    strata: pd.Series[str] | None = None,
) -> pd.DataFrame:
    """Score all methods on the same nuclei, region by region.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Scores of each nucleus, for each method.
    regions : mapping of str to MultiIndex (Z, N)
        Nuclei to average over.  Empty ones are left out, and so is a method that has no score at
        one of the nuclei; the reference must have them all.
    levels : sequence of float
        Probabilities of the intervals, as in the tables.
    reference : str
        Method that the others are compared with.
    strata : Series, optional
        Name of the split of each nucleus, indexed (Z, N): chains are resampled within each.

    Returns
    -------
    DataFrame
        One row for each region and method, with columns region, method, n and, for each score X,
        X, X_se (its standard error), X_diff (minus the reference's) and X_diff_se.

        * rms, mae, bias: MeV, of the mean, the median and the mean
        * crps, MeV; log_score, per MeV, larger is better; interval_score_PP, MeV
        * coverage_PP: share of the masses inside the central intervals of PP %
        * coverage_deviation: mean |coverage - level| over the levels 5 % to 99 %
        * width_PP: mean width of the central interval of PP %, MeV

        Standard errors are NaN in a region with a single isotopic chain.

    Raises
    ------
    ConfigError
        If the reference is not among the methods.

    Examples
    --------
    Two methods on two nuclei, one of which describes them better:

    >>> import pandas as pd
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.evaluation.method_scores import compare
    >>> from bmm.evaluation.nucleus_scores import nucleus_scores
    >>> from bmm.nuclides import nuclide_index
    >>> nuclei = nuclide_index([50, 50], [82, 84])
    >>> columns = {"mass_excess": [-76.5, -66.4], "mass_excess_uncertainty": 0.01}
    >>> measured = pd.DataFrame(columns, nuclei)
    >>> tables = {
    ...     name: nucleus_scores(StudentTMixture(masses, 0.4), nuclei, measured, [0.68])
    ...     for name, masses in (("close", [[-76.3], [-66.5]]), ("far", [[-75.5], [-67.3]]))
    ... }
    >>> found = compare(tables, {"all": nuclei}, [0.68], "close")
    >>> found.set_index("method")["rms"].round(2).to_dict()
    {'close': 0.16, 'far': 0.95}
    """
    if reference not in tables:
        raise ConfigError(
            f"key 'reference': no method is called {reference!r}; "
            f"expected one of {', '.join(tables)}"
        )
    rows = []
    for region, nuclei in regions.items():
        if not len(nuclei):
            continue
        weights = _weights(nuclei, strata)
        scored = {}
        for method, table in tables.items():
            part = table.reindex(nuclei)
            if part["error"].isna().any():
                continue
            columns = _columns(part, levels)
            scored[method] = (
                _metrics(columns.mean(axis=0), levels),
                _metrics(weights @ columns, levels),
            )
        rows += [
            {"region": region, "method": method, "n": len(nuclei)}
            | _row(scored[method], scored[reference])
            for method in scored
        ]
    return pd.DataFrame(rows)


def _row(
    own: tuple[dict[str, FloatArray], dict[str, FloatArray]],
    other: tuple[dict[str, FloatArray], dict[str, FloatArray]],
) -> dict[str, float]:
    row = {}
    for name in own[0]:
        row[name] = float(own[0][name])
        row[f"{name}_se"] = float(own[1][name].std())
        row[f"{name}_diff"] = float(own[0][name] - other[0][name])
        row[f"{name}_diff_se"] = float((own[1][name] - other[1][name]).std())
    return row


def _weights(nuclei: pd.Index, strata: pd.Series[str] | None) -> FloatArray:
    """Weights (replicate, nucleus) of nuclei, whose chains are resampled within each stratum."""
    Z, _ = numbers(nuclei)
    if strata is None:
        return _bootstrap_weights(Z)
    stratum = strata.reindex(nuclei).to_numpy()
    weights = np.empty((_REPLICATES, len(Z)))
    for name in np.unique(stratum):
        inside = stratum == name
        weights[:, inside] = inside.mean() * _bootstrap_weights(Z[inside])
    return weights


def _bootstrap_weights(Z: npt.NDArray[np.int64]) -> FloatArray:
    """Weights (replicate, nucleus) of nuclei, when whole isotopic chains are resampled."""
    chains, chain = np.unique(Z, return_inverse=True)
    drawn = np.random.default_rng(_SEED).multinomial(
        len(chains), np.full(len(chains), 1 / len(chains)), size=_REPLICATES
    )
    weights = drawn[:, chain].astype(np.float64)
    if len(chains) == 1:
        weights[:] = np.nan
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _width(levels: Sequence[float]) -> int:
    return 5 + 3 * len(levels) + len(LEVELS)


def _columns(table: pd.DataFrame, levels: Sequence[float]) -> FloatArray:
    """Lay out everything that is averaged, array (nucleus, column)."""
    pit = table["pit"].to_numpy()
    columns = [
        table["error"] ** 2,
        table["median_error"].abs(),
        table["error"],
        table["crps"],
        table["log_density"],
        *(table[f"interval_score_{100 * level:g}"] for level in levels),
        *(table[f"width_{100 * level:g}"] for level in levels),
        *inside_intervals(pit, levels).T,
        *inside_intervals(pit).T,
    ]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _metrics(means: FloatArray, levels: Sequence[float]) -> dict[str, FloatArray]:
    """Turn averages (..., column) into scores (...)."""
    names = [f"{100 * level:g}" for level in levels]
    n = len(levels)
    intervals, widths, covered, curve = np.split(means[..., 5:], [n, 2 * n, 3 * n], axis=-1)
    return {
        "rms": np.sqrt(means[..., 0]),
        "mae": means[..., 1],
        "bias": means[..., 2],
        "crps": means[..., 3],
        "log_score": means[..., 4],
        **{f"interval_score_{name}": intervals[..., i] for i, name in enumerate(names)},
        **{f"coverage_{name}": covered[..., i] for i, name in enumerate(names)},
        "coverage_deviation": np.abs(curve - np.array(LEVELS)).mean(axis=-1),
        **{f"width_{name}": widths[..., i] for i, name in enumerate(names)},
    }
