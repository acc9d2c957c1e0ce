"""What follows from a posterior, written into the run folder."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bmm.distributions.storage import to_dataset
from bmm.evaluation import Scores, nucleus_table
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.figures import write_figures
from bmm.mixing.convergence import Convergence
from bmm.nuclides import nuclide_index
from bmm.prediction.forecast import Forecast, forecast
from bmm.prediction.predictive import Prediction, predict
from bmm.progress import stage
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import evaluators_estimates
from bmm.workflows.prediction_table import prediction_table
from bmm.workflows.scoring import score_run

__all__ = ["write_results"]

_LEVEL = 0.68


def write_results(
    folder: RunFolder,
    config: RunConfig,
    tree: xr.DataTree,
    convergence: Convergence,
    measured: pd.DataFrame,
    every: pd.DataFrame,
) -> Scores:
    """Write predictions, derived quantities, evaluation and figures.

    Parameters
    ----------
    folder : RunFolder
        Where to.
    config : RunConfig
        What was run.
    tree : DataTree
        The posterior; see `bmm.mixing.fit.fit`.
    convergence : Convergence
        Its verdict.
    measured : DataFrame
        Masses that were fitted, indexed (Z, N), MeV.
    every : DataFrame
        All measured masses, likewise.

    Returns
    -------
    dict
        The scores, to be written when all else is.
    """
    with stage("predictions"):
        prediction = predict(tree, measured=measured, seed=config.seed)
        estimates = evaluators_estimates(config.data)
        folder.write_predictions(prediction_table(prediction.summary, every, estimates))
        folder.write_distribution(_labelled(prediction))
    with stage("joint draws and derived quantities"):
        _write_derived(folder, forecast(tree, every, prediction.distribution))
    with stage("scores"):
        by_nucleus = _by_nucleus(config, prediction, measured)
        scores = score_run(config, tree, convergence, prediction.summary, by_nucleus, measured)
        folder.write_evaluation(_evaluation(prediction.summary, by_nucleus, measured))
    write_figures(folder.figures, prediction.summary, by_nucleus["pit"], measured)
    return scores


def _write_derived(folder: RunFolder, known: Forecast) -> None:
    """Write tables of a forecast, whose joint draws are kept no longer than needed."""
    folder.write_derived(known.derived_table(), known.drip_lines())


def _labelled(prediction: Prediction) -> xr.Dataset:
    """Predictive distributions with their nuclei, and the model of each component."""
    coords = {name: prediction.summary[name] for name in ("nucleus", "Z", "N")}
    stored = to_dataset(prediction.distribution, coords)
    return stored.assign_coords(theory=("component", prediction.components))


def _by_nucleus(config: RunConfig, prediction: Prediction, measured: pd.DataFrame) -> pd.DataFrame:
    """Scores of the measured nuclei that are predicted, for both evaluation.csv and scores.json."""
    index = _index(prediction.summary)
    known = index.isin(measured.index)
    return nucleus_scores(
        prediction.distribution[known], index[known], measured, (_LEVEL,),
        uncertainty=config.mixing.noise.measurement,
    )  # fmt: skip


def _evaluation(
    summary: xr.Dataset, by_nucleus: pd.DataFrame, measured: pd.DataFrame
) -> pd.DataFrame:
    """Weights, responsibilities and scores of the measured nuclei, one row each."""
    columns = ["error", "crps", "pit", f"width_{100 * _LEVEL:g}"]
    known = _index(summary).isin(measured.index)
    return nucleus_table(summary, measured)[known].join(by_nucleus[columns])


def _index(summary: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(summary)
