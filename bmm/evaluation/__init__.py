"""Scores of a mixture, and of the simple predictions it has to beat."""

from bmm.evaluation.redundancy import Redundancy, redundancy
from bmm.evaluation.report import Scores, evaluate, nucleus_table, point_rms
from bmm.evaluation.screen import score_tables
from bmm.evaluation.yardsticks import global_bma, yardstick_predictions, yardstick_table
from bmm.rivals.evidence import NoiseFamily

__all__ = [
    "NoiseFamily",
    "Redundancy",
    "Scores",
    "evaluate",
    "global_bma",
    "nucleus_table",
    "point_rms",
    "redundancy",
    "score_tables",
    "yardstick_predictions",
    "yardstick_table",
]
