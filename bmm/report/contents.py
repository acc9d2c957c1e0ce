"""The contents of the report of one run, gathered from its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.distributions import StudentTMixture
from bmm.distributions.storage import from_dataset
from bmm.errors import DomainError
from bmm.evaluation.mixture_scores import Scores
from bmm.nuclides import label, nuclide_index, symbol
from bmm.prediction.existence import SEPARATIONS
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.frozen_run import FrozenRun, frozen_record

__all__ = ["DOUBT", "Contents", "Doubts", "Separations", "gather"]

DOUBT = "doubt"
"""Column of the chart with the probability that the measured mass is off."""

_SURPRISES = 15
_PREFERRED = (20, 50, 60)


@dataclass(frozen=True)
class Separations:
    """Results of joint draws on the chart of a run.

    Parameters
    ----------
    nuclei, lines : DataFrame
        ``derived.csv``, and ``drip_lines.csv`` indexed (Z, side).
    """

    nuclei: pd.DataFrame
    lines: pd.DataFrame


@dataclass(frozen=True)
class Doubts:
    """Measured masses by the probability that they are off.

    Parameters
    ----------
    table : DataFrame
        ``doubts.csv``, indexed (Z, N), the most doubtful first; see
        `bmm.workflows.doubt.DoubtResult`.
    summary : dict
        What ``doubts.json`` holds.
    """

    table: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """One run, as a report shows it.

    Parameters
    ----------
    path : Path
        The run folder.
    config : RunConfig
        What was run.
    scores : dict
        What ``scores.json`` holds.
    provenance : dict
        Versions, checksums and citations.
    chart : DataFrame
        One row for each nucleus: label, Z, N, A, mean, sd, lower_68, upper_68, measured, residual
        (mean minus measured), all MeV, weight_<model>, and `DOUBT` if masses were judged; the
        columns of the separations, such as S_2n_median and existence, and the means again as S_1n,
        S_2n, S_1p and S_2p.
    theory : DataFrame
        Masses of the single models, MeV, one column each, row by row as the chart.
    distribution : StudentTMixture
        Predictive distributions of the mass excess, MeV, row by row as the chart.
    components : list of str
        Model of each of their components; "mixture" in the linear form.
    nuclei : DataFrame
        The measured nuclei, indexed (Z, N): columns of ``evaluation.csv``.
    separations : Separations
        Separation energies, existence and drip lines from joint draws.
    chains : list of int
        Proton numbers of the isotopic chains to draw.
    doubts : Doubts or None
        Masses to doubt, if `bmm doubt` has judged those of the run.
    frozen : FrozenRun or None
        Date and checksums, if the run is frozen.
    """

    path: Path
    config: RunConfig
    scores: Scores
    provenance: dict[str, Any]
    chart: pd.DataFrame
    theory: pd.DataFrame
    distribution: StudentTMixture
    components: list[str]
    nuclei: pd.DataFrame
    separations: Separations
    chains: list[int]
    doubts: Doubts | None
    frozen: FrozenRun | None

    @property
    def models(self) -> list[str]:
        """Names of the mixed models."""
        return [str(name).removeprefix("weight_") for name in self.chart if _is_weight(name)]

    def largest_residuals(self) -> pd.DataFrame:
        """Measured nuclei furthest outside what was predicted, the furthest first.

        Returns
        -------
        DataFrame
            nucleus, measured, mean, sd and off (mean minus measured), MeV, and off_sd, in sd.
        """
        known = self.chart[np.isfinite(self.chart["measured"])]
        off = known["residual"]
        table = pd.DataFrame(
            {
                "nucleus": known["label"],
                "measured": known["measured"],
                "mean": known["mean"],
                "sd": known["sd"],
                "off": off,
                "off_sd": off / known["sd"],
            }
        )
        furthest = table["off_sd"].abs().sort_values(ascending=False, kind="stable").index
        return table.loc[furthest[:_SURPRISES]]


def gather(path: Path, chains: Sequence[int] = ()) -> Contents:
    """Read a run folder.

    Parameters
    ----------
    path : Path
        Folder of a complete run.
    chains : sequence of int, optional
        Proton numbers of the isotopic chains to draw; by default Ca, Sn and Nd, or the longest
        chains of a chart without them.

    Raises
    ------
    RunError
        If there is no complete run, a file cannot be read, or the run has changed since it was
        frozen.
    DomainError
        If the chart has no isotope of a chain.
    """
    folder = RunFolder.open(path)
    config, tree = folder.read_config(), folder.read_posterior()
    theory = tree["theory"].to_dataset()
    separations = Separations(folder.read_derived(), folder.read_drip_lines())
    found = folder.read_doubts()
    doubts = None if found is None else Doubts(*found)
    chart = _chart(folder.read_predictions(), separations, doubts)
    stored = folder.read_distribution()
    return Contents(
        path=path,
        config=config,
        scores=folder.read_scores(),
        provenance=json.loads(tree.attrs["provenance"]),
        chart=chart,
        theory=_single_models(theory, chart),
        distribution=from_dataset(stored).take(_index(stored).get_indexer(nuclide_index(chart))),
        components=[str(name) for name in stored["theory"].to_numpy()],
        nuclei=folder.read_evaluation(),
        separations=separations,
        chains=_chains(chart["Z"], chains, path),
        doubts=doubts,
        frozen=frozen_record(path),
    )


def _is_weight(name: Any) -> bool:
    return str(name).startswith("weight_")


def _index(dataset: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(dataset)


def _chart(table: pd.DataFrame, separations: Separations, doubts: Doubts | None) -> pd.DataFrame:
    columns = ["Z", "N", "A", "mean", "sd", "lower_68", "upper_68", "measured", "extrapolated"]
    chart = table[columns].copy()
    pairs = zip(chart["Z"], chart["N"], strict=True)
    chart.insert(0, "label", [label(int(Z), int(N)) for Z, N in pairs])
    chart["residual"] = chart["mean"] - chart["measured"]
    if doubts is not None:
        chart = chart.join(doubts.table["probability"].rename(DOUBT), on=["Z", "N"])
    weights = [name for name in table if _is_weight(name)]
    chart = chart.join(table[weights])
    more = separations.nuclei.drop(columns=["A", "nucleus"])
    chart = chart.merge(more, on=["Z", "N"], how="left", validate="one_to_one")
    means = {name: chart[f"{name}_mean"] for name in SEPARATIONS}
    return pd.concat([chart, pd.DataFrame(means)], axis=1)


def _chains(Z: pd.Series[int], wanted: Sequence[int], path: Path) -> list[int]:
    """Proton numbers of the chains that are drawn."""
    sizes = Z.value_counts()
    for each in wanted:
        if each not in sizes.index:
            raise DomainError(f"{path}: the chart has no isotope of {symbol(each)}")
    preferred = [each for each in _PREFERRED if each in sizes.index]
    return list(wanted) or preferred or sorted(int(each) for each in sizes.index[:3])


def _single_models(theory: xr.Dataset, chart: pd.DataFrame) -> pd.DataFrame:
    """Masses of the models (nucleus, theory), MeV, in the order of the chart."""
    rows = _index(theory).get_indexer(nuclide_index(chart))
    masses = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()[rows]
    return pd.DataFrame(masses, columns=[str(name) for name in theory["theory"].to_numpy()])
