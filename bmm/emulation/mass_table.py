"""Mass tables as surfaces over (Z, N).

A network would spend its capacity on the bulk of a mass, which a liquid drop describes well: its
coefficients are fitted by least squares to the computed nuclei, and an emulator learns the rest
from Z, N, their parities and their distances from magic numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bmm.arrays import FloatArray, IntArray
from bmm.emulation.committee import Committee, CommitteeLearner
from bmm.emulation.energy_surface import Surface
from bmm.emulation.surrogate import Emulator, Learner, SurrogatePrediction
from bmm.nuclides import MAGIC_NUMBERS

__all__ = ["MassEmulator", "MassLearner", "mass_surface"]


# Shell effects of a magic number are taken to end at this distance.
_SHELL = 8.0
# Even and odd nuclei differ by their pairing energy only.
_PARITY = 0.1


def mass_surface(name: str, masses: pd.Series[float]) -> Surface:
    """Make a surface of a mass table.

    Parameters
    ----------
    name : str
        Of the table.
    masses : Series
        Mass excess in MeV, indexed (Z, N).

    Examples
    --------
    >>> from bmm.emulation.mass_table import mass_surface
    >>> surface = mass_surface("tin", measured["mass_excess"])
    >>> surface.axes, len(surface) == len(measured)
    (('Z', 'N'), True)
    """
    points = np.array(masses.index.to_list(), dtype=np.float64)
    return Surface(name, ("Z", "N"), points, np.asarray(masses, dtype=np.float64))


@dataclass(frozen=True)
class _Shifted:
    """A prediction of deviations from the liquid drop, turned into one of masses."""

    deviation: SurrogatePrediction
    drop: FloatArray

    @property
    def mean(self) -> FloatArray:
        return self.drop + self.deviation.mean

    @property
    def sd(self) -> FloatArray:
        return self.deviation.sd

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        return self.deviation.covariance(rows, columns)


@dataclass(frozen=True)
class MassEmulator:
    """A liquid drop, and an emulator of the deviations from it.

    Parameters
    ----------
    learner : MassLearner
        Holds the positions of the nuclei.
    coefficients : array (8,)
        Of the liquid drop, MeV.
    deviation : Emulator
        Of the deviations from it.
    """

    learner: MassLearner
    coefficients: FloatArray
    deviation: Emulator

    def at(self, points: FloatArray) -> SurrogatePrediction:
        """Predict mass excesses (MeV) of nuclei (n, 2), scaled as the surface has them."""
        Z, N = self.learner.nuclei(points)
        return _Shifted(self.deviation.at(_features(Z, N)), _drop(Z, N) @ self.coefficients)


@dataclass(frozen=True)
class MassLearner:
    """A learner for the surface of a mass table.

    Parameters
    ----------
    surface : Surface
        From `mass_surface`; only its coordinates are used.
    inner : Learner
        Learns the deviations from the liquid drop.

    Examples
    --------
    With `measured` of the example of `bmm.fit`; a process learns what the liquid drop leaves:

    >>> from bmm.emulation.mass_table import MassLearner, mass_surface
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> surface = mass_surface("near tin", measured["mass_excess"])
    >>> learner = MassLearner(surface, ProcessLearner(kernels=("matern-5/2",)))
    >>> emulator = learner.fit(surface.scaled[::4], surface.energy[::4], seed=0)
    >>> error = emulator.at(surface.scaled).mean - surface.energy
    >>> bool(abs(error).mean() < 1)  # MeV
    True
    """

    surface: Surface
    inner: Learner

    @property
    def name(self) -> str:
        """Name of the inner learner."""
        return self.inner.name

    def nuclei(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Proton and neutron numbers of scaled points (n, 2); two arrays (n,)."""
        low, high = self.surface.points.min(axis=0), self.surface.points.max(axis=0)
        Z, N = np.round(low + (points + 1) / 2 * (high - low)).T
        return Z, N

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> MassEmulator:
        """Learn masses; see `bmm.emulation.surrogate.Learner`."""
        Z, N = self.nuclei(points)
        coefficients = np.linalg.lstsq(_drop(Z, N), values, rcond=None)[0]
        rest = values - _drop(Z, N) @ coefficients
        before = previous.deviation if isinstance(previous, MassEmulator) else None
        return MassEmulator(self, coefficients, self.inner.fit(_features(Z, N), rest, seed, before))

    def calibrated(
        self, emulator: MassEmulator, points: FloatArray, values: FloatArray, seed: int
    ) -> MassEmulator:
        """Calibrate a committee on held-out nuclei; other emulators are returned as they are."""
        if not isinstance(self.inner, CommitteeLearner):
            return emulator
        assert isinstance(emulator.deviation, Committee)
        Z, N = self.nuclei(points)
        rest = values - _drop(Z, N) @ emulator.coefficients
        found = self.inner.calibrated(emulator.deviation, _features(Z, N), rest, seed)
        return MassEmulator(self, emulator.coefficients, found)

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make a mass emulator."""
        assert isinstance(emulator, MassEmulator)
        return {"coefficients": emulator.coefficients, **self.inner.pack(emulator.deviation)}

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> MassEmulator:
        """Make the emulator again."""
        rest = {name: each for name, each in arrays.items() if name != "coefficients"}
        return MassEmulator(
            self,
            arrays["coefficients"],
            self.inner.unpack(rest, _features(*np.ones((2, 1))).shape[1]),
        )


def _drop(Z: FloatArray, N: FloatArray) -> FloatArray:
    """Terms of a liquid drop; array (n, 8).

    Protons, neutrons, surface, Coulomb energy and its exchange, symmetry energy of volume and
    surface, pairing.
    """
    A, excess = Z + N, N - Z
    pairing = ((Z % 2 == 0).astype(float) + (N % 2 == 0) - 1) / np.sqrt(A)
    terms = [Z, N, A ** (2 / 3), Z**2 / A ** (1 / 3), Z ** (4 / 3) / A ** (1 / 3)]
    return np.column_stack([*terms, excess**2 / A, excess**2 / A ** (4 / 3), pairing])


def _features(Z: FloatArray, N: FloatArray) -> FloatArray:
    """Features of the emulator: Z and N, their parities, nearness to magic numbers; (n, 6)."""
    columns = [Z / 60 - 1, N / 100 - 1]
    for number in (Z, N):
        columns.append(_PARITY * (1 - 2 * (number % 2)))
        nearest = np.abs(number[:, None] - np.array(MAGIC_NUMBERS)).min(axis=1)
        columns.append(_PARITY * np.maximum(1 - nearest / _SHELL, 0.0))
    return np.column_stack(columns)
