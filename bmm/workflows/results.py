"""What follows from a posterior, written into the run folder."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bmm.evaluation import Scores, nucleus_table
from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.figures import write_figures
from bmm.mixing.convergence import Convergence
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import Prediction, predict
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
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
) -> Scores:
    """Write predictions, evaluation and figures.

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
        Measured masses, indexed (Z, N), MeV.

    Returns
    -------
    dict
        The scores, to be written when all else is.
    """
    prediction = predict(tree, measured=measured, seed=config.seed)
    folder.write_predictions(prediction_table(prediction.summary, measured))
    scores = score_run(config, tree, convergence, prediction, measured)
    folder.write_evaluation(_evaluation(prediction, measured, config.seed))
    write_figures(folder.figures, prediction.summary, scores, measured)
    return scores


def _evaluation(prediction: Prediction, measured: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Weights, responsibilities and scores of the measured nuclei, one row each."""
    summary = prediction.summary
    index = nuclide_index(summary["Z"].to_numpy(), summary["N"].to_numpy())
    known = index.isin(measured.index)
    part = summary[["mean", "median", "log_density"]].assign(draws=prediction.draws)
    scores = nucleus_scores(part.isel(nucleus=known), measured, (_LEVEL,), seed + 2)
    columns = ["error", "crps", "pit", f"width_{100 * _LEVEL:g}"]
    return nucleus_table(summary, measured)[known].join(scores[columns])
