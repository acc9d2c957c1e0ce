"""What a report says of one run, gathered from its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.errors import DataError
from bmm.evaluation.mixture_scores import Scores
from bmm.mixing.fit import posterior_draws, read_settings
from bmm.nuclides import label, nuclide_index
from bmm.prediction.derived import derive
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.separations import Separations, run_separations

__all__ = ["Contents", "gather"]

FloatArray = npt.NDArray[np.float64]

_SURPRISES = 15


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
        One row for each nucleus: label, Z, N, A, mean, sd, measured, residual (mean minus
        measured), S_1n, S_2n, S_1p, S_2p of the means, all MeV, and weight_<model>; with
        separations also their columns, such as S_2n_median and existence.
    theory : DataFrame
        Masses of the single models, MeV, one column each, row by row as the chart.
    centre, share, scale : array (nucleus, component)
        Components of the predictive density: mass excess and scale in MeV, NaN where there is none,
        and probability.
    components : list of str
        Their names.
    nu : float
        Degrees of freedom of the components; inf for normal ones.
    nuclei : DataFrame
        The measured nuclei, indexed (Z, N): columns of ``evaluation.csv``.
    separations : Separations or None
        Separation energies, existence and drip lines from joint draws.
    missing : str
        Why there are none.
    """

    path: Path
    config: RunConfig
    scores: Scores
    provenance: dict[str, Any]
    chart: pd.DataFrame
    theory: pd.DataFrame
    centre: FloatArray
    share: FloatArray
    scale: FloatArray
    components: list[str]
    nu: float
    nuclei: pd.DataFrame
    separations: Separations | None
    missing: str

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


def gather(path: Path) -> Contents:
    """Read a run folder, and make its separation energies unless they are there.

    Parameters
    ----------
    path : Path
        Folder of a complete run.

    Raises
    ------
    RunError
        If there is no complete run, or a file cannot be read.
    """
    folder = RunFolder.open(path)
    config, tree = folder.read_config(), folder.read_posterior()
    theory = tree["chart"].to_dataset()
    separations, missing = None, ""
    try:
        separations = run_separations(folder, config, theory)
    except DataError as error:
        missing = str(error)
    chart = _chart(pd.read_csv(folder.predictions), separations)
    centre, share, scale, components, nu = _components(tree, chart)
    return Contents(
        path=path,
        config=config,
        scores=folder.read_scores(),
        provenance=json.loads(tree.attrs["provenance"]),
        chart=chart,
        theory=_single_models(theory, chart),
        centre=centre,
        share=share,
        scale=scale,
        components=components,
        nu=nu,
        nuclei=folder.read_evaluation(),
        separations=separations,
        missing=missing,
    )


def _is_weight(name: Any) -> bool:
    return str(name).startswith("weight_")


def _index(dataset: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(dataset["Z"].to_numpy(), dataset["N"].to_numpy())


def _chart(table: pd.DataFrame, separations: Separations | None) -> pd.DataFrame:
    chart = table[["Z", "N", "A", "mean", "sd", "measured"]].copy()
    pairs = zip(chart["Z"], chart["N"], strict=True)
    chart.insert(0, "label", [label(int(Z), int(N)) for Z, N in pairs])
    chart["residual"] = chart["mean"] - chart["measured"]
    masses = xr.DataArray(
        chart["mean"].to_numpy(),
        dims="nucleus",
        coords={"Z": ("nucleus", chart["Z"]), "N": ("nucleus", chart["N"])},
    )
    for name in ("S_1n", "S_2n", "S_1p", "S_2p"):
        chart[name] = derive(masses, name).to_numpy()
    weights = [name for name in table if _is_weight(name)]
    chart = chart.join(table[weights])
    if separations is None:
        return chart
    more = separations.nuclei.drop(columns=["A", "symbol"])
    return chart.merge(more, on=["Z", "N"], how="left", validate="one_to_one")


def _single_models(theory: xr.Dataset, chart: pd.DataFrame) -> pd.DataFrame:
    """Masses of the models (nucleus, theory), MeV, in the order of the chart."""
    rows = _index(theory).get_indexer(nuclide_index(chart["Z"], chart["N"]))
    masses = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()[rows]
    return pd.DataFrame(masses, columns=[str(name) for name in theory["theory"].to_numpy()])


def _components(
    tree: xr.DataTree, chart: pd.DataFrame
) -> tuple[FloatArray, FloatArray, FloatArray, list[str], float]:
    """Predictive density of each nucleus, with posterior means of weights and scales."""
    draws = posterior_draws(tree)
    nu = float(draws.nu.mean()) if np.isfinite(draws.nu).all() else inf
    if read_settings(tree).likelihood == "linear":
        spread = chart["sd"].to_numpy() / np.sqrt(nu / (nu - 2) if 2 < nu < inf else 1.0)
        centre = chart["mean"].to_numpy()[:, None]
        return centre, np.ones_like(centre), spread[:, None], ["mixture"], nu
    theory = _single_models(tree["chart"].to_dataset(), chart)
    A, each = np.unique(chart["A"].to_numpy(), return_inverse=True)
    scale = np.stack([draws.scale(np.array([a])).mean(axis=0)[0] for a in A])[each]
    share = chart[[name for name in chart if _is_weight(name)]].to_numpy()
    return theory.to_numpy(), share, scale, draws.models, nu
