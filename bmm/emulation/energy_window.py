"""The relevant energies: those within a window above the minimum.

A PES is not needed far above a fission barrier, although its energies vary most there.  An
emulator learns energies that are compressed outside the window, and new points go where the
energy is likely to be inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from bmm.arrays import FloatArray
from bmm.errors import ConfigError

__all__ = ["EnergyWindow"]


# Of the window: how fast energies outside it are compressed.
_SCALE = 0.1


@dataclass(frozen=True)
class EnergyWindow:
    """A window of energies.

    Parameters
    ----------
    minimum : float
        Its lower end, such as the energy of the ground state, MeV.
    width : float
        MeV.

    Raises
    ------
    ConfigError
        If an end is not finite or the window empty.

    Examples
    --------
    Energies are compressed outside the window of 30 MeV above the minimum:

    >>> import numpy as np
    >>> from bmm.emulation.energy_window import EnergyWindow
    >>> window = EnergyWindow(minimum=-1757.0, width=30.0)
    >>> compressed = window.compress(np.array([-1750.0, -1700.0]))
    >>> compressed.round(2), window.expand(compressed)
    (array([ 7.  , 36.91]), array([-1750., -1700.]))
    """

    minimum: float
    width: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.minimum) and np.isfinite(self.width) and self.width > 0):
            raise ConfigError(
                "the energies that matter: expected a finite minimum and a positive width in MeV, "
                f"not {self.minimum} and {self.width}"
            )

    def contains(self, energy: FloatArray) -> npt.NDArray[np.bool]:
        """Which of the energies (n,), MeV, lie in the window, both ends included."""
        return (energy >= self.minimum) & (energy <= self.minimum + self.width)

    def compress(self, energy: FloatArray) -> FloatArray:
        """Energies above the minimum, those outside the window logarithmically; MeV.

        With the scale s, a tenth of the width, an excess x beyond an end becomes s log(1 + x / s).
        """
        scale, above = _SCALE * self.width, energy - self.minimum
        inside = np.clip(above, 0.0, self.width)
        beyond = above - inside
        return inside + np.sign(beyond) * scale * np.log1p(np.abs(beyond) / scale)

    def expand(self, compressed: FloatArray) -> FloatArray:
        """Undo `compress`; MeV."""
        scale = _SCALE * self.width
        inside = np.clip(compressed, 0.0, self.width)
        beyond = compressed - inside
        # An emulator may be far off where it has no data; e^20 scales are practically infinite.
        grown = scale * np.expm1(np.minimum(np.abs(beyond) / scale, 20.0))
        return self.minimum + inside + np.sign(beyond) * grown

    def probability(self, mean: FloatArray, sd: FloatArray) -> FloatArray:
        """Probability that energies, normal in the compressed scale, are in the window.

        Parameters
        ----------
        mean, sd : array (n,)
            Compressed, MeV.
        """
        spread = np.maximum(sd, 1e-9 * self.width)
        upper = special.ndtr((self.width - mean) / spread)
        return np.asarray(upper - special.ndtr(-mean / spread))
