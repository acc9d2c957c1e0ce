"""Scores of a mixture, and of the simple predictions it has to beat."""

from bmm.evaluation.baselines import baseline_predictions, baseline_table
from bmm.evaluation.mixture_scores import Scores, evaluate, nucleus_table, point_rms
from bmm.evaluation.redundancy import Redundancy, redundancy
from bmm.evaluation.score_tables import score_tables
from bmm.methods.averaging import global_bma
from bmm.methods.evidence import NoiseFamily

__all__ = [
    "NoiseFamily",
    "Redundancy",
    "Scores",
    "baseline_predictions",
    "baseline_table",
    "evaluate",
    "global_bma",
    "nucleus_table",
    "point_rms",
    "redundancy",
    "score_tables",
]
