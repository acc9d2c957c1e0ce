"""Scores of a mixture, and of the simple predictions it has to beat.

The names are loaded when they are first used: a table is printed without computing a score.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from bmm.evaluation.baselines import baseline_predictions as baseline_predictions
    from bmm.evaluation.baselines import baseline_table as baseline_table
    from bmm.evaluation.mixture_scores import Scores as Scores
    from bmm.evaluation.mixture_scores import evaluate as evaluate
    from bmm.evaluation.mixture_scores import nucleus_table as nucleus_table
    from bmm.evaluation.mixture_scores import point_rms as point_rms
    from bmm.evaluation.redundancy import Redundancy as Redundancy
    from bmm.evaluation.redundancy import redundancy as redundancy
    from bmm.evaluation.score_tables import score_tables as score_tables

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "baselines": ["baseline_predictions", "baseline_table"],
        "mixture_scores": ["Scores", "evaluate", "nucleus_table", "point_rms"],
        "redundancy": ["Redundancy", "redundancy"],
        "score_tables": ["score_tables"],
    },
)
