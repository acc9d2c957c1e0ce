"""Which nuclei exist: bound against the emission of nucleons, surface by surface.

A nucleus is bound on a surface if none of S_1n, S_2n, S_1p and S_2p is negative there; the share of
the surfaces on which it is bound is its probability of existence (Neufcourt et al., Phys. Rev. C
101, 044307, 2020).  Everything counted on whole surfaces, drip lines and numbers of nuclei, carries
the correlations of the masses.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import summarise_draws
from bmm.prediction.derived import across_border, derive

__all__ = [
    "SEPARATIONS",
    "bound",
    "count_bound",
    "drip_lines",
    "existence",
    "existence_rises",
    "share_bound",
]

SEPARATIONS = ("S_1n", "S_2n", "S_1p", "S_2p")
"""Quantities that are positive of a bound nucleus."""

_COLUMNS = ("lower_95", "lower_68", "median", "upper_68", "upper_95")


def bound(surfaces: xr.DataArray) -> xr.DataArray:
    """Whether nuclei are bound, surface by surface.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV; see `bmm.prediction.forecast.Forecast.draws`.

    Returns
    -------
    DataArray (draw, nucleus)
        1 or 0; NaN where a separation energy cannot be computed because a neighbour is missing, and
        none of the others is negative.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> from bmm.prediction.existence import bound
    >>> state = bound(bmm.forecast(mixture, measured).draws(10))
    >>> state.dims, bool((state.sel(nucleus="Sn-132") == 1).all())
    (('draw', 'nucleus'), True)
    """
    # Across the border of a model's table, too: a nucleus there is no less counted.
    anywhere = surfaces.drop_vars("models", errors="ignore")
    # In single precision, and one energy after the other: surfaces are many and large.
    state = np.ones(surfaces.transpose(..., "nucleus").shape, dtype=np.float32)
    for name in SEPARATIONS:
        _judge(state, derive(anywhere, name).to_numpy())
    found = surfaces.transpose(..., "nucleus").copy(data=state)
    found.name, found.attrs = "bound", {}
    return found


def _judge(state: npt.NDArray[np.float32], energy: FloatArray) -> None:
    """Write into a state what a separation energy says; both (..., nucleus)."""
    state[np.isnan(energy) & (state > 0)] = np.nan
    state[energy <= 0] = 0.0


def existence(surfaces: xr.DataArray) -> xr.DataArray:
    """Probability of existence of each nucleus.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.

    Returns
    -------
    DataArray (nucleus)
        NaN where `bound` is unknown on any surface, or a separation energy lies across the border
        of a model's table; see `bmm.prediction.derived.mark_models`.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`; Z = 46 and 47 lack the
    elements below:

    >>> drawn = bmm.forecast(mixture, measured).draws(100)
    >>> bmm.existence(drawn).sel(nucleus="Sn-132").item()
    1.0
    """
    return share_bound(surfaces, bound(surfaces))


def share_bound(surfaces: xr.DataArray, state: xr.DataArray) -> xr.DataArray:
    """Share of the surfaces on which each nucleus is bound; see `existence`.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    state : DataArray (draw, nucleus)
        The result of `bound` for them.
    """
    share = state.mean("draw", skipna=False, dtype=np.float64)
    border = np.any([across_border(surfaces, name) for name in SEPARATIONS], axis=0)
    return share.where(~xr.DataArray(border, dims="nucleus")).rename("existence")


def count_bound(surfaces: xr.DataArray, max_Z: int = 119) -> xr.DataArray:
    """Count the bound nuclei of each surface.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    max_Z : int, default 119
        Last proton number counted, that of Neufcourt et al. (2020).

    Returns
    -------
    DataArray (draw)
        Of the nuclei on the surfaces; those that cannot be judged are not counted.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> from bmm.prediction.existence import count_bound
    >>> count_bound(bmm.forecast(mixture, measured).draws(10)).sizes["draw"]
    10
    """
    chosen = surfaces["Z"].to_numpy() <= max_Z
    return bound(surfaces).isel(nucleus=chosen).fillna(0).sum("nucleus").rename("n_bound")


def existence_rises(table: pd.DataFrame, least: float = 0.1) -> dict[str, float]:
    """Count where a nucleus is more likely to exist than one with two neutrons fewer.

    The proton-rich side does not count: of each element, isotopes from the one that is most likely
    to exist on.  Rises by pairing are left out by the step of two.

    Parameters
    ----------
    table : DataFrame
        Columns Z, N and existence, as in ``derived.csv``.
    least : float, default 0.1
        Smaller rises do not count.

    Returns
    -------
    dict
        least, places and elements.

    Examples
    --------
    >>> import pandas as pd
    >>> from bmm.prediction.existence import existence_rises
    >>> columns = {"Z": 50, "N": [120, 122, 124, 126], "existence": [1.0, 0.4, 0.7, 0.2]}
    >>> existence_rises(pd.DataFrame(columns))
    {'least': 0.1, 'places': 1, 'elements': 1}
    """
    places = elements = 0
    for _, chain in table.dropna(subset=["existence"]).groupby("Z"):
        share = chain.set_index("N")["existence"]
        share = share[share.index >= share.idxmax()]
        before = share.reindex(share.index - 2).to_numpy()
        rises = int(np.count_nonzero(share.to_numpy() - before > least))
        places, elements = places + rises, elements + (rises > 0)
    return {"least": least, "places": places, "elements": elements}


def drip_lines(surfaces: xr.DataArray, state: xr.DataArray | None = None) -> pd.DataFrame:
    """Lightest and heaviest bound isotope of every element, with their uncertainty.

    Parameters
    ----------
    surfaces : DataArray (draw, nucleus)
        Joint draws of the mass excess, MeV.
    state : DataArray (draw, nucleus), optional
        The result of `bound` for them, if that is known already.

    Returns
    -------
    DataFrame
        Indexed by Z and side ("proton" or "neutron"): median, lower_68, upper_68, lower_95 and
        upper_95 of the neutron number, and at_edge, the share of the surfaces on which one of the
        two outermost isotopes that can be judged is still bound, so that the line may lie further
        out: pairing hides it from every second isotope.
        Surfaces without a bound isotope are left out; elements without one on any, too.

    Examples
    --------
    With `mixture` and `measured` of the example of `bmm.fit_forecast`:

    >>> drawn = bmm.forecast(mixture, measured).draws(100)
    >>> lines = bmm.drip_lines(drawn)
    >>> bool(lines.loc[(50, "neutron"), "median"] > 100)
    True
    """
    known = bound(surfaces) if state is None else state
    its_state = known.transpose("draw", "nucleus").to_numpy()
    Z, N = surfaces["Z"].to_numpy(), surfaces["N"].to_numpy()
    rows = []
    for element in np.unique(Z):
        chain = np.flatnonzero(element == Z)
        chain = chain[np.argsort(N[chain])]
        chain = chain[np.isfinite(its_state[:, chain]).all(axis=0)]
        its = its_state[:, chain] > 0
        its = its[its.any(axis=1)]
        if not len(its):
            continue
        first, last = its.argmax(axis=1), its.shape[1] - 1 - its[:, ::-1].argmax(axis=1)
        from_edge = {"proton": first, "neutron": its.shape[1] - 1 - last}
        for side, found in (("proton", first), ("neutron", last)):
            at_edge = float(np.mean(from_edge[side] < 2))
            rows.append(_row(int(element), side, N[chain][found], at_edge))
    columns = ["Z", "side", *_COLUMNS, "at_edge"]
    return pd.DataFrame(rows, columns=columns).set_index(["Z", "side"])


def _row(Z: int, side: str, N: npt.NDArray[np.int64], at_edge: float) -> dict[str, float | str]:
    found = summarise_draws(xr.DataArray(N, dims="draw"), whole=True)
    values = {name: float(found[name]) for name in _COLUMNS}
    return {"Z": Z, "side": side, **values, "at_edge": at_edge}
