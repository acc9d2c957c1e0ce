"""k-fold cross-validation of the mixture, as ArviZ represents it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from arviz_stats.utils import ELPDDataLOOKFold
from rich.console import Console

from bmm.arrays import IntArray
from bmm.data import check_measured
from bmm.errors import ConfigError
from bmm.mixing.fit import fit
from bmm.mixing.fitted import read_axes
from bmm.mixing.refinement import with_sizes
from bmm.mixing.settings import Mixing
from bmm.nuclides import labels, numbers
from bmm.prediction.predictive import predict
from bmm.theory.validation import check_theory

__all__ = ["kfold"]


def kfold(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    settings: Mixing | None = None,
    *,
    folds: int | npt.ArrayLike = 10,
    seed: int = 0,
    console: Console | None = None,
) -> ELPDDataLOOKFold:
    """Fit the mixture without each fold in turn, and score the masses that were left out.

    It is compiled once, with the basis of the fit to all masses.  Where leave-one-out by
    importance sampling (``az.loo``) reports large Pareto k, compare fits by this instead;
    blocks of neighbours as folds test extrapolation, which nuclei left out at random do not.

    Parameters
    ----------
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.
    theory : Dataset
        Predictions of the models for these nuclei; see `bmm.predict_all`.  It is not
        rebuilt for each fold: models that learn from masses, and `bmm.correct_theory`, have seen
        those that are left out.  `bmm compare` rebuilds them.
    settings : Mixing, optional
        As for `bmm.fit`.
    folds : int or array (nucleus,), default 10
        Number of folds of nuclei chosen at random, or the fold of each nucleus: its element, a
        block of the chart, or any label.
    seed : int, default 0
        Of the choice and of the fits.
    console : rich.console.Console, optional
        Where to show progress.

    Returns
    -------
    ELPDDataLOOKFold
        elpd, its standard error, and elpd_i (nucleus), log(1/MeV); ``az.compare`` takes several.

    Raises
    ------
    ConfigError
        If there are fewer than two folds, or not one for each nucleus.
    DataError
        As `bmm.fit`.

    Examples
    --------
    With `measured`, `theory` and `settings` of the example of `bmm.fit`; folds of whole
    elements are harder than random ones:

    >>> import numpy as np
    >>> Z = measured.index.get_level_values("Z").to_numpy()
    >>> found = bmm.kfold(measured, theory, settings, folds=np.where(Z < 49, 0, 1))
    >>> bool(found.elpd < 0), found.n_data_points == len(measured)
    (True, True)
    """
    measured, theory = check_measured(measured), check_theory(theory)
    settings = settings or Mixing()
    fold_of = _folds(len(measured), folds, seed)
    elpd_i, lppd_i = np.empty(len(measured)), np.empty(len(measured))
    everything = fit(measured, theory, theory, settings, seed=seed, console=console)
    settings = with_sizes(settings, read_axes(everything))
    lppd_i[:] = predict(everything, measured.index, measured).summary["log_density"].to_numpy()
    chains = everything["posterior"].sizes
    for left_out in _each(fold_of):
        kept = ~left_out
        tree = fit(measured[kept], theory, theory, settings, seed=seed, console=console)
        found = predict(tree, measured.index[left_out], measured[left_out]).summary
        elpd_i[left_out] = found["log_density"].to_numpy()
    names = labels(*(each.tolist() for each in numbers(measured.index)))
    coords = {"nucleus": names}
    p_i = lppd_i - elpd_i
    return ELPDDataLOOKFold(
        elpd=float(elpd_i.sum()),
        se=float(np.sqrt(len(elpd_i) * np.var(elpd_i))),
        p=float(p_i.sum()),
        n_samples=chains["chain"] * chains["draw"],
        n_data_points=len(elpd_i),
        scale="log",
        warning=False,
        good_k=0.0,
        elpd_i=xr.DataArray(elpd_i, coords, dims="nucleus", attrs={"units": "log(1/MeV)"}),
        n_folds=len(np.unique(fold_of)),
        p_kfold_i=xr.DataArray(p_i, coords, dims="nucleus"),
    )


def _folds(n: int, folds: int | npt.ArrayLike, seed: int) -> IntArray:
    """Give each nucleus the number of its fold."""
    if isinstance(folds, int):
        if not 2 <= folds <= n:
            raise ConfigError(f"folds must lie from 2 to {n}, the number of nuclei, not {folds}")
        return np.random.default_rng(seed).permutation(np.arange(n) % folds)
    found, numbered = np.unique(np.asarray(folds), return_inverse=True)
    if numbered.shape != (n,) or len(found) < 2:
        raise ConfigError(
            f"folds: {numbered.size} labels of {len(found)} folds for {n} nuclei; expected one for "
            "each, of at least two folds"
        )
    return numbered


def _each(fold_of: IntArray) -> Iterator[npt.NDArray[np.bool]]:
    for fold in np.unique(fold_of):
        yield fold_of == fold
