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

from bmm.evaluation.nucleus_scores import nucleus_scores
from bmm.evaluation.report import Scores
from bmm.mixing.fit import posterior_draws, read_settings
from bmm.nuclides import label, labels, nuclide_index
from bmm.prediction.derived import derive
from bmm.prediction.predictive import predict
from bmm.runs.config import RunConfig
from bmm.runs.folder import RunFolder
from bmm.runs.inputs import select_measured

__all__ = ["Contents", "gather"]

FloatArray = npt.NDArray[np.float64]

_LEVELS = (0.68, 0.95)
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
        One row for each nucleus: label, Z, N, A, mean, sd, measured, residual (measured minus
        mean), S_1n, S_2n, S_1p, S_2p of the means, all MeV, and weight_<model>.
    centre, share, scale : array (nucleus, component)
        Components of the predictive density: mass excess and scale in MeV, NaN where there is none,
        and probability.
    components : list of str
        Their names.
    nu : float
        Degrees of freedom of the components; inf for normal ones.
    nuclei : DataFrame
        Scores of the measured nuclei; see `bmm.evaluation.nucleus_scores.nucleus_scores`.
    """

    path: Path
    config: RunConfig
    scores: Scores
    provenance: dict[str, Any]
    chart: pd.DataFrame
    centre: FloatArray
    share: FloatArray
    scale: FloatArray
    components: list[str]
    nu: float
    nuclei: pd.DataFrame

    @property
    def models(self) -> list[str]:
        """Names of the mixed models."""
        return [str(name).removeprefix("weight_") for name in self.chart if _is_weight(name)]

    def surprises(self) -> pd.DataFrame:
        """Measured nuclei furthest outside what was predicted, the furthest first.

        Returns
        -------
        DataFrame
            nucleus, measured, mean, sd and off (measured minus mean), MeV, and off_sd, in sd.
        """
        known = self.chart[np.isfinite(self.chart["measured"])]
        off = known["measured"] - known["mean"]
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
    """Read a run folder.

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
    measured = select_measured(config)
    known = measured[measured.index.isin(_index(tree["chart"].to_dataset()))]
    names = labels(known.index.get_level_values("Z"), known.index.get_level_values("N"))
    found = predict(tree, names, known, seed=config.seed)
    forecast = found.summary[["mean", "median", "log_density"]].assign(draws=found.draws)
    chart = _chart(pd.read_csv(folder.predictions))
    centre, share, scale, components, nu = _components(tree, chart)
    return Contents(
        path=path,
        config=config,
        scores=folder.read_scores(),
        provenance=json.loads(tree.attrs["provenance"]),
        chart=chart,
        centre=centre,
        share=share,
        scale=scale,
        components=components,
        nu=nu,
        nuclei=nucleus_scores(forecast, known, _LEVELS, config.seed + 2),
    )


def _is_weight(name: Any) -> bool:
    return str(name).startswith("weight_")


def _index(dataset: xr.Dataset) -> pd.MultiIndex:
    return nuclide_index(dataset["Z"].to_numpy(), dataset["N"].to_numpy())


def _chart(table: pd.DataFrame) -> pd.DataFrame:
    chart = table[["Z", "N", "A", "mean", "sd", "measured"]].copy()
    pairs = zip(chart["Z"], chart["N"], strict=True)
    chart.insert(0, "label", [label(int(Z), int(N)) for Z, N in pairs])
    chart["residual"] = chart["measured"] - chart["mean"]
    masses = xr.DataArray(
        chart["mean"].to_numpy(),
        dims="nucleus",
        coords={"Z": ("nucleus", chart["Z"]), "N": ("nucleus", chart["N"])},
    )
    for name in ("S_1n", "S_2n", "S_1p", "S_2p"):
        chart[name] = derive(masses, name).to_numpy()
    weights = [name for name in table if _is_weight(name)]
    return chart.join(table[weights])


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
    theory = tree["chart"]["mass_excess"].transpose("nucleus", "model")
    rows = _index(tree["chart"].to_dataset()).get_indexer(
        nuclide_index(chart["Z"].to_numpy(), chart["N"].to_numpy())
    )
    A, each = np.unique(chart["A"].to_numpy(), return_inverse=True)
    scale = np.stack([draws.scale(np.array([a])).mean(axis=0)[0] for a in A])[each]
    share = chart[[name for name in chart if _is_weight(name)]].to_numpy()
    return theory.to_numpy()[rows], share, scale, draws.models, nu
