"""Training nuclei, chart and relations as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.errors import DataError
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.mdn.features import feature_matrix
from bmm.theory.mdn.garvey_kelson import Relations, find_relations
from bmm.theory.mdn.mdn_settings import MdnSettings

__all__ = ["FEWEST", "Problem", "pose"]


FEWEST = 100
"""Fewest training nuclei."""

_RIDGE = 1e-6


@dataclass(frozen=True)
class Problem:
    """What is learnt from; n training nuclei among c of the chart, M members.

    Parameters
    ----------
    Z, N : int array (n,)
        Training nuclei.
    mass : array (n,)
        Measured mass excess, MeV.
    rows : int array (n,)
        Their positions in the chart.
    x : array (c, feature)
        Standardised features of the chart.
    centre, spread : array (feature,)
        What standardises them.
    offset, coefficients, scale : float, array (feature,), float
        Linear fit to the training nuclei and the spread of its residuals, MeV.
    target, uncertainty : array (n,)
        Measured mass less the linear fit, and its uncertainty, in units of the scale.
    relations : Relations
        Among the nuclei of the chart.
    linear_violation : array (relation,)
        By how much the linear fit breaks them, MeV.
    fold : int array (n,)
        Fold in which a nucleus is held out; -1 without folds.
    learns, validates : bool array (M, n)
        Nuclei that a member learns from and is validated on.
    """

    Z: IntArray
    N: IntArray
    mass: FloatArray
    rows: IntArray
    x: FloatArray
    centre: FloatArray
    spread: FloatArray
    offset: float
    coefficients: FloatArray
    scale: float
    target: FloatArray
    uncertainty: FloatArray
    relations: Relations
    linear_violation: FloatArray
    fold: IntArray
    learns: npt.NDArray[np.bool]
    validates: npt.NDArray[np.bool]


def pose(training: pd.DataFrame, chart: pd.Index, settings: MdnSettings) -> Problem:
    """Pose the problem.

    Parameters
    ----------
    training : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    chart : MultiIndex (Z, N)
        Nuclei on which the relations bind, besides the training nuclei.
    settings : MdnSettings
        Features, folds, seed.

    Raises
    ------
    DataError
        If there are too few training nuclei, or the network is to be bound by relations and none
        has its six nuclei in the chart.
    """
    if len(training) < FEWEST:
        raise DataError(
            f"a mixture density network needs at least {FEWEST} training nuclei, "
            f"not {len(training)}"
        )
    Z, N = numbers(training.index)
    mass, uncertainty = (
        training[name].to_numpy(dtype=np.float64)
        for name in ("mass_excess", "mass_excess_uncertainty")
    )
    whole = nuclide_index(chart.union(training.index))
    relations = find_relations(whole, settings.constraint.forms)
    if settings.lambda_phys > 0 and not len(relations):
        raise DataError(
            f"none of the {len(whole)} nuclei has the neighbours of a Garvey-Kelson relation: "
            "expected a larger chart, or lambda_phys = 0"
        )
    rows = np.asarray(whole.get_indexer(training.index))
    features = feature_matrix(*numbers(whole), settings.features)
    centre, spread = features[rows].mean(axis=0), features[rows].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x = (features - centre) / spread
    offset, coefficients = _linear(x[rows], mass)
    linear = offset + x @ coefficients
    scale = float((mass - linear[rows]).std())
    fold, learns, validates = _shares(len(mass), settings)
    return Problem(
        Z=Z,
        N=N,
        mass=mass,
        rows=rows,
        x=x,
        centre=centre,
        spread=spread,
        offset=offset,
        coefficients=coefficients,
        scale=scale,
        target=(mass - linear[rows]) / scale,
        uncertainty=uncertainty / scale,
        relations=relations,
        linear_violation=relations.violation(linear),
        fold=fold,
        learns=learns,
        validates=validates,
    )


def _linear(x: FloatArray, mass: FloatArray) -> tuple[float, FloatArray]:
    """Linear fit of masses to standardised features; a weak ridge settles what they share."""
    offset = float(mass.mean())
    normal = x.T @ x + _RIDGE * len(x) * np.eye(x.shape[1])
    return offset, np.linalg.solve(normal, x.T @ (mass - offset))


def _shares(
    n: int, settings: MdnSettings
) -> tuple[IntArray, npt.NDArray[np.bool], npt.NDArray[np.bool]]:
    """Deal nuclei out: folds, and each member's training and validation part."""
    rng = np.random.default_rng(settings.seed)
    M, folds = settings.members, settings.folds
    fold = rng.permutation(n) % folds if folds else np.full(n, -1)
    given = fold != (np.arange(M) % max(folds, 1))[:, None]
    luck = np.where(given, rng.random((M, n)), np.inf)
    count = np.maximum((settings.validation * given.sum(axis=1)).round().astype(int), 1)
    validates = luck.argsort(axis=1).argsort(axis=1) < count[:, None]
    return fold, given & ~validates, validates
