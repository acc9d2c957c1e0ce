"""The interactive chart of nuclides: choose a quantity, hover, click or search a nucleus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    HoverTool,
    LinearColorMapper,
    LogColorMapper,
    TapTool,
)
from bokeh.models.annotations import ColorBar
from bokeh.models.ranges import Range1d
from bokeh.models.ui import UIElement
from bokeh.models.widgets import Div, Select, TextInput
from bokeh.palettes import Cividis256, RdBu11
from bokeh.plotting import figure

from bmm.figures.palette import model_styles
from bmm.nuclides import MAGIC_NUMBERS
from bmm.prediction.existence import SEPARATIONS
from bmm.report.contents import DOUBT, Contents
from bmm.report.panels import chain_panel, density_panel, panel_facts
from bmm.report.scripts import cell_text, script

__all__ = ["Explorer", "explorer", "quantities"]

_START = "Sn-132"
_BEST = "best"
_DIVERGING = "residual"
_LEAST = 1e-3  # MeV, or a probability; where the colours of a logarithmic scale begin at the latest
_MARGIN = 4
_CLEAR = "rgba(0, 0, 0, 0)"
_MISSING = (217, 217, 217, 255)
_SPOKEN = {
    "S_1n": "one-neutron separation energy",
    "S_2n": "two-neutron separation energy",
    "S_1p": "one-proton separation energy",
    "S_2p": "two-proton separation energy",
}


@dataclass(frozen=True)
class Explorer:
    """An interactive chart.

    Parameters
    ----------
    parts : dict of str to UIElement
        choose, search, key, chart, details, density and chain, to be laid out by the page.
    show : CustomJS
        Shows the nucleus that the address names; to be run when the page is there and whenever
        the address changes.
    """

    parts: dict[str, UIElement]
    show: CustomJS


def quantities(contents: Contents) -> dict[str, dict[str, str]]:
    """Columns that the chart can show, with what they are, in groups."""
    mixture = {
        "mean": "Mass excess (MeV)",
        "sd": "Uncertainty of the mass excess, one sd (MeV)",
        "residual": "Predicted minus measured mass (MeV)",
    }
    if contents.doubts is not None:
        mixture[DOUBT] = "Probability that the measured mass is off"
    weights = {f"weight_{name}": f"Weight of {name}" for name in contents.models}
    if len(weights) > 1:
        weights = {_BEST: "Model with the largest weight"} | weights
    joint = {"existence": "Probability of existence"}
    for name in SEPARATIONS:
        joint[f"{name}_median"] = f"{name}: {_SPOKEN[name]} (MeV)"
        joint[f"{name}_sd"] = f"{name}: its uncertainty, one sd (MeV)"
    return {"Mass": mixture, "Weights": weights, "Energies": joint}


def explorer(contents: Contents) -> Explorer:
    """Build the interactive chart.

    Parameters
    ----------
    contents : Contents
        The run.
    """
    source = ColumnDataSource(_columns(contents))
    picked = ColumnDataSource({"N": [], "Z": [], "label": []})
    search = TextInput(
        title="Nucleus, such as Sn-132 or 132Sn", value="", sizing_mode="stretch_width"
    )
    details = Div(text="", sizing_mode="stretch_width")
    density, density_source = density_panel(contents)
    chain, chain_source, here = chain_panel(contents)
    present = set(contents.chart["label"])
    info = panel_facts(contents) | {
        "start": _START if _START in present else str(contents.chart["label"].iloc[0]),
    }
    show = CustomJS(
        args={
            "source": source, "picked": picked, "details": details, "search": search, "info": info,
            "density": density_source, "chain": chain_source, "chain_here": here,
            "density_title": density.title, "chain_title": chain.title,
        },
        code=script("format.js", "nucleus.js"),
    )  # fmt: skip
    search.js_on_change("value", show)
    source.selected.js_on_change("indices", show)
    choose, key, chart = _quantity_parts(contents, source, picked)
    parts: dict[str, UIElement] = {
        "choose": choose, "search": search, "key": key, "chart": chart, "details": details,
        "density": density, "chain": chain,
    }  # fmt: skip
    return Explorer(parts, show)


def _quantity_parts(
    contents: Contents, source: ColumnDataSource, picked: ColumnDataSource
) -> tuple[Select, Div, Any]:
    """Build the choice of a quantity, the key of the models' colours, and the chart."""
    grouped = quantities(contents)
    names = {key: name for group in grouped.values() for key, name in group.items()}
    first = _BEST if _BEST in names else "sd"
    options: dict[str, list[Any]] = {key: [*group.items()] for key, group in grouped.items()}
    choose = Select(title="Quantity", value=first, options=options, sizing_mode="stretch_width")
    values: Any = source.data[first]
    source.data["value"] = values
    Z, N = contents.chart["Z"].to_numpy(), contents.chart["N"].to_numpy()
    painted = ColumnDataSource({"image": [_grid(Z, N, values)]})
    mappers = _mappers(contents)
    chart, images = _chart_figure(contents, painted, mappers, picked)
    _add_pointers(contents, chart, source, choose)
    bars = {kind: _bar(mappers[kind], names["sd"]) for kind in ("linear", "log")}
    for bar in bars.values():
        chart.add_layout(bar, "above")
    key = Div(text=_key(contents.models), sizing_mode="stretch_width")
    args = {
        "source": source, "painted": painted, "mappers": mappers, "images": images, "bars": bars,
        "key": key, "names": names, "kinds": {name: _kind(name) for name in names},
        "limits": {name: _limits(contents, name) for name in names if name != _BEST},
        "diverging": _DIVERGING, "palettes": {"plain": Cividis256, "diverging": RdBu11},
    }  # fmt: skip
    show_quantity = CustomJS(args=args | {"choose": choose}, code=script("quantity.js"))
    choose.js_on_change("value", show_quantity)
    for kind in images:
        visible = kind == _kind(first)
        images[kind].visible = visible
        if kind in bars:
            bars[kind].visible = visible
    key.visible = first == _BEST
    if first != _BEST:
        mappers["log"].low, mappers["log"].high = _limits(contents, first)
    return choose, key, chart


def _columns(contents: Contents) -> dict[str, Any]:
    """Columns of the chart's source, single precision but for labels and numbers."""
    chart = contents.chart
    columns: dict[str, Any] = {
        str(name): chart[name].to_numpy(dtype=np.float32)
        for name in chart
        if name not in ("label", "Z", "N", "A") and not str(name).startswith(_UNUSED)
    }
    columns["label"] = chart["label"].tolist()
    if len(contents.models) > 1:
        weights = chart[[f"weight_{name}" for name in contents.models]].to_numpy()
        best = np.where(np.isnan(weights), -1.0, weights).argmax(axis=1)
        known = np.isfinite(weights).any(axis=1)
        columns[_BEST] = np.where(known, best, np.nan).astype(np.float32)
    columns["Z"], columns["N"] = (chart[name].to_numpy(dtype=np.int32) for name in ("Z", "N"))
    for k, name in enumerate(contents.theory):
        columns[f"model_{k}"] = contents.theory[name].to_numpy(dtype=np.float32)
    return columns


# Means, and ends of intervals, that no panel shows.
_UNUSED = (
    "border",
    *(f"{name}_mean" for name in SEPARATIONS),
    *(f"{name}_{side}_" for name in ("S_1n", "S_1p", "S_2p") for side in ("lower", "upper")),
)


def _limits(contents: Contents, name: str) -> tuple[float, float]:
    """Find the ends of the colours; values without bounds lose their outermost percent."""
    if name == "existence" or name.startswith("weight_"):
        return 0.0, 1.0
    values = contents.chart[name].to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    if name == _DIVERGING:
        end = float(np.quantile(np.abs(values), 0.99))
        return -end, end
    low, high = np.quantile(values, [0.01, 0.99])
    if _kind(name) == "log":
        low = max(low, min(_LEAST, 0.5 * high))
    return float(low), float(max(high, np.nextafter(low, np.inf)))


def _kind(name: str) -> str:
    """How a quantity is coloured: by the model, or by a linear or logarithmic scale."""
    if name == _BEST:
        return "models"
    return "log" if name in ("sd", DOUBT) or name.endswith("_sd") else "linear"


def _colours(models: Sequence[str]) -> list[str]:
    return [colour for colour, _ in model_styles(len(models))]


def _mappers(contents: Contents) -> dict[str, Any]:
    last = len(contents.models) - 0.5
    return {
        "linear": LinearColorMapper(palette=Cividis256, low=0, high=1, nan_color=_CLEAR),
        "log": LogColorMapper(palette=Cividis256, low=_LEAST, high=1, nan_color=_CLEAR),
        "models": LinearColorMapper(
            palette=_colours(contents.models), low=-0.5, high=last, nan_color=_CLEAR
        ),
    }  # fmt: skip


def _bar(mapper: Any, title: str) -> ColorBar:
    return ColorBar(
        color_mapper=mapper, title=title, height=10, padding=6, title_text_font_size="13px",
        title_text_font_style="normal", title_standoff=6,
    )  # fmt: skip


def _key(models: Sequence[str]) -> str:
    """Colours of the models, as HTML."""
    spots = (
        f'<span style="white-space:nowrap;margin-right:1.2em"><span style="display:inline-block;'
        f'width:.8em;height:.8em;background:{colour}"></span> {escape(name)}</span>'
        for name, colour in zip(models, _colours(models), strict=True)
    )
    return f'<p style="margin:0">Largest weight: {" ".join(spots)}</p>'


def _grid(
    Z: npt.NDArray[np.int64], N: npt.NDArray[np.int64], values: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Lay values out on the rectangle that holds all nuclei; NaN elsewhere."""
    grid = np.full((np.ptp(Z) + 1, np.ptp(N) + 1), np.nan, dtype=np.float32)
    grid[Z - Z.min(), N - N.min()] = values
    return grid


def _chart_figure(
    contents: Contents,
    painted: ColumnDataSource,
    mappers: dict[str, Any],
    picked: ColumnDataSource,
) -> tuple[Any, dict[str, Any]]:
    """Draw the squares as one image for each kind of colours, which pans at once."""
    Z, N = contents.chart["Z"].to_numpy(), contents.chart["N"].to_numpy()
    chart: Any = figure(
        sizing_mode="stretch_both", toolbar_location="right",
        tools="pan,wheel_zoom,box_zoom,reset,save", active_scroll="wheel_zoom",
        x_axis_label="Neutron number N", y_axis_label="Proton number Z",
        x_range=Range1d(start=int(N.min()) - _MARGIN, end=int(N.max()) + _MARGIN),
        y_range=Range1d(start=int(Z.min()) - _MARGIN, end=int(Z.max()) + _MARGIN),
    )  # fmt: skip
    chart.toolbar.logo = None
    chart.grid.visible = False
    place = {
        "x": int(N.min()) - 0.5, "y": int(Z.min()) - 0.5,
        "dw": int(np.ptp(N)) + 1, "dh": int(np.ptp(Z)) + 1,
    }  # fmt: skip
    chart.image_rgba(image=[_backdrop(Z, N)], **place)
    images = {
        kind: chart.image("image", source=painted, color_mapper=mapper, **place)
        for kind, mapper in mappers.items()
    }
    for magic in MAGIC_NUMBERS:
        if magic <= Z.max():
            chart.hspan(magic, line_color="black", line_width=0.5, line_alpha=0.35)
        if magic <= N.max():
            chart.vspan(magic, line_color="black", line_width=0.5, line_alpha=0.35)
    edges = _edges(Z, N, np.isfinite(contents.chart["measured"].to_numpy()))
    chart.segment(*edges, line_color="white", line_width=2)
    chart.segment(*edges, line_color="black", line_width=0.8)
    chart.rect("N", "Z", 1, 1, source=picked, fill_color=None, line_color="#d55e00", line_width=3)
    return chart, images


def _add_pointers(contents: Contents, chart: Any, source: ColumnDataSource, choose: Select) -> None:
    """Let nuclei answer the pointer, by squares that are not seen."""
    squares = chart.rect(
        "N", "Z", 1, 1, source=source, fill_color=None, line_color=None,
        hover_fill_color=None, hover_line_color="#d55e00", hover_line_width=2,
    )  # fmt: skip
    units = {
        key: " MeV"
        for group in quantities(contents).values()
        for key, name in group.items()
        if name.endswith("(MeV)")
    }
    chosen = CustomJSHover(
        args={
            "source": source,
            "choose": choose,
            "units": units,
            "models": contents.models,
            "best": _BEST,
        },
        code=script("hover.js"),
    )
    chart.add_tools(
        HoverTool(
            renderers=[squares],
            tooltips=[
                ("", "@label"),
                ("chosen quantity", "@N{custom}"),
                ("mass excess", "@mean{custom}"),
                ("measured", "@Z{custom}"),
                ("evaluators' estimate", "@sd{custom}"),
            ],
            formatters={
                "@N": chosen,
                "@mean": cell_text(source, 'return spread(cell("mean"), cell("sd"));'),
                "@Z": cell_text(source, 'return energy(cell("measured"));'),
                "@sd": cell_text(source, 'return energy(cell("extrapolated"));'),
            },
        ),
        TapTool(renderers=[squares]),
    )


def _backdrop(Z: npt.NDArray[np.int64], N: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Grey squares for nuclei without a value."""
    cells = np.zeros((np.ptp(Z) + 1, np.ptp(N) + 1, 4), dtype=np.uint8)
    cells[Z - Z.min(), N - N.min()] = _MISSING
    return cells.view(np.uint32)[..., 0]


def _edges(
    Z: npt.NDArray[np.int64], N: npt.NDArray[np.int64], marked: npt.NDArray[np.bool]
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Line between the marked nuclei and all others: x0, y0, x1, y1."""
    grid = np.zeros((np.ptp(Z) + 3, np.ptp(N) + 3), dtype=bool)
    grid[Z - Z.min() + 1, N - N.min() + 1] = marked
    z, n = np.nonzero(grid[1:] != grid[:-1])
    low = np.column_stack([n - 1.5, z - 0.5, n - 0.5, z - 0.5])
    z, n = np.nonzero(grid[:, 1:] != grid[:, :-1])
    upright = np.column_stack([n - 0.5, z - 1.5, n - 0.5, z - 0.5])
    ends = np.concatenate([low, upright]) + np.array([N.min(), Z.min(), N.min(), Z.min()])
    x0, y0, x1, y1 = ends.T.tolist()
    return x0, y0, x1, y1
