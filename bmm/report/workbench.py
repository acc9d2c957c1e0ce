"""What the served explorer adds to the page: any quantity of any nuclei, with joint intervals.

The draws are made when they are asked for, run by run, and laid side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import xarray as xr
from bokeh.document import Document
from bokeh.models import ColumnDataSource, CustomJS, HoverTool
from bokeh.models.ui import UIElement
from bokeh.models.widgets import Button, Div, Select, TextInput
from bokeh.models.widgets.tables import DataTable, NumberFormatter, TableColumn
from bokeh.plotting import figure

from bmm.distributions import interval_ends
from bmm.errors import BmmError
from bmm.figures.palette import model_styles
from bmm.nuclides import nuclide_index, select_nuclei
from bmm.prediction.derived import QUANTITIES, derive
from bmm.report.panels import DASH
from bmm.report.scripts import cell_text, script
from bmm.workflows.run_forecast import RunTables

__all__ = ["Workbench", "joint_table", "model_table"]

_MOST = 400
_LONGEST = 1000
_COLUMNS = ("mean", "median", "sd", *interval_ends())
_NAMES = ("run", "quantity", "nucleus", "Z", "N", "A")
_AXES = {"N": "Neutron number N", "Z": "Proton number Z", "A": "Mass number A"}


def joint_table(runs: dict[str, RunTables], nuclei: str, quantity: str) -> pd.DataFrame:
    """One quantity of chosen nuclei by every run.

    Parameters
    ----------
    runs : dict of str to RunTables
        By name.
    nuclei : str
        Nuclei or chains as `bmm.nuclides.select_nuclei` reads them, between blanks.
    quantity : str
        See `bmm.workflows.run_forecast.RunTables.quantity`.

    Returns
    -------
    DataFrame
        run and quantity, then the columns of `RunTables.quantity`, MeV.

    Raises
    ------
    BmmError
        If nothing is selected, or more than 400 nuclei, or the selection is not understood or
        longer than 1000 characters.
    """
    if len(nuclei) > _LONGEST:
        raise BmmError(f"{len(nuclei)} characters of nuclei; expected at most {_LONGEST}")
    tables = []
    for name, run in runs.items():
        available = run.index
        chosen = available[:0]
        for each in nuclei.split() or [""]:
            chosen = chosen.union(select_nuclei(each, available))
        if len(chosen) > _MOST:
            raise BmmError(f"{len(chosen)} nuclei are selected; expected at most {_MOST}")
        table = run.quantity(chosen, quantity)
        table.insert(0, "run", name)
        table.insert(1, "quantity", quantity)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def model_table(chart: xr.Dataset, nuclei: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """One quantity of chosen nuclei by the single models as they are.

    Parameters
    ----------
    chart : Dataset
        What the models say; see `bmm.theory.adapters.prediction`.
    nuclei : DataFrame
        With columns Z and N.
    quantity : str
        "mass_excess", or a key of `bmm.prediction.derived.QUANTITIES`.

    Returns
    -------
    DataFrame
        A column for each model, MeV; NaN where it does not cover a nucleus that is needed.
    """
    masses = chart["mass_excess"].transpose("theory", "nucleus")
    values = masses if quantity == "mass_excess" else derive(masses, quantity)
    rows = nuclide_index(chart["Z"].to_numpy(), chart["N"].to_numpy()).get_indexer(
        nuclide_index(nuclei["Z"], nuclei["N"])
    )
    names = [str(name) for name in chart["theory"].to_numpy()]
    return pd.DataFrame(values.to_numpy()[:, rows].T, columns=names)


class Workbench:
    """Widgets that ask for joint draws and show them.

    Parameters
    ----------
    document : Document
        Of the session.
    runs : dict of str to RunTables
        By name.
    drawing : asyncio.Lock
        Held while draws are made: one question at a time, of however many pages.
    """

    def __init__(
        self, document: Document, runs: dict[str, RunTables], drawing: asyncio.Lock
    ) -> None:
        self._document, self._runs, self._drawing = document, runs, drawing
        self._asked = 0
        self.nuclei = TextInput(title="Nuclei, such as Sn-132 Z=50 N=82 A=130", value="Z=50",
                                sizing_mode="stretch_width")  # fmt: skip
        options: list[Any] = [
            ("mass_excess", "mass excess"),
            *((name, f"{name}: {each.meaning}") for name, each in QUANTITIES.items()),
        ]
        self.quantity = Select(title="Quantity", value="S_2n", options=options,
                               sizing_mode="stretch_width")  # fmt: skip
        self.save = Button(label="Save as CSV")
        self.status = Div(text="", sizing_mode="stretch_width")
        self.source = ColumnDataSource({name: [] for name in (*_NAMES, *_COLUMNS)})
        # Something to draw until there are draws, or the plot complains of having no range.
        nothing: dict[str, Any] = {"x": [0.0, 1.0], "nucleus": ["", ""]}
        nothing |= {each: [0.0, 1.0] for each in _COLUMNS}
        self._lines = {name: ColumnDataSource(dict(nothing)) for name in runs}
        models = {str(each): name for name, run in reversed(runs.items())
                  for each in run.chart["theory"].to_numpy()}  # fmt: skip
        self._models = {each: ColumnDataSource({"x": [0.0, 1.0], "y": [0.0, 1.0]})
                        for each in models}  # fmt: skip
        self._model_of = models
        self.plot = self._plot(list(runs))
        self.table = self._table()
        for each in (self.nuclei, self.quantity):
            each.on_change("value", lambda attr, old, new: self.ask())
        self.save.js_on_click(CustomJS(args={"source": self.source}, code=script("save.js")))
        self.ask()

    @property
    def parts(self) -> dict[str, UIElement]:
        """Widgets, to be laid out by the page."""
        return {
            "joint_nuclei": self.nuclei, "joint_quantity": self.quantity, "joint_save": self.save,
            "joint_status": self.status, "joint_plot": self.plot, "joint_table": self.table,
        }  # fmt: skip

    def ask(self) -> None:
        """Say that draws are being made, and make them when the browser has been told."""
        self.status.text = "<p role='status'>drawing</p>"
        self._asked += 1
        self._document.add_next_tick_callback(partial(self._answer, self._asked))

    async def _answer(self, number: int) -> None:
        async with self._drawing:
            if number < self._asked:  # asked again meanwhile
                return
            wanted = partial(joint_table, self._runs, self.nuclei.value, self.quantity.value)
            try:
                # In a thread, for the connection to the browser is to be served meanwhile.
                table = await asyncio.get_running_loop().run_in_executor(None, wanted)
            except BmmError as error:
                self.status.text = f"<p role='status'>{escape(str(error))}</p>"
                return
        self._show(table)

    def _show(self, table: pd.DataFrame) -> None:
        axis = next((name for name in _AXES if table[name].nunique() == table["nucleus"].nunique()),
                    "A")  # fmt: skip
        name = self.quantity.value
        self.plot.xaxis.axis_label = _AXES[axis]
        self.plot.yaxis.axis_label = f"{name.replace('_', ' ', 1) if '_' in name else name} (MeV)"
        for run, source in self._lines.items():
            part = table[table["run"] == run].sort_values(axis)
            source.data = {"x": part[axis].to_numpy(), "nucleus": part["nucleus"].tolist(),
                           **{each: part[each].to_numpy() for each in _COLUMNS}}  # fmt: skip
        for model, source in self._models.items():
            run = self._model_of[model]
            part = table[table["run"] == run].sort_values(axis)
            values = model_table(self._runs[run].chart, part, name)[model].to_numpy()
            source.data = {"x": part[axis].to_numpy(), "y": values}
        self.source.data = {str(name): table[name].to_numpy() for name in table}
        self.status.text = f"<p role='status'>{table['nucleus'].nunique()} nuclei</p>"

    def _plot(self, names: Sequence[str]) -> Any:
        plot = figure(height=380, sizing_mode="stretch_width", tools="pan,wheel_zoom,reset,save",
                      x_axis_label="N", y_axis_label="MeV",
                      )  # fmt: skip
        plot.toolbar.logo = None
        styles = model_styles(len(names) + len(self._models))
        for model, (colour, dash) in zip(self._models, styles[len(names) :], strict=True):
            plot.line("x", "y", source=self._models[model], color=colour, line_width=0.9,
                      line_dash=DASH.get(dash, dash), legend_label=model)  # fmt: skip
        text = 'return spread(cell("median"), cell("sd"));'
        for name, (colour, _) in zip(names, styles, strict=False):
            source = self._lines[name]
            for level, alpha in ((95, 0.15), (68, 0.3)):
                plot.varea("x", f"lower_{level}", f"upper_{level}", source=source,
                           fill_color=colour, fill_alpha=alpha)  # fmt: skip
            plot.line("x", "median", source=source, color=colour, legend_label=name)
            spots = plot.scatter("x", "median", source=source, size=4, color=colour)
            plot.add_tools(
                HoverTool(renderers=[spots], formatters={"@x": cell_text(source, text)},
                          tooltips=[("", "@nucleus"), (name, "@x{custom}")])
            )  # fmt: skip
        plot.legend.update(click_policy="hide", label_text_font_size="11px", ncols=2)
        plot.add_layout(plot.legend[0], "below")
        plot.hspan(0, line_color="grey", line_width=0.5)
        return plot

    def _table(self) -> DataTable:
        form = NumberFormatter(format="0.000", nan_format="\N{EN DASH}")
        columns = [TableColumn(field=each, title=each) for each in _NAMES]
        columns += [TableColumn(field=each, title=f"{each} (MeV)", formatter=form)
                    for each in _COLUMNS]  # fmt: skip
        return DataTable(source=self.source, columns=columns, height=260, index_position=None,
                         sizing_mode="stretch_width")  # fmt: skip
