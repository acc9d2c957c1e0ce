"""The folder of a prequential comparison: one comparison for each transition, and all together."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bmm.figures.files import write_figure
from bmm.figures.methods import comparison_figure
from bmm.workflows.result_folder import ResultFolder
from bmm.writing import without_nan, write_json, write_whole

__all__ = ["PrequentialFolder"]


class PrequentialFolder(ResultFolder):
    """A folder with the results of transitions between evaluations.

    * ``config.toml``: the resolved configuration
    * ``transitions/NAME/``: the comparison of each; see `bmm.workflows.compare_folder`
    * ``comparison.csv``: scores by transition, region and method, those of all transitions last
    * ``nuclei.csv``: scores of each test nucleus
    * ``prequential.json``: wall time and what each comparison found
    * ``learnt.json``: what a forecast that begins with the last evaluation should use
    * ``figures/``
    * ``manifest.json``: see `bmm.workflows.result_folder`

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind = "prequential comparison"
    taken_up = ("begun", "complete")
    kept = "finished forecasts are kept"
    remedy = "to go on, give the same command again"
    apart = ("transitions",)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.transitions = path / "transitions"
        self.table = path / "comparison.csv"
        self.nuclei = path / "nuclei.csv"
        self.summary = path / "prequential.json"
        self.learnt = path / "learnt.json"

    def holds_work(self) -> bool:
        """Tell whether a comparison was begun."""
        return any(self.transitions.glob("*"))

    def write_results(
        self,
        nuclei: pd.DataFrame,
        table: pd.DataFrame,
        together: pd.DataFrame,
        summary: dict[str, Any],
        learnt: dict[str, Any],
    ) -> None:
        """Write everything, and that it is complete.

        Parameters
        ----------
        nuclei, table : DataFrame
            Scores of each nucleus, and by transition.
        together : DataFrame
            Scores of all transitions together, for the figure.
        summary, learnt : dict
            Plain values.
        """
        for file, frame in ((self.table, table), (self.nuclei, nuclei)):
            write_whole(file, partial(frame.to_csv, index=False, float_format="%.6g"))
        self.figures.mkdir(exist_ok=True)
        write_figure(self.figures / "comparison", comparison_figure(together, nuclei))
        write_json(self.summary, without_nan(summary))
        write_json(self.learnt, without_nan(learnt))
        self.complete()
