"""A starting point inside a chosen mode of the posterior."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor
from scipy.optimize import minimize

__all__ = ["start_in_mode"]

FloatArray = npt.NDArray[np.float64]


def start_in_mode(model: pm.Model, sigma: FloatArray) -> dict[str, FloatArray]:
    """Find the fields that fit best for given spreads.

    The spreads decide which model describes which nuclei, and so the mode; the fields follow by
    maximising the posterior with everything else held at the centre of its prior.

    Parameters
    ----------
    model : pymc.Model
        See `bmm.mixing.model.build_model`.
    sigma : array (model,)
        Spreads, keV per nucleon at A = 100.

    Returns
    -------
    dict of array
        Values of sigma, mu and beta to start from.
    """
    fitted = [model["beta"], model["mu"]]
    point = model.initial_point()
    point["sigma_log__"] = np.log(sigma)
    with pytensor.config.change_flags(numba__fastmath=False):
        function = model.logp_dlogp_function(grad_vars=fitted, mode="NUMBA")
    function.set_extra_values(point)

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = function(pm.blocking.RaveledVars(flat, start.point_map_info))
        return -float(value), -np.asarray(gradient)

    bijection = pm.blocking.DictToArrayBijection
    start: Any = bijection.map({each.name: point[each.name] for each in fitted})
    found = minimize(objective, start.data, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    best = bijection.rmap(pm.blocking.RaveledVars(found.x, start.point_map_info))
    return {"sigma": sigma, "mu": best["mu"], "beta": best["beta"]}
