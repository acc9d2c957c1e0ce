"""A mass table as it is exported: masses, where each one is from, and joint draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.arrays import BoolArray, FloatArray, IntArray
from bmm.errors import DataError
from bmm.nuclides import label, nuclide_index, symbol

__all__ = ["ExportSettings", "MassTable", "Origin", "Surface"]

_FLAGS = ("measured", "estimated")
_NUMBERS = ("mass_excess", "mass_excess_sd")


@dataclass(frozen=True)
class ExportSettings:
    """What a writer may be asked for.

    Parameters
    ----------
    template : Path, optional
        A file, or a folder, of the same layout: its masses are replaced, all else is kept.
    append : bool, default False
        Append the nuclides that the template lacks.
    """

    template: Path | None = None
    append: bool = False


@dataclass(frozen=True)
class Origin:
    """Where masses are from.

    Parameters
    ----------
    run : str
        Name of the run.
    version : str
        Version of bmm that made it.
    models : tuple of str
        Theory models that were mixed.
    evaluation : str
        Edition of the measured masses, e.g. "AME2020".
    date : date
        Of the export.
    note : str, optional
        What else a reader must know, without a full stop.
    """

    run: str
    version: str
    models: tuple[str, ...]
    evaluation: str
    date: date
    note: str = ""

    def sentence(self, surface: str = "") -> str:
        """Say it on one line, of one surface or of the whole table."""
        parts = (
            f"atomic mass excess by bmm {self.version}, run {self.run}"
            + (f", {surface}" if surface else ""),
            f"models {', '.join(self.models)}",
            f"measured masses {self.evaluation}",
            f"written {self.date.isoformat()}",
            self.note,
        )
        return "; ".join(part for part in parts if part)

    def attributes(self) -> dict[str, str]:
        """Lay it out by name, for files that have attributes."""
        return {
            "description": "atomic mass excess, MeV",
            "run": self.run,
            "bmm_version": self.version,
            "models": ", ".join(self.models),
            "measured_masses": self.evaluation,
            "date": self.date.isoformat(),
            "note": self.note,
        }


@dataclass(frozen=True)
class Surface:
    """One value for every nucleus of a table: its masses, or one draw of them.

    Parameters
    ----------
    name : str
        "mean", or "draw-001" and so on: the folder of its files.
    mass_excess : array (nucleus,)
        MeV.
    origin : str
        One line, see `Origin.sentence`.
    """

    name: str
    mass_excess: FloatArray
    origin: str


@dataclass(frozen=True)
class MassTable:
    """Masses to be exported.

    Parameters
    ----------
    nuclei : DataFrame
        Indexed (Z, N) in ascending order, each nuclide once, with `mass_excess` and
        `mass_excess_sd`, MeV: measured masses with their uncertainty where `measured`, otherwise
        predictive mean and standard deviation.  `measured` (bool); optionally `estimated` (bool),
        for values that an evaluation estimates from trends.
    origin : Origin
        Where they are from.
    draws : array (draw, nucleus), optional
        Joint draws of the mass excess, MeV.

    Raises
    ------
    DataError
        If a column is missing, a number is not finite, a nuclide comes twice or out of order, or
        the draws do not fit.
    """

    nuclei: pd.DataFrame
    origin: Origin
    draws: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if "estimated" not in self.nuclei:
            object.__setattr__(self, "nuclei", self.nuclei.assign(estimated=False))
        for column in (*_NUMBERS, *_FLAGS):
            if column not in self.nuclei:
                raise DataError(f"mass table: column {column!r} is missing")
        if self.nuclei.index.nlevels != 2 or len(self.nuclei) == 0:
            raise DataError("mass table: expected at least one nucleus, indexed (Z, N)")
        index = nuclide_index(*(self.nuclei.index.get_level_values(level) for level in (0, 1)))
        if not index.is_monotonic_increasing:
            raise DataError("mass table: expected nuclei in ascending order of Z, then N")
        object.__setattr__(self, "nuclei", self.nuclei.set_axis(index))
        values = self.nuclei[list(_NUMBERS)].to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(values).all(axis=1) | (values[:, 1] < 0)
        if wrong.any():
            raise DataError(
                f"mass table: {self._name(wrong)} has no finite mass excess with an uncertainty "
                "of 0 or more"
            )
        both = self.nuclei[list(_FLAGS)].to_numpy(dtype=bool).all(axis=1)
        if both.any():
            raise DataError(f"mass table: {self._name(both)} is measured and estimated at once")
        if self.draws is not None and self.draws.shape[1:] != (len(index),):
            raise DataError(
                f"mass table: draws of shape {self.draws.shape} for {len(index)} nuclei"
            )
        if self.draws is not None and not np.isfinite(self.draws).all():
            missing = ~np.isfinite(self.draws).all(axis=0)
            raise DataError(f"mass table: {self._name(missing)} has a draw that is not finite")

    def _name(self, chosen: BoolArray) -> str:
        return label(*map(int, self.nuclei.index[chosen][0]))

    @property
    def index(self) -> pd.MultiIndex:
        """The nuclides, levels Z and N."""
        return nuclide_index(self.Z, self.N)

    @property
    def Z(self) -> IntArray:
        """Proton numbers, array (nucleus,)."""
        return self.nuclei.index.get_level_values("Z").to_numpy(dtype=np.int64)

    @property
    def N(self) -> IntArray:
        """Neutron numbers, array (nucleus,)."""
        return self.nuclei.index.get_level_values("N").to_numpy(dtype=np.int64)

    @property
    def mass_excess(self) -> FloatArray:
        """Measured mass or predictive mean, array (nucleus,), MeV."""
        return self.nuclei["mass_excess"].to_numpy(dtype=np.float64)

    @property
    def mass_excess_sd(self) -> FloatArray:
        """Its uncertainty, array (nucleus,), MeV."""
        return self.nuclei["mass_excess_sd"].to_numpy(dtype=np.float64)

    @property
    def status(self) -> npt.NDArray[np.str_]:
        """Where each mass is from: "measured", "estimated" or "predicted", array (nucleus,)."""
        flags = [self.nuclei[name].to_numpy(dtype=bool) for name in _FLAGS]
        return np.select(flags, _FLAGS, default="predicted")

    @property
    def symbols(self) -> list[str]:
        """Element symbols, one for each nucleus."""
        return [symbol(int(z)) for z in self.Z]

    def select(self, nuclei: pd.MultiIndex) -> MassTable:
        """Keep some nuclei.

        Parameters
        ----------
        nuclei : MultiIndex (Z, N)
            Of this table.
        """
        kept = self.nuclei.index.isin(nuclei)
        draws = None if self.draws is None else self.draws[:, kept]
        return replace(self, nuclei=self.nuclei[kept], draws=draws)

    def surfaces(self) -> Iterator[Surface]:
        """Give the masses themselves, named "mean", then every draw."""
        yield Surface("mean", self.mass_excess, self.origin.sentence("mean"))
        if self.draws is not None:
            digits = max(3, len(str(len(self.draws))))
            for i, masses in enumerate(self.draws, start=1):
                yield Surface(f"draw-{i:0{digits}}", masses, self.origin.sentence(f"draw {i}"))

    def frame(self, *, draws: bool = True) -> pd.DataFrame:
        """Lay it out row by row.

        Parameters
        ----------
        draws : bool, default True
            Whether the draws are included.

        Returns
        -------
        DataFrame
            Z, N, A, symbol, mass_excess_MeV, mass_excess_sd_MeV, status, and draw_1_MeV and so on.
        """
        frame = pd.DataFrame(
            {
                "Z": self.Z,
                "N": self.N,
                "A": self.Z + self.N,
                "symbol": self.symbols,
                "mass_excess_MeV": self.mass_excess,
                "mass_excess_sd_MeV": self.mass_excess_sd,
                "status": self.status,
            }
        )
        if self.draws is None or not draws:
            return frame
        names = [f"draw_{i + 1}_MeV" for i in range(len(self.draws))]
        return pd.concat([frame, pd.DataFrame(self.draws.T, columns=names)], axis=1)
