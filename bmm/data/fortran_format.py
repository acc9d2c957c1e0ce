"""Fortran format strings: which characters of a line hold which column."""

from __future__ import annotations

import re

from bmm.errors import ConfigError, quoted

__all__ = ["column_spans"]

# One edit descriptor, such as 2i4, f10.3, es12.4e3, a2, 1x or t20.
_DESCRIPTOR = re.compile(
    r"(?P<repeat>[0-9]{0,3})(?:(?P<skip>x)|t(?P<tab>[0-9]{1,4})"
    r"|(?:[adfgi]|e[ns]?)(?P<width>[0-9]{1,3})(?:\.[0-9]{1,2}(?:e[0-9])?)?)"
)
_SCALE = re.compile(r"-?[0-9]+p")  # such as 1p, which is for output
_LONGEST = 10_000


def column_spans(text: str) -> list[tuple[int, int]]:
    """Return where each column of a line begins and ends.

    Blanks (``1x``) and positions (``t20``) count characters and are no columns.

    Parameters
    ----------
    text : str
        A format such as ``(2i4,1x,a2,3f10.3)``, with or without its outer brackets; repeated
        groups such as ``2(f8.3,1x)`` are unfolded.

    Returns
    -------
    list of (int, int)
        First and last-plus-one character, counted from 0.

    Raises
    ------
    ConfigError
        If it is no such format.

    Examples
    --------
    >>> from bmm.data.fortran_format import column_spans
    >>> column_spans("2i4, f10.3")
    [(0, 4), (4, 8), (8, 18)]
    """
    compact = _SCALE.sub(",", "".join(text.split()).lower())
    descriptors = _unfolded(compact, text)
    spans: list[tuple[int, int]] = []
    at = 0
    for each in descriptors:
        found = _DESCRIPTOR.fullmatch(each)
        if found is None or (found["tab"] and found["repeat"]):
            raise _refused(text)
        count = int(found["repeat"] or 1)
        if found["skip"]:
            at += count
        elif found["tab"]:
            at = int(found["tab"]) - 1
        else:
            width = int(found["width"])
            spans += [(at + width * k, at + width * (k + 1)) for k in range(count)]
            at += width * count
        if at < 0 or at > _LONGEST:
            raise _refused(text)
    if not spans or any(first == last for first, last in spans):
        raise _refused(text)
    return spans


def _unfolded(compact: str, text: str) -> list[str]:
    """Descriptors between the commas, with every repeated group written out."""
    innermost = re.compile(r"([0-9]{0,3})\(([^()]*)\)")
    while (found := innermost.search(compact)) is not None:
        group = ",".join([found[2]] * int(found[1] or 1))
        # A comma may be left out beside a bracket.
        compact = f"{compact[: found.start()]},{group},{compact[found.end() :]}"
        if len(compact) > _LONGEST:
            raise _refused(text)
    return [each for each in compact.split(",") if each]


def _refused(text: str) -> ConfigError:
    return ConfigError(
        f"{quoted(text)} is no Fortran format of one line; expected one such as '(2i4,1x,a2,f10.3)'"
    )
