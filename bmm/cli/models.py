"""``bmm models``: the theory models at hand, and one of them at a glance."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from bmm.evaluation.model_page import ComponentPage, ModelPage

__all__ = ["models"]

_OTHER_COLUMNS = 69
_SHORTEST_CITATION = 20
_SUSPECTS = 12


def models(
    name: Annotated[
        str | None, typer.Argument(help="A model, or the path of its card, to see it at a glance.")
    ] = None,
    cards: Annotated[
        list[Path] | None,
        typer.Option("--cards", "-c", help="Your own model card, or a folder of them; repeatable."),
    ] = None,
    measured: Annotated[
        str, typer.Option(help="Evaluation to compare with, or the file of one.")
    ] = "AME2020",
    figure: Annotated[
        Path | None,
        typer.Option(help="With NAME: write its residual map here, as PNG and PDF."),
    ] = None,
) -> None:
    """List the theory models with their coverage and rms; or show one of them, NAME.

    Of one model: coverage, bias and rms by region of the chart and by what it was calibrated on,
    suspects, residual map, citation.

    Models calibrated on "training" learn; here they are fitted to the evaluation itself, and
    their rms is that of a fit; networks are not trained for this.  Whole citations: bmm data
    NAME, or the model's card.
    """
    if name is not None:
        _show(name, cards or [], measured, figure)
        return
    if figure is not None:
        raise typer.BadParameter("--figure needs the NAME of a model")
    from bmm.data import evaluation_name, load_measured
    from bmm.theory.library import find_cards
    from bmm.theory.model_summary import summarise_models

    masses = load_measured(measured)
    light = (masses.index.get_level_values("Z") < 8) | (masses.index.get_level_values("N") < 8)
    masses = masses[~light]
    table = Table(
        title=f"Theory models on the {len(masses)} measured nuclei of "
        f"{evaluation_name(measured)} with Z, N >= 8"
    )
    table.add_column("component", no_wrap=True)
    for heading in ("nuclei", "measured", "rms (MeV)"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("calibrated", no_wrap=True)
    console = Console()
    room = console.width - _OTHER_COLUMNS
    cited = room >= _SHORTEST_CITATION
    if cited:
        table.add_column("citation")
    for row in (
        summarise_models(find_cards(cards or []), masses).reset_index().to_dict(orient="records")
    ):
        size = "any" if row["adapter"] != "table" else str(row["table_size"])
        table.add_row(
            escape(row["component"]),
            size,
            str(row["covered"]),
            "untrained" if isnan(row["rms"]) and row["covered"] else f"{row['rms']:.3f}",
            row["calibrated_on"],
            *([escape(shorten(row["citation"], room, placeholder=" ..."))] if cited else []),
        )
    console.print(table)


def _show(name: str, cards: list[Path], measured: str, figure: Path | None) -> None:
    from bmm.evaluation.model_page import model_page
    from bmm.theory.library import find_card
    from bmm.workflows.citations import references_of_card

    page = model_page(find_card(name, cards), measured)
    console = Console(highlight=False)
    for line in _lines(page):
        console.print(escape(line), soft_wrap=True)
    for component in page.components:
        console.print(_regions(component, len(page.components) > 1))
    for each in references_of_card(page.card):
        console.print(escape(each.bibtex()), soft_wrap=True)
    if figure is not None:
        for path in _write_maps(page, figure):
            console.print(escape(str(path)), soft_wrap=True)


def _lines(page: ModelPage) -> list[str]:
    card = page.card
    confirmed = "" if card.calibrated_on_confirmed else " (no source states it)"
    lines = [
        f"{card.name}: {card.description}" if card.description else card.name,
        f"adapter {card.adapter}; calibrated on {card.calibrated_on}{confirmed}",
    ]
    if page.table is None:
        lines.append("covers any nucleus of its domain; learns from the masses below")
        if card.calibrated_on != "training":
            lines[-1] = "covers any nucleus of its domain"
    else:
        Z, N = (page.table.get_level_values(level) for level in "ZN")
        lines.append(
            f"table of {len(page.table)} nuclei, Z {Z.min()}-{Z.max()}, N {N.min()}-{N.max()}; "
            f"measured with Z, N >= 8: {len(page.components[0].errors)}"
        )
    if len(page.suspects):
        shown = [
            f"Z={row.Z} N={row.N} ({row.deviation:+.2f} MeV)"
            for row in page.suspects.head(_SUSPECTS).itertuples()
        ]
        rest = len(page.suspects) - len(shown)
        more = f" and {rest} more" if rest else ""
        lines.append(f"masses that do not fit their neighbours: {', '.join(shown)}{more}")
    return lines


def _regions(component: ComponentPage, named: bool) -> Table:
    title = "Predicted minus measured (keV)"
    table = Table(title=f"{escape(component.name)}: {title}" if named else title)
    table.add_column("region", no_wrap=True)
    for heading in ("nuclei", "bias", "rms"):
        table.add_column(heading, justify="right", no_wrap=True)
    _add_rows(table, component.calibration)
    if len(component.calibration):
        table.add_section()
    _add_rows(table, component.regions)
    return table


def _add_rows(table: Table, scores: pd.DataFrame) -> None:
    for region, row in scores.iterrows():
        spread = "" if isnan(row["bias_se_MeV"]) else f" ± {1000 * row['bias_se_MeV']:.0f}"
        bias, rms = f"{1000 * row['bias_MeV']:+.0f}{spread}", f"{1000 * row['rms_MeV']:.0f}"
        table.add_row(str(region), f"{row['n']:.0f}", bias, rms)


def _write_maps(page: ModelPage, figure: Path) -> list[Path]:
    """Write the residual map of every component."""
    from functools import partial

    from bmm.figures.axes import CHART
    from bmm.figures.files import file_stems, write_plot
    from bmm.figures.maps import plot_model_residuals

    stem = figure.with_suffix("") if figure.suffix in (".png", ".pdf") else figure
    names = [each.name for each in page.components]
    ends = [f"-{name}" for name in file_stems(names)] if len(names) > 1 else [""]
    return [
        path
        for component, end in zip(page.components, ends, strict=True)
        for path in write_plot(
            stem.with_name(stem.name + end),
            partial(plot_model_residuals, component.errors, component.name),
            CHART,
        )
    ]
