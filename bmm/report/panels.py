"""What the explorer shows of one nucleus: its predictive density and its isotopes."""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.plotting import figure

from bmm.conversions import NEUTRON_MASS_EXCESS
from bmm.figures.palette import model_styles
from bmm.report.contents import Contents
from bmm.report.density import density_curves
from bmm.report.scripts import cell_text

__all__ = ["DASH", "chain_panel", "density_panel", "panel_facts"]

_BANDS = {"99.7": "#e3ecf4", "95": "#c0d5e8", "68": "#8fb6d9"}

DASH = {"dashdot": "dotdash"}
"""What bokeh calls differently."""

_TOOLTIPS = [
    ("", "@label"),
    ("S_2n", "@N{custom}"),
    ("exists", "@label{custom}"),
]


def panel_facts(contents: Contents) -> dict[str, Any]:
    """Plain values and arrays that the scripts of the panels draw."""
    curves = density_curves(
        contents.distribution, contents.components, contents.chart["measured"].to_numpy()
    )
    return {
        "models": contents.models,
        "all_models": list(contents.theory),
        "curves": curves.plain(),
        "neutron": NEUTRON_MASS_EXCESS,
        "left_out": contents.config.theory.corrected,
    }


def density_panel(contents: Contents) -> tuple[Any, ColumnDataSource]:
    """Plot of the predictive density with its components, and the source to be filled."""
    # Something to draw until a nucleus is chosen, or the plot complains of having no range.
    columns: dict[str, Any] = {
        "x": [0.0, 1.0],
        "total": [0.0, 1.0],
        "known": [0.0, 0.0],
        "height": [0.0, 1.0],
    }
    names = list(dict.fromkeys(contents.components))
    parts = {f"part_{k}": [0.0, 0.0] for k in range(len(names))}
    source = ColumnDataSource(columns | parts)
    plot = _small_plot("Predictive density", "Mass excess (MeV)", "Density (1/MeV)")
    plot.varea("x", y1=0, y2="total", source=source, fill_color="#e8e8e8")
    for k, (name, (colour, dash)) in enumerate(zip(names, model_styles(len(names)), strict=True)):
        plot.line("x", f"part_{k}", source=source, color=colour, line_width=1.5,
                  line_dash=DASH.get(dash, dash), legend_label=name)  # fmt: skip
    plot.line("x", "total", source=source, color="black", line_width=2, legend_label="mixture")
    plot.line("known", "height", source=source, color="black", line_dash="dashed",
              legend_label="measured")  # fmt: skip
    plot.y_range.start = 0
    _legend_below(plot)
    return plot, source


def chain_panel(contents: Contents) -> tuple[Any, ColumnDataSource, ColumnDataSource]:
    """Plot of S_2n along the isotopes, and the sources of the chain and of the nucleus."""
    bands = {f"{side}_{percent}": [0.0, 1.0] for percent in _BANDS for side in ("lower", "upper")}
    names = list(contents.theory)
    single = {f"model_{k}": [0.0, 1.0] for k in range(len(names))}
    lines: dict[str, Any] = {
        name: [0.0, 1.0] for name in ("N", "median", "sd", "existence", "known")
    }
    source = ColumnDataSource(lines | bands | single | {"label": ["", ""]})
    here = ColumnDataSource({"N": [], "S_2n": []})
    plot = _small_plot("Isotopes", "Neutron number N", "S_2n (MeV)")
    shown = [
        plot.varea("N", f"lower_{percent}", f"upper_{percent}", source=source, fill_color=colour,
                   legend_label=f"{percent} %")
        for percent, colour in _BANDS.items()
    ]  # fmt: skip
    for k, (name, (colour, dash)) in enumerate(
        zip(names, model_styles(len(names)), strict=True)
    ):  # fmt: skip
        plot.line("N", f"model_{k}", source=source, color=colour, line_width=0.8,
                  line_dash=DASH.get(dash, dash), legend_label=name)  # fmt: skip
    median = plot.line("N", "median", source=source, color="black", legend_label="median")
    dots = plot.scatter("N", "known", source=source, size=4, color="black", legend_label="measured")
    plot.scatter("N", "S_2n", source=here, size=11, fill_color=None, line_color="#d55e00",
                 line_width=3)  # fmt: skip
    spots = plot.scatter("N", "median", source=source, size=8, alpha=0)
    formatters: dict[str, Any] = {
        "@N": cell_text(source, 'return spread(cell("median"), cell("sd"));'),
        "@label": cell_text(source, 'return number(cell("existence"), 3);'),
    }
    plot.add_tools(HoverTool(renderers=[spots], tooltips=_TOOLTIPS, formatters=formatters))
    plot.hspan(0, line_color="grey", line_width=0.5)
    plot.y_range = DataRange1d(renderers=[*shown[1:], median, dots])
    _legend_below(plot)
    return plot, source, here


def _legend_below(plot: Any) -> None:
    (legend,) = plot.legend
    legend.update(
        label_text_font_size="11px", spacing=0, padding=2, margin=0, border_line_color=None,
        ncols=2, click_policy="hide",
    )  # fmt: skip
    plot.add_layout(legend, "below")


def _small_plot(title: str, x: str, y: str) -> Any:
    plot = figure(
        sizing_mode="stretch_both", tools="pan,wheel_zoom,box_zoom,reset,save",
        title=title, x_axis_label=x, y_axis_label=y,
    )  # fmt: skip
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    return plot
