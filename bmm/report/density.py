"""Curves of the predictive densities, for the page to draw.

The page computes nothing: here are the points of every curve, placed where the density bends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture

__all__ = ["DensityCurves", "density_curves"]

# Half of the points divide the probability evenly, the others the range from end to end.
_ENDS = (0.001, 0.999)
_BY_PROBABILITY = 21
_EVEN = 20
_LEAST_WEIGHT = 0.005
# Nuclei taken at a time.
_TOGETHER = 500


@dataclass(frozen=True)
class DensityCurves:
    """Predictive densities of all nuclei, with the parts of the models.

    Parameters
    ----------
    x : array (nucleus, point)
        Mass excess in MeV, ascending.
    total : array (nucleus, point)
        Predictive density there, 1/MeV.
    parts : dict of str to array (row, point)
        For each model, or "mixture" in the linear form: its share of the density, of the nuclei in
        which it has at least half a percent of the weight.
    rows : dict of str to int array (nucleus,)
        Row of each nucleus among the parts; -1 where it has none.
    """

    x: FloatArray
    total: FloatArray
    parts: dict[str, FloatArray]
    rows: dict[str, IntArray]

    def plain(self) -> dict[str, Any]:
        """Arrays in single precision, flat as the page takes them; parts in the models' order."""
        return {
            "points": self.x.shape[1],
            "x": self.x.astype(np.float32).ravel(),
            "total": self.total.astype(np.float32).ravel(),
            "parts": [each.astype(np.float32).ravel() for each in self.parts.values()],
            "rows": [each.astype(np.int32) for each in self.rows.values()],
        }


def density_curves(
    distribution: StudentTMixture, components: Sequence[str], measured: FloatArray
) -> DensityCurves:
    """Evaluate predictive densities where they are to be drawn.

    Parameters
    ----------
    distribution : StudentTMixture
        Of the mass excess of every nucleus, MeV.
    components : sequence of str
        Model of each component.
    measured : array (nucleus,)
        Measured masses, which the curves reach, MeV; NaN where there is none.
    """
    names = list(dict.fromkeys(components))
    of_model = np.array([names.index(name) for name in components])
    share = np.stack(
        [distribution.weight[:, of_model == k].sum(axis=1) for k in range(len(names))], axis=1
    )
    shown = share >= _LEAST_WEIGHT
    x = _points(distribution, of_model, shown, measured)
    heights = np.empty((*x.shape, len(names)))
    member = of_model[:, None] == np.arange(len(names))
    for start in range(0, len(x), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        heights[some] = distribution[some].component_density(x[some]) @ member
    return DensityCurves(
        x,
        heights.sum(axis=-1),
        {name: heights[shown[:, k], :, k] for k, name in enumerate(names)},
        {name: np.where(shown[:, k], np.cumsum(shown[:, k]) - 1, -1)
         for k, name in enumerate(names)},
    )  # fmt: skip


def _points(
    distribution: StudentTMixture, of_model: IntArray, shown: np.ndarray, measured: FloatArray
) -> FloatArray:
    """Place the points (nucleus, point), MeV."""
    quantiles = distribution.quantile(np.linspace(*_ENDS, _BY_PROBABILITY))
    width = quantiles[:, -1:] - quantiles[:, :1]
    low, high = quantiles[:, :1] - 0.3 * width, quantiles[:, -1:] + 0.3 * width
    known = np.where(np.isfinite(measured), measured, quantiles[:, 0])[:, None]
    low, high = np.minimum(low, known - 0.1 * width), np.maximum(high, known + 0.1 * width)
    even = low + (high - low) * np.linspace(0, 1, _EVEN)
    # The summit of a narrow model, too.
    first = [np.flatnonzero(of_model == k)[0] for k in range(shown.shape[1])]
    summits = np.clip(distribution.location[:, first], low, high)
    summits = np.where(shown, summits, quantiles[:, [_BY_PROBABILITY // 2]])
    return np.sort(np.concatenate([quantiles, even, summits], axis=1), axis=1)
