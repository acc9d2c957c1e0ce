"""The exceptions bmm raises for input it cannot use.

Each message is one sentence that names the file, row or key and what was expected.  The command
line prints it without a traceback.
"""

from __future__ import annotations

import reprlib

__all__ = [
    "BmmError",
    "ConfigError",
    "DamagedError",
    "DataError",
    "DomainError",
    "OriginError",
    "RunError",
    "quoted",
]

_LONGEST_QUOTE = 80
_LONGEST_MESSAGE = 300
_CUT = " ... "


class BmmError(Exception):
    """Base class of every error that bmm raises on purpose.

    Its text is one line of at most 300 characters, whatever the input was; of a longer one, a
    piece after the middle is left out.

    Examples
    --------
    >>> import bmm
    >>> try:
    ...     bmm.load_measured("AME2021")
    ... except bmm.BmmError as error:
    ...     print(str(error)[:33])
    No measured table is called 'AME2
    """

    def __str__(self) -> str:
        return _cut(" ".join(super().__str__().split()), _LONGEST_MESSAGE)


class DataError(BmmError, ValueError):
    """A mass table, or a row of one, that cannot be used."""


class ConfigError(BmmError, ValueError):
    """A model card or a configuration with an unknown or impossible value."""


class DomainError(BmmError, ValueError):
    """A nucleus outside the chart on which a model or a mixture is defined."""


class RunError(BmmError, RuntimeError):
    """A run folder that cannot be written or read."""


class DamagedError(RunError):
    """A file that is not the one that bmm wrote: damaged, edited or missing."""


class OriginError(RunError):
    """A result that was begun with other data, settings or code than there are now."""


def quoted(value: object) -> str:
    """Quote a piece of input in a message: its `repr`, at most 80 characters on one line.

    Parameters
    ----------
    value : object
        A piece of text, number, list or dictionary of any length.

    Examples
    --------
    >>> from bmm.errors import quoted
    >>> quoted("Sn-132")
    "'Sn-132'"
    >>> len(quoted("x" * 1000))
    80
    """
    short = reprlib.Repr(maxstring=_LONGEST_QUOTE, maxother=_LONGEST_QUOTE, maxlevel=2)
    try:
        return _cut(" ".join(short.repr(value).split()), _LONGEST_QUOTE)
    except ValueError:  # an integer of more digits than Python converts
        return f"an {type(value).__name__} of too many digits"


def _cut(text: str, longest: int) -> str:
    """Leave a piece out of a text that is too long; two thirds of what is kept are its beginning.

    A message begins with the file and the fault, and may end with a long list of what is possible.
    """
    if len(text) <= longest:
        return text
    kept = longest - len(_CUT)
    start = 2 * kept // 3
    return text[:start] + _CUT + text[len(text) - (kept - start) :]
