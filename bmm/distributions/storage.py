"""Mixtures as labelled arrays, to be written to a file and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from bmm.distributions.mixture import StudentTMixture

__all__ = ["from_dataset", "to_dataset"]

_MeV = {"units": "MeV"}


def to_dataset(mixture: StudentTMixture, coords: Mapping[str, Any] | None = None) -> xr.Dataset:
    """Lay a mixture out as labelled arrays.

    Parameters
    ----------
    mixture : StudentTMixture
        The mixture.
    coords : mapping, optional
        Coordinates of the dimension nucleus.

    Returns
    -------
    Dataset (nucleus, component)
        location and scale in MeV, weight, and nu (component), or (nucleus, component) where it
        differs between nuclei; `from_dataset` takes it back, number for number.

    Examples
    --------
    >>> stored = to_dataset(StudentTMixture([[-88.0, -87.0]], 0.3, nu=4))
    >>> stored["scale"].dims, stored["scale"].attrs["units"]
    (('nucleus', 'component'), 'MeV')
    >>> float(from_dataset(stored).mean[0])
    -87.5
    """
    dims = ("nucleus", "component")
    shape = mixture.location.shape
    nu = mixture.nu
    along = tuple(dim for dim, size in zip(dims, nu.shape, strict=True) if size > 1)
    variables = {
        "location": (dims, mixture.location, _MeV),
        "scale": (dims, mixture.scale, _MeV),
        "weight": (dims, mixture.weight),
        "nu": (along, nu.reshape([shape[dims.index(dim)] for dim in along])),
    }
    return xr.Dataset(variables, coords=coords)


def from_dataset(stored: xr.Dataset) -> StudentTMixture:
    """Take a mixture back from what `to_dataset` made of it.

    Parameters
    ----------
    stored : Dataset
        With variables location, scale, weight and nu.

    Examples
    --------
    >>> from bmm.distributions import StudentTMixture
    >>> from bmm.distributions.storage import from_dataset, to_dataset
    >>> mixture = StudentTMixture([[-80.0, -79.0]], [[0.5, 0.7]], nu=4.0)
    >>> from_dataset(to_dataset(mixture)).mean
    array([-79.5])
    """
    dims = ("nucleus", "component")
    nu = stored["nu"].expand_dims([dim for dim in dims if dim not in stored["nu"].dims])
    location, scale, weight = (
        stored[name].transpose(*dims).to_numpy() for name in ("location", "scale", "weight")
    )
    return StudentTMixture(location, scale, weight, nu.transpose(*dims).to_numpy())
