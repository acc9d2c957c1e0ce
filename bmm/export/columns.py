"""Numbers and texts in columns of fixed width, as Fortran reads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bmm.errors import DataError
from bmm.export.mass_table import ExportSettings
from bmm.nuclides import label
from bmm.writing import write_whole

__all__ = ["DESCRIPTOR_WIDTH", "check_symbol", "fixed", "refuse_template", "write_lines"]

DESCRIPTOR_WIDTH = 5
"""Characters of a nuclide's name in the files of reaction networks."""


def fixed(value: float, width: int, decimals: int) -> str:
    """Write a number as Fortran's ``Fw.d``.

    Raises
    ------
    DataError
        If it needs more characters.

    Examples
    --------
    >>> from bmm.export.columns import fixed
    >>> fixed(-76.5465, 10, 3)
    '   -76.546'
    """
    text = f"{value:{width}.{decimals}f}"
    if len(text) > width:
        raise DataError(f"{value:g} does not fit into a column of {width} characters (MeV or u)")
    return text


def check_symbol(layout: str, text: str, width: int, Z: int, N: int) -> str:
    """Give a nuclide's or an element's name back if a layout can hold it.

    Raises
    ------
    DataError
        If it is longer than the layout's column.
    """
    if len(text) > width:
        raise DataError(
            f"{layout} holds names of at most {width} characters, but {label(Z, N)} "
            f"(Z = {Z}, N = {N}) is {text!r}; leave it out with --Z 0-118"
        )
    return text


def refuse_template(layout: str, settings: ExportSettings) -> None:
    """Raise an error if a layout that takes no template was given one.

    Raises
    ------
    DataError
        If there is a template.
    """
    if settings.template is not None or settings.append:
        raise DataError(
            f"{layout} takes no template; expected one for talys, winvn or netwinv only"
        )


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines, whole."""
    text = "\n".join(lines) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
