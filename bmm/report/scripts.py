"""Scripts of the page, and what tooltips write with them."""

from __future__ import annotations

from importlib.resources import files

from bokeh.models import ColumnDataSource, CustomJSHover

__all__ = ["cell_text", "script"]


def script(*names: str) -> str:
    """Text of scripts of this room, one after the other."""
    return "\n".join(
        files("bmm.report").joinpath(name).read_text(encoding="utf-8") for name in names
    )


def cell_text(source: ColumnDataSource, code: str) -> CustomJSHover:
    """Formatter that writes ``code``, in which ``cell(name)`` is a column's value at the pointer.

    It is to be given to a column without gaps: bokeh itself writes NaN for the others.
    """
    begin = "const cell = (name) => source.data[name][special_vars.index];\n"
    return CustomJSHover(args={"source": source}, code=script("format.js") + begin + code)
