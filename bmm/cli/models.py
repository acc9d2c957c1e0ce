"""``bmm models``: the theory models at hand."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["models"]

_OTHER_COLUMNS = 69
_SHORTEST_CITATION = 20


def models(
    cards: Annotated[
        list[Path] | None,
        typer.Option("--cards", "-c", help="Your own model card, or a folder of them; repeatable."),
    ] = None,
    measured: Annotated[str, typer.Option(help="Evaluation to compare with.")] = "AME2020",
) -> None:
    """List the theory models with their coverage and rms.

    Models calibrated on "training" learn; here they are fitted to the evaluation itself, and
    their rms is that of a fit; networks are not trained for this.  Whole citations: bmm data
    NAME, or the model's card.
    """
    from bmm.data import load_measured
    from bmm.theory.library import find_cards
    from bmm.theory.model_summary import summarise_models

    masses = load_measured(measured)
    light = (masses.index.get_level_values("Z") < 8) | (masses.index.get_level_values("N") < 8)
    masses = masses[~light]
    table = Table(
        title=f"Theory models on the {len(masses)} measured nuclei of {measured} with Z, N >= 8"
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
