"""Differences of masses of a run, from joint draws.

The mixture of a run predicts every nucleus by itself, and differences of such masses would look far
less certain than they are.  These come from joint draws of the run's models, each corrected by the
field of its residuals and mixed evenly: see `bmm.prediction.local_draws`.  What was learnt of the
residuals, and the separation energies of the whole chart, are kept in the run folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bmm.distributions import summarise_draws
from bmm.nuclides import labels
from bmm.prediction.derived import QUANTITIES, derive
from bmm.prediction.joint_draws import sample_surfaces
from bmm.prediction.local_draws import (
    AVERAGE,
    Window,
    learn_fields,
    separations,
    window_count,
    windows,
)
from bmm.progress import stage, track
from bmm.theory.correction import FittedHyperparameters, correct_average, correct_theory
from bmm.theory.residual_field import Hyperparameters
from bmm.workflows.config import RunConfig
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import chart_and_measured, covered_nuclei, known_masses, select_measured

__all__ = ["DRAWS", "JointDraws", "Separations", "run_separations"]

DRAWS = 4000
"""Joint draws; some five of them lie beyond either end of an interval of three sigma."""

# Draws are tied by their ranks: among few, neighbours would be as good as independent.
_RANKED = 1000
_TOGETHER = 5


@dataclass(frozen=True)
class Separations:
    """What joint draws say of a run's chart.

    Parameters
    ----------
    nuclei, lines : DataFrame
        See `bmm.prediction.local_draws.separations`.
    """

    nuclei: pd.DataFrame
    lines: pd.DataFrame


class JointDraws:
    """Joint draws of a run's models, a few elements at a time.

    Parameters
    ----------
    folder : RunFolder
        Of a complete run.
    config : RunConfig
        Its configuration.
    chart : Dataset
        What its models say of its chart, the fitted nuclei included.
    """

    def __init__(self, folder: RunFolder, config: RunConfig, chart: xr.Dataset) -> None:
        self.chart = chart
        self._measured = covered_nuclei(select_measured(config), chart)
        self._every = known_masses(config.data, folder.checksums)
        self._seed = config.seed
        self._folder = folder

    @classmethod
    def of(cls, path: Path) -> JointDraws:
        """Open a run folder.

        Raises
        ------
        RunError
            If it holds no complete run.
        """
        folder = RunFolder.open(path)
        return cls(folder, folder.read_config(), folder.read_posterior()["chart"].to_dataset())

    def learnt(self) -> dict[str, FittedHyperparameters]:
        """Read what is known of the residuals of the models and their average, or learn it.

        Raises
        ------
        DataError
            If a model covers fewer than 20 of the fitted nuclei.
        RunError
            If the file cannot be read or written.
        """
        folder = self._folder
        if folder.holds(folder.fields):
            return _read_learnt(folder.verified(folder.fields))
        with stage("residual fields"):
            learnt = learn_fields(self._measured, self.chart)
        content = {
            name: {"factor": each.factor, **each.hyperparameters.as_dict()}
            for name, each in learnt.items()
        }
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        folder.add(folder.fields, lambda path: path.write_text(text, encoding="utf-8"))
        return learnt

    def everything(self) -> Separations:
        """Separation energies, existence and drip lines of the whole chart."""
        ends = int(self.chart["Z"].min()), int(self.chart["Z"].max())
        count = window_count(ends)
        return Separations(*separations(track(self._windows(ends), "separation energies", count)))

    def quantity(self, nuclei: pd.MultiIndex, name: str) -> pd.DataFrame:
        """Summarise one quantity of some nuclei.

        Parameters
        ----------
        nuclei : MultiIndex (Z, N)
            Of the chart.
        name : str
            "mass_excess", or a key of `bmm.prediction.derived.QUANTITIES`.

        Returns
        -------
        DataFrame
            nucleus, Z, N, A, and the mean, median, sd, lower_68, upper_68, lower_95 and upper_95 of
            the draws, MeV; without nuclei of which a neighbour is missing.

        Raises
        ------
        ConfigError
            If there is no such quantity.
        """
        Z = nuclei.get_level_values("Z").to_numpy()
        terms = QUANTITIES[name].terms if name in QUANTITIES else ()
        reach = max((dZ for dZ, _, _ in terms), default=0)
        parts = []
        for start in range(int(Z.min()), int(Z.max()) + 1, _TOGETHER):
            chosen = nuclei[(start <= Z) & (start + _TOGETHER > Z)]
            if not len(chosen):
                continue
            (window,) = self._windows((start, start + _TOGETHER - 1 + reach))
            drawn = window.surfaces
            values = drawn if name == "mass_excess" else derive(drawn, name)
            at = pd.MultiIndex.from_arrays([drawn["Z"].to_numpy(), drawn["N"].to_numpy()])
            parts.append(_summary(values.isel(nucleus=at.isin(chosen))))
        return pd.concat(parts, ignore_index=True)

    def surfaces(self, count: int, seed: int | None = None) -> xr.DataArray:
        """Draw whole surfaces: the chart and every measured nucleus.

        Parameters
        ----------
        count : int
            Number of surfaces.
        seed : int, optional
            Of the draws; by default the run's.

        Returns
        -------
        DataArray (draw, nucleus)
            Mass excess, MeV, with coordinates Z and N.
        """
        learnt = self.learnt()
        correction = correct_theory(self._measured, self.chart, learnt=learnt)
        drawn = sample_surfaces(
            correction,
            chart_and_measured(self.chart, self._every),
            max(count, _RANKED),
            self._seed if seed is None else seed,
            measured=self._every,
            average=correct_average(correction.models, learnt=learnt[AVERAGE]),
        )
        return drawn.isel(draw=slice(count))

    def _windows(self, ends: tuple[int, int]) -> Iterator[Window]:
        return windows(
            self._measured, self.chart, self.learnt(), DRAWS, self._seed, known=self._every,
            elements=ends,
        )  # fmt: skip


def run_separations(folder: RunFolder, config: RunConfig, chart: xr.Dataset) -> Separations:
    """Read the separation energies of a run from its folder, or make and write them.

    Parameters
    ----------
    folder, config, chart
        As for `JointDraws`.

    Raises
    ------
    RunError
        If a file cannot be read or written.
    DataError
        If a model covers fewer than 20 of the fitted nuclei.
    """
    if not (folder.holds(folder.separations) and folder.holds(folder.drip_lines)):
        found = JointDraws(folder, config, chart).everything()
        for file, frame in (
            (folder.separations, found.nuclei),
            (folder.drip_lines, found.lines.reset_index()),
        ):
            folder.add(file, partial(frame.to_csv, index=False, float_format="%.6f"))
    # Read in any case: a run that was killed here ends with the same figures as one that was not.
    nuclei, lines = (
        pd.read_csv(folder.verified(file)) for file in (folder.separations, folder.drip_lines)
    )
    return Separations(nuclei, lines.set_index(["Z", "side"]))


def _read_learnt(file: Path) -> dict[str, FittedHyperparameters]:
    content = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: FittedHyperparameters(Hyperparameters.from_dict(values), float(values["factor"]))
        for name, values in content.items()
    }


def _summary(values: xr.DataArray) -> pd.DataFrame:
    known = np.isfinite(values.transpose("draw", "nucleus").to_numpy()).all(axis=0)
    some = values.isel(nucleus=known)
    Z, N = (some[name].to_numpy() for name in ("Z", "N"))
    frame = pd.DataFrame({"nucleus": labels(Z.tolist(), N.tolist()), "Z": Z, "N": N, "A": Z + N})
    columns = {str(name): each.to_numpy() for name, each in summarise_draws(some).items()}
    return frame.assign(**columns)
