"""The interactive chart of nuclides: choose a quantity, hover, click or search a nucleus."""

from __future__ import annotations

from importlib.resources import files
from math import inf, lgamma, log, pi
from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    HoverTool,
    LayoutDOM,
    LinearColorMapper,
    TapTool,
)
from bokeh.models.annotations import ColorBar
from bokeh.models.widgets import Div, Select, TextInput
from bokeh.palettes import BrBG11, Cividis256, Colorblind8
from bokeh.plotting import figure

from bmm.nuclides import MAGIC_NUMBERS
from bmm.report.contents import Contents

__all__ = ["explorer", "quantities"]

_START = "Sn-132"
_DIVERGING = "residual"
_MISSING = "#d9d9d9"


def quantities(contents: Contents) -> dict[str, str]:
    """Columns that the chart can show, with what they are."""
    return {
        "mean": "Mass excess (MeV)",
        "sd": "Uncertainty of the mass excess, one sd (MeV)",
        "residual": "Measured minus predicted (MeV)",
        "S_1n": "One-neutron separation energy (MeV)",
        "S_2n": "Two-neutron separation energy (MeV)",
        "S_1p": "One-proton separation energy (MeV)",
        "S_2p": "Two-proton separation energy (MeV)",
        **{f"weight_{name}": f"Weight of {name}" for name in contents.models},
    }


def explorer(contents: Contents) -> tuple[LayoutDOM, CustomJS]:
    """Build the interactive chart.

    Parameters
    ----------
    contents : Contents
        The run.

    Returns
    -------
    layout : bokeh LayoutDOM
        The chart with its controls.
    ready : CustomJS
        To be run when the page is there: shows the nucleus that the address names.
    """
    source = ColumnDataSource(_columns(contents))
    shown = quantities(contents)
    first, limits = "sd", {name: _limits(contents, name) for name in shown}
    source.data["value"] = source.data[first]
    mapper = LinearColorMapper(
        palette=Cividis256, low=limits[first][0], high=limits[first][1], nan_color=_MISSING
    )
    chart = _chart_figure(source, mapper, picked := ColumnDataSource({"N": [], "Z": []}))
    bar = ColorBar(color_mapper=mapper, title=shown[first], height=12)
    chart.add_layout(bar, "above")
    options: list[str | tuple[Any, str]] = [*shown.items()]
    choose = Select(title="Quantity", value=first, options=options, sizing_mode="stretch_width")
    choose.js_on_change(
        "value",
        CustomJS(
            args={
                "source": source, "mapper": mapper, "bar": bar, "limits": limits, "names": shown,
                "palettes": {"plain": Cividis256, "diverging": BrBG11}, "diverging": _DIVERGING,
            },
            code="""
                source.data = {...source.data, value: source.data[this.value]};
                const kind = this.value === diverging ? "diverging" : "plain";
                mapper.palette = palettes[kind];
                [mapper.low, mapper.high] = limits[this.value];
                bar.title = names[this.value];
            """,
        ),
    )  # fmt: skip
    search = TextInput(
        title="Nucleus (such as Sn-132 or 132Sn)", value="", sizing_mode="stretch_width"
    )
    show, side = _single_nucleus(contents, source, picked, search)
    search.js_on_change("value", show)
    source.selected.js_on_change("indices", show)
    layout = column(
        row(choose, search, sizing_mode="stretch_width"),
        chart,
        row(*side, sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
    )
    return layout, show


def _columns(contents: Contents) -> dict[str, Any]:
    """Columns of the chart's source, single precision but for labels and numbers."""
    chart = contents.chart
    columns: dict[str, Any] = {
        str(name): chart[name].to_numpy(dtype=np.float32)
        for name in chart
        if name not in ("label", "Z", "N", "A")
    }
    columns["label"] = chart["label"].tolist()
    columns["Z"], columns["N"] = (chart[name].to_numpy(dtype=np.int32) for name in ("Z", "N"))
    for k in range(len(contents.components)):
        columns[f"centre_{k}"] = contents.centre[:, k].astype(np.float32)
        columns[f"share_{k}"] = contents.share[:, k].astype(np.float32)
        columns[f"scale_{k}"] = contents.scale[:, k].astype(np.float32)
    return columns


def _limits(contents: Contents, name: str) -> tuple[float, float]:
    """Find the ends of the colour scale: 0 and 1 of weights, else without the outermost percent."""
    if name.startswith("weight_"):
        return 0.0, 1.0
    values = contents.chart[name].to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    if name == _DIVERGING:
        end = float(np.quantile(np.abs(values), 0.99))
        return -end, end
    low, high = np.quantile(values, [0.01, 0.99])
    return float(low), float(high)


def _chart_figure(
    source: ColumnDataSource, mapper: LinearColorMapper, picked: ColumnDataSource
) -> Any:
    chart = figure(
        height=460, sizing_mode="stretch_width", match_aspect=False, toolbar_location="right",
        tools="pan,wheel_zoom,box_zoom,reset,save", active_scroll="wheel_zoom",
        x_axis_label="Neutron number N", y_axis_label="Proton number Z",
    )  # fmt: skip
    squares = chart.rect(
        "N", "Z", 1, 1, source=source, line_color=None,
        fill_color={"field": "value", "transform": mapper}, nonselection_fill_alpha=1.0,
    )  # fmt: skip
    chart.rect("N", "Z", 1, 1, source=picked, fill_color=None, line_color="black", line_width=2)
    last_Z, last_N = int(max(source.data["Z"])), int(max(source.data["N"]))
    for magic in MAGIC_NUMBERS:
        if magic <= last_Z:
            chart.hspan(magic, line_color="black", line_width=0.5, line_alpha=0.4)
        if magic <= last_N:
            chart.vspan(magic, line_color="black", line_width=0.5, line_alpha=0.4)
    chart.add_tools(
        HoverTool(
            renderers=[squares],
            tooltips=[
                ("nucleus", "@label"),
                ("shown", "@value{0.000}"),
                ("mass excess", "@mean{0.000} ± @sd{0.000} MeV"),
                ("measured", "@measured{0.000} MeV"),
            ],
        ),
        TapTool(renderers=[squares]),
    )
    return chart


def _single_nucleus(
    contents: Contents, source: ColumnDataSource, picked: ColumnDataSource, search: TextInput
) -> tuple[CustomJS, list[LayoutDOM]]:
    """Panels that show the nucleus which is chosen, and the script that fills them."""
    # Something to draw until a nucleus is chosen, or the plots complain of having no range.
    density = ColumnDataSource({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    parts = ColumnDataSource({"xs": [[0.0]], "ys": [[0.0]], "name": [""], "colour": ["black"]})
    known = ColumnDataSource({"x": [], "y": []})
    left = figure(
        height=280, sizing_mode="stretch_width", tools="save", title="Predictive density",
        x_axis_label="Mass excess (MeV)", y_axis_label="Density (1/MeV)",
    )  # fmt: skip
    left.multi_line("xs", "ys", source=parts, line_color="colour", legend_field="name")
    left.line("x", "y", source=density, line_color="black", line_width=2)
    left.line("x", "y", source=known, line_color="black", line_dash="dashed")
    chain = ColumnDataSource({"N": [0.0, 1.0], "S_2n": [0.0, 1.0], "label": ["", ""]})
    here = ColumnDataSource({"N": [], "S_2n": []})
    right = figure(
        height=280, sizing_mode="stretch_width", tools="save", title="Isotopes",
        x_axis_label="Neutron number N", y_axis_label="S_2n of the means (MeV)",
        tooltips=[("nucleus", "@label"), ("S_2n", "@S_2n{0.00} MeV")],
    )  # fmt: skip
    right.line("N", "S_2n", source=chain, line_color="#0072b2")
    right.scatter("N", "S_2n", source=chain, size=4, color="#0072b2")
    right.scatter("N", "S_2n", source=here, size=9, color="#d55e00")
    right.hspan(0, line_color="grey", line_width=0.5)
    details = Div(text="", sizing_mode="stretch_width", styles={"min-width": "14em"})
    colours = {
        name: Colorblind8[k % len(Colorblind8)] for k, name in enumerate(contents.components)
    }
    present = set(contents.chart["label"])
    info = {
        "models": contents.models,
        "components": contents.components,
        "colours": colours,
        "nu": contents.nu if contents.nu < inf else 0.0,
        "constant": _constant(contents.nu),
        "start": _START if _START in present else str(contents.chart["label"].iloc[0]),
    }
    code = files("bmm.report").joinpath("explorer.js").read_text(encoding="utf-8")
    args = {
        "source": source, "picked": picked, "density": density, "parts": parts, "known": known,
        "chain": chain, "chain_here": here, "details": details, "search": search, "info": info,
    }  # fmt: skip
    return CustomJS(args=args, code=code), [details, left, right]


def _constant(nu: float) -> float:
    """Height of the standard Student-t density, or for nu = inf of the normal one, at 0."""
    if nu == inf:
        return float(1 / np.sqrt(2 * pi))
    return float(np.exp(lgamma(0.5 * (nu + 1)) - lgamma(0.5 * nu) - 0.5 * log(nu * pi)))
