"""The interactive chart of nuclides: choose a quantity, hover, click or search a nucleus."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    HoverTool,
    LinearColorMapper,
    TapTool,
)
from bokeh.models.annotations import ColorBar
from bokeh.models.ranges import Range1d
from bokeh.models.ui import UIElement
from bokeh.models.widgets import Div, Select, TextInput
from bokeh.palettes import Cividis256, RdBu11
from bokeh.plotting import figure

from bmm.nuclides import MAGIC_NUMBERS
from bmm.prediction.existence import SEPARATIONS
from bmm.report.contents import Contents
from bmm.report.panels import chain_panel, density_panel, panel_facts

__all__ = ["Explorer", "explorer", "quantities"]

_START = "Sn-132"
_FIRST = "sd"
_DIVERGING = "residual"
_MARGIN = 4
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
        choose, search, chart, details, density and chain, to be laid out by the page.
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
    weights = {f"weight_{name}": f"Weight of {name}" for name in contents.models}
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
    grouped = quantities(contents)
    names = {key: name for group in grouped.values() for key, name in group.items()}
    limits = {key: _limits(contents, key) for key in names}
    columns = _columns(contents)
    source = ColumnDataSource(columns | {"value": columns[_FIRST]})
    mapper = LinearColorMapper(
        palette=Cividis256, low=limits[_FIRST][0], high=limits[_FIRST][1],
        nan_color="rgba(0, 0, 0, 0)",
    )  # fmt: skip
    Z, N = contents.chart["Z"].to_numpy(), contents.chart["N"].to_numpy()
    painted = ColumnDataSource({"image": [_grid(Z, N, columns[_FIRST])]})
    picked = ColumnDataSource({"N": [], "Z": [], "label": []})
    chart = _chart_figure(contents, source, painted, mapper, picked)
    bar = ColorBar(
        color_mapper=mapper, title=names[_FIRST], height=10, padding=6, title_text_font_size="13px",
        title_text_font_style="normal", title_standoff=6,
    )  # fmt: skip
    chart.add_layout(bar, "above")
    options: dict[str, list[Any]] = {key: [*group.items()] for key, group in grouped.items()}
    choose = Select(
        title="Quantity", value=_FIRST, options=options, sizing_mode="stretch_width"
    )  # fmt: skip
    choose.js_on_change(
        "value",
        CustomJS(
            args={
                "source": source, "painted": painted, "mapper": mapper, "bar": bar,
                "limits": limits, "names": names, "diverging": _DIVERGING,
                "palettes": {"plain": Cividis256, "diverging": RdBu11},
            },
            code=_script("quantity.js"),
        ),
    )  # fmt: skip
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
        code=_script("nucleus.js"),
    )  # fmt: skip
    search.js_on_change("value", show)
    source.selected.js_on_change("indices", show)
    parts: dict[str, UIElement] = {
        "choose": choose, "search": search, "chart": chart, "details": details,
        "density": density, "chain": chain,
    }  # fmt: skip
    return Explorer(parts, show)


def _script(name: str) -> str:
    return files("bmm.report").joinpath(name).read_text(encoding="utf-8")


def _columns(contents: Contents) -> dict[str, Any]:
    """Columns of the chart's source, single precision but for labels and numbers."""
    chart = contents.chart
    columns: dict[str, Any] = {
        str(name): chart[name].to_numpy(dtype=np.float32)
        for name in chart
        if name not in ("label", "Z", "N", "A") and not str(name).startswith(_UNUSED)
    }
    columns["label"] = chart["label"].tolist()
    columns["Z"], columns["N"] = (chart[name].to_numpy(dtype=np.int32) for name in ("Z", "N"))
    for k, name in enumerate(contents.theory):
        columns[f"model_{k}"] = contents.theory[name].to_numpy(dtype=np.float32)
    return columns


# Means, and ends of intervals, that no panel shows.
_UNUSED = (
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
    return float(low), float(high)


def _grid(
    Z: npt.NDArray[np.int64], N: npt.NDArray[np.int64], values: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Lay values out on the rectangle that holds all nuclei; NaN elsewhere."""
    grid = np.full((np.ptp(Z) + 1, np.ptp(N) + 1), np.nan, dtype=np.float32)
    grid[Z - Z.min(), N - N.min()] = values
    return grid


def _chart_figure(
    contents: Contents,
    source: ColumnDataSource,
    painted: ColumnDataSource,
    mapper: LinearColorMapper,
    picked: ColumnDataSource,
) -> Any:
    """Draw the squares as one image, which pans at once; invisible ones answer the pointer."""
    Z, N = contents.chart["Z"].to_numpy(), contents.chart["N"].to_numpy()
    chart: Any = figure(
        sizing_mode="stretch_width", aspect_ratio=1.8, min_height=300, toolbar_location="right",
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
    chart.image("image", source=painted, color_mapper=mapper, **place)
    squares = chart.rect(
        "N", "Z", 1, 1, source=source, fill_color=None, line_color=None,
        hover_fill_color=None, hover_line_color="#d55e00", hover_line_width=2,
    )  # fmt: skip
    for magic in MAGIC_NUMBERS:
        if magic <= Z.max():
            chart.hspan(magic, line_color="black", line_width=0.5, line_alpha=0.35)
        if magic <= N.max():
            chart.vspan(magic, line_color="black", line_width=0.5, line_alpha=0.35)
    edges = _edges(Z, N, np.isfinite(contents.chart["measured"].to_numpy()))
    chart.segment(*edges, line_color="white", line_width=2)
    chart.segment(*edges, line_color="black", line_width=0.8)
    chart.rect("N", "Z", 1, 1, source=picked, fill_color=None, line_color="#d55e00", line_width=3)
    known = CustomJSHover(
        code='return Number.isFinite(value) ? value.toFixed(3) + " MeV" : "not measured"'
    )
    plain = CustomJSHover(code='return Number.isFinite(value) ? value.toPrecision(4) : "none"')
    chart.add_tools(
        HoverTool(
            renderers=[squares],
            tooltips=[
                ("", "@label"),
                ("chosen quantity", "@value{custom}"),
                ("mass excess", "@mean{0.000} ± @sd{0.000} MeV"),
                ("measured", "@measured{custom}"),
            ],
            formatters={"@measured": known, "@value": plain},
        ),
        TapTool(renderers=[squares]),
    )
    return chart


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
