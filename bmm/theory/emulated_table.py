"""A table of masses emulated from a share of it.

A stand-in for a theory too expensive to be computed everywhere: a share of its nuclei is known, a
committee of networks learns the others, and its estimate of its own errors enters the mixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from pydantic import Field, NonNegativeInt

from bmm.emulation.committee import CommitteeLearner
from bmm.emulation.loop import points_of
from bmm.emulation.mass_table import MassLearner, mass_surface
from bmm.emulation.network_settings import preset
from bmm.errors import DataError
from bmm.theory.adapters import Domain, TheoryModel, prediction
from bmm.theory.tabulated import TabulatedCard

__all__ = ["CommitteeCard", "EmulatedTable", "FittedEmulation"]

_FEWEST = 50


class CommitteeCard(TabulatedCard):
    """A table of which a share is known, and the rest learned by a committee of networks.

    Parameters
    ----------
    share : float, default 0.1
        Of the table's nuclei, drawn at random, that are known.
    seed : int, default 1
        Draws them.
    committee : str, default "default"
        Preset of `bmm.emulation.network_settings`.
    """

    adapter: Literal["committee"]
    share: float = Field(default=0.1, gt=0.0, le=1.0)
    seed: NonNegativeInt = 1
    committee: Literal["default", "published"] = "default"

    def build(self) -> TheoryModel:
        """Read the table; all but the share is hidden from the committee."""
        return EmulatedTable(
            name=self.name,
            masses=self.masses(),
            share=self.share,
            seed=self.seed,
            preset=self.committee,
            domain=self.domain,
        )


@dataclass(frozen=True)
class FittedEmulation:
    """An emulated table.

    Parameters
    ----------
    name : str
        Of the model and of its only component.
    masses : DataFrame
        Indexed (Z, N): mass_excess and mass_excess_sd in MeV; the sd of a known nucleus is 0.
    domain : Domain
        Nuclei to use.
    """

    name: str
    masses: pd.DataFrame
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Predict nuclei of the table; see `bmm.theory.adapters.FittedTheory`."""
        found = self.masses.reindex(nuclei)
        inside = self.domain.covers(nuclei)
        mass, sd = (
            np.where(inside, found[column].to_numpy(dtype=np.float64), np.nan)[:, None]
            for column in ("mass_excess", "mass_excess_sd")
        )
        return prediction(nuclei, self.components, mass, sd)


@dataclass(frozen=True)
class EmulatedTable:
    """A table of masses of which only a share is known.

    Parameters
    ----------
    name : str
        Of the model and of its only component.
    masses : DataFrame
        The whole table: indexed (Z, N), with a column mass_excess in MeV.
    share : float
        Of its nuclei that are known; they are drawn at random.
    seed : int
        Draws them, and starts the committee.
    preset : str
        Settings of the committee.
    domain : Domain
        Nuclei to use.
    """

    name: str
    masses: pd.DataFrame
    share: float
    seed: int
    preset: str
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def known(self) -> npt.NDArray[np.intp]:
        """Rows of the table that are known.

        Raises
        ------
        DataError
            If there are fewer than 50.
        """
        count = points_of(self.share, len(self.masses))
        if count < _FEWEST:
            raise DataError(
                f"{self.name}: a share of {self.share:g} is {count} of the table's "
                f"{len(self.masses)} nuclei; expected {_FEWEST} at least"
            )
        return np.random.default_rng(self.seed).choice(len(self.masses), count, replace=False)

    def fit(self, training: pd.DataFrame) -> FittedEmulation:
        """Learn the table from the nuclei that are known; the training masses are not looked at."""
        rows = self.known()
        surface = mass_surface(self.name, self.masses["mass_excess"])
        learner = MassLearner(surface, CommitteeLearner(preset(self.preset)))
        points, values = surface.scaled[rows], surface.energy[rows]
        emulator = learner.calibrated(
            learner.fit(points, values, self.seed), points, values, self.seed
        )
        predicted = emulator.at(surface.scaled)
        mean, sd = predicted.mean.copy(), predicted.sd.copy()
        mean[rows], sd[rows] = values, 0.0
        columns = {"mass_excess": mean, "mass_excess_sd": sd}
        return FittedEmulation(self.name, pd.DataFrame(columns, self.masses.index), self.domain)
