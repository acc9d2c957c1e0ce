"""Names of isomers among those of nuclides."""

from __future__ import annotations

import re

from bmm.errors import DomainError
from bmm.nuclides import parse_nuclide

__all__ = ["is_isomer"]

_ISOMER = re.compile(
    r"(?P<A>[0-9]{1,3})[mnpq][0-9]?-?(?P<symbol>[A-Za-z]{1,3})|(?P<name>.+?)[-_]?[mnpq][0-9]?"
)


def is_isomer(text: str) -> bool:
    """Whether a name is that of a nuclide with the mark of an isomer.

    Parameters
    ----------
    text : str
        The mark, m, n, p or q, perhaps numbered, is last or stands between A and symbol: "132Snm",
        "sn132m1", "99mTc".  What is a nuclide without a mark, such as "151Sm", is no isomer.

    Examples
    --------
    >>> from bmm.data.isomers import is_isomer
    >>> is_isomer("99mTc"), is_isomer("151Smm"), is_isomer("151Sm")
    (True, True, False)
    """
    if _is_nuclide(text):
        return False
    found = _ISOMER.fullmatch(text.replace(" ", ""))
    return found is not None and _is_nuclide(found["name"] or found["A"] + found["symbol"])


def _is_nuclide(text: str) -> bool:
    try:
        parse_nuclide(text)
    except DomainError:
        return False
    return True
