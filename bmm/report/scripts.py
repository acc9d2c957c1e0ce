"""Scripts of the page, and what tooltips write with them."""

from __future__ import annotations

from importlib.resources import files

from bokeh.models import ColumnDataSource, CustomJSHover

__all__ = ["energy_text", "script", "spread_text"]


def script(*names: str) -> str:
    """Text of scripts of this room, one after the other."""
    return "\n".join(
        files("bmm.report").joinpath(name).read_text(encoding="utf-8") for name in names
    )


def energy_text() -> CustomJSHover:
    """Formatter of an energy in MeV; a dash where there is none."""
    return CustomJSHover(code=script("format.js") + "return energy(value);")


def spread_text(source: ColumnDataSource, sd: str = "sd") -> CustomJSHover:
    """Formatter of an energy in MeV, with the uncertainty that stands in another column."""
    code = script("format.js") + "return spread(value, source.data[sd][special_vars.index]);"
    return CustomJSHover(args={"source": source, "sd": sd}, code=code)
