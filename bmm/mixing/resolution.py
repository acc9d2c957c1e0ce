"""Whether the basis resolved the length scales that the data asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr

from bmm.gp.basis import Axis, number_of_functions
from bmm.mixing.fitted import read_axes

__all__ = ["basis_resolution", "coarseness", "resolution", "unresolved"]

_MARGIN = 0.01
_LEAST = 0.05  # quantile of the length scale that is to be resolved


def basis_resolution(tree: xr.DataTree) -> dict[str, dict[str, Any]]:
    """Apply the post-fit diagnostic of Riutort-Mayol et al. (Stat. Comput. 33, 17, 2023).

    Parameters
    ----------
    tree : DataTree
        A fitted mixture.

    Returns
    -------
    dict
        See `resolution`.
    """
    return resolution(tree["posterior"].to_dataset(), read_axes(tree))


def resolution(posterior: xr.Dataset, axes: Iterable[Axis]) -> dict[str, dict[str, Any]]:
    """Compare the length scales of a posterior with what a basis resolves; see `basis_resolution`.

    Parameters
    ----------
    posterior : Dataset
        With rho_Z and rho_N (chain, draw), nucleons.
    axes : iterable of Axis
        Basis along Z and N.

    Returns
    -------
    dict
        For each axis, "Z" and "N": number of functions m, boundary factor c, half width L of the
        box and shortest resolved length scale (nucleons), posterior mean length scale (nucleons),
        ``resolved``, whether the mean is at least the shortest up to a margin of 0.01 S, S being
        the half range of the chart, and proposed_m, the number of functions that resolves the 5 %
        quantile of the posterior, or m if that is more or all is resolved.
    """
    result = {}
    for axis in axes:
        draws = posterior[f"rho_{axis.name}"]
        rho, least = float(draws.mean()), float(draws.quantile(_LEAST))
        resolved = rho + _MARGIN * axis.half_range >= axis.shortest_resolved
        needed = number_of_functions(least, axis.half_range, axis.c, axis.kernel)
        result[axis.name] = {
            "m": axis.m,
            "c": axis.c,
            "half_width": axis.half_width,
            "shortest_resolved": axis.shortest_resolved,
            "posterior_length_scale": rho,
            "resolved": resolved,
            "proposed_m": axis.m if resolved else max(axis.m, needed),
        }
    return result


def coarseness(found: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Say which length scales the basis does not resolve; None if it resolves all.

    Parameters
    ----------
    found : mapping
        From `basis_resolution`.
    """
    coarse = {axis: each for axis, each in found.items() if not each["resolved"]}
    if not coarse:
        return None
    scales = " and ".join(
        f"{each['posterior_length_scale']:.1f} along {axis} (resolved: "
        f"{each['shortest_resolved']:.1f})"
        for axis, each in coarse.items()
    )
    return f"the basis does not resolve the fitted length scales, {scales} nucleons"


def unresolved(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say which length scales the basis does not resolve, and what to write to resolve them.

    Parameters
    ----------
    found : mapping
        From `basis_resolution`.

    Returns
    -------
    list of str
        Nothing if all is resolved; else a sentence, and lines of a configuration.
    """
    sentence = coarseness(found)
    if sentence is None:
        return []
    sizes = [f"m_{axis} = {each['proposed_m']}" for axis, each in found.items()]
    return [
        f"{sentence}: the fields are smoother than the data require. To resolve them, write",
        "[mixing.basis]",
        *sizes,
    ]
