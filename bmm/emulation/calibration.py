"""Calibration of the spread of a committee against its errors.

An error is taken to be Student-t distributed with a scale that grows with the spread,

    scale^2 = (factor spread)^2 + floor^2,

because members that agree may share an error. Both numbers maximise the likelihood of the errors at
held-out points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from bmm.arrays import FloatArray
from bmm.distributions import student_t

__all__ = ["UNCALIBRATED", "Calibration", "fit_calibration"]


@dataclass(frozen=True)
class Calibration:
    """Factor and floor.

    Parameters
    ----------
    factor : float, default 1
        Multiplies the spreads.
    floor : float, default 0
        Scale of the errors where all members agree, in the unit of the values.

    Examples
    --------
    Scales of errors from spreads of 0 and 0.4 MeV:

    >>> import numpy as np
    >>> from bmm.emulation.calibration import Calibration
    >>> Calibration(factor=2.0, floor=0.6).sd(np.array([0.0, 0.4]))
    array([0.6, 1. ])
    """

    factor: float = 1.0
    floor: float = 0.0

    def sd(self, spread: FloatArray) -> FloatArray:
        """Scale (n,) of the errors, from spreads (n,)."""
        return np.hypot(self.factor * spread, self.floor)


UNCALIBRATED = Calibration()
"""Spreads as they are."""


def fit_calibration(error: FloatArray, spread: FloatArray) -> Calibration:
    """Fit factor and floor.

    Parameters
    ----------
    error, spread : array (n,)
        At points that no member saw.

    Examples
    --------
    Errors that are three times as large as the spread of the members:

    >>> import numpy as np
    >>> from bmm.emulation.calibration import fit_calibration
    >>> rng = np.random.default_rng(1)
    >>> found = fit_calibration(3 * rng.standard_t(4, size=500), np.ones(500))
    >>> scale = found.sd(np.ones(1))[0]
    >>> bool(abs(scale - 3) < 0.3)
    True
    """
    typical = float(np.median(np.abs(error))) + 1e-12
    widths = float(np.median(spread)) + 1e-12

    def misfit(logs: FloatArray) -> float:
        scale = np.hypot(np.exp(logs[0]) * spread, np.exp(logs[1]))
        # One weak observation keeps both numbers from vanishing.
        prior = 0.5 * (((logs - start) / 2.0) ** 2).sum()
        return float(prior - student_t.log_density(error, scale, student_t.NU).sum())

    start = np.log([typical / widths, 0.3 * typical])
    found = optimize.minimize(misfit, start, method="Nelder-Mead")
    factor, floor = np.exp(found.x)
    return Calibration(float(factor), float(floor))
