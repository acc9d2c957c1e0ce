"""The most probable value of a mixture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bmm.mixing.draws import component_log_density

__all__ = ["mixture_mode"]

FloatArray = npt.NDArray[np.float64]

_ITERATIONS = 60


def mixture_mode(
    weight: FloatArray, location: FloatArray, scale: FloatArray, nu: float
) -> FloatArray:
    """Highest point of the density sum_k w_k p_k(y) of each nucleus.

    Climbs from the location of every component by the fixed-point step of expectation
    maximisation, which never goes downhill (Carreira-Perpinan, IEEE TPAMI 22, 1318, 2000), and
    keeps the highest summit.

    Parameters
    ----------
    weight, location, scale : array (nucleus, theory)
        Weights, model masses and spreads (MeV); a weight of 0 takes a component out, and its
        location may then be NaN.
    nu : float
        Degrees of freedom; inf for normal components.

    Returns
    -------
    array (nucleus,)
        MeV.
    """
    present = weight > 0
    centre = np.where(present, location, 0.0)[:, None, :]
    with np.errstate(divide="ignore"):
        log_weight = np.log(np.where(present, weight, 0.0))[:, None, :]
    spread = scale[:, None, :]

    def joint(y: FloatArray) -> FloatArray:
        return log_weight + component_log_density(y[:, :, None] - centre, spread, nu)

    def normalised(log_values: FloatArray) -> FloatArray:
        values = np.exp(log_values - log_values.max(axis=-1, keepdims=True))
        return np.asarray(values / values.sum(axis=-1, keepdims=True))

    heaviest = np.argmax(weight, axis=1)
    fallback = np.take_along_axis(centre[:, 0], heaviest[:, None], axis=1)
    y = np.where(present, centre[:, 0], fallback)
    for _ in range(_ITERATIONS):
        pull = normalised(joint(y)) / spread**2
        if np.isfinite(nu):
            pull *= (nu + 1) / (nu + ((y[:, :, None] - centre) / spread) ** 2)
        y = (pull * centre).sum(axis=-1) / pull.sum(axis=-1)
    height = np.logaddexp.reduce(joint(y), axis=-1)
    return np.take_along_axis(y, np.argmax(height, axis=1)[:, None], axis=1)[:, 0]
