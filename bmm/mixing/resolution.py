"""Whether the basis resolved the length scales that the data asked for."""

from __future__ import annotations

from typing import Any

import xarray as xr

from bmm.mixing.fit import read_axes

__all__ = ["basis_resolution"]

_MARGIN = 0.01


def basis_resolution(tree: xr.DataTree) -> dict[str, dict[str, Any]]:
    """Apply the post-fit diagnostic of Riutort-Mayol et al. (Stat. Comput. 33, 17, 2023).

    Parameters
    ----------
    tree : DataTree
        A fitted mixture.

    Returns
    -------
    dict
        For each axis, "Z" and "N": number of functions m, boundary factor c, half width L of the
        box and shortest resolved length scale (nucleons), posterior mean length scale (nucleons),
        and ``resolved``, whether the mean is at least the shortest up to a margin of 0.01 S, S
        being the half range of the chart.  If not, m should be raised.
    """
    posterior = tree["posterior"].to_dataset()
    result = {}
    for axis in read_axes(tree):
        rho = float(posterior[f"rho_{axis.name}"].mean())
        result[axis.name] = {
            "m": axis.m,
            "c": axis.c,
            "half_width": axis.half_width,
            "shortest_resolved": axis.shortest_resolved,
            "posterior_length_scale": rho,
            "resolved": rho + _MARGIN * axis.half_range >= axis.shortest_resolved,
        }
    return result
