"""The interface of surrogates: how they learn, and what they predict."""

from __future__ import annotations

from typing import Protocol

from bmm.arrays import FloatArray, IntArray

__all__ = ["Emulator", "Learner", "SurrogatePrediction"]


class SurrogatePrediction(Protocol):
    """Values at n points, with their uncertainty."""

    @property
    def mean(self) -> FloatArray:
        """Expected values, array (n,)."""

    @property
    def sd(self) -> FloatArray:
        """Standard deviations, array (n,)."""

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Covariance between points given by their numbers; array (rows, columns)."""


class Emulator(Protocol):
    """A trained surrogate of a theory."""

    def at(self, points: FloatArray) -> SurrogatePrediction:
        """Predict points (n, d), scaled as those it has learned from."""


class Learner(Protocol):
    """A kind of emulator."""

    @property
    def name(self) -> str:
        """Name in tables."""

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> Emulator:
        """Learn values at points.

        Parameters
        ----------
        points : array (n, d)
            Coordinates between -1 and 1.
        values : array (n,)
            Any unit.
        seed : int
            Seed of whatever is random.
        previous : Emulator, optional
            One of this kind, to start from.
        """

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make an emulator of this kind."""

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> Emulator:
        """Make the emulator again, for points with so many coordinates."""
