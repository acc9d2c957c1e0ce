"""``bmm data``: the shipped mass tables."""

from __future__ import annotations

from textwrap import shorten
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["data"]

_OTHER_COLUMNS = 79
_SHORTEST_CITATION = 20


def data(
    name: Annotated[
        str | None, typer.Argument(help="A table, to see its whole provenance record.")
    ] = None,
) -> None:
    """List the shipped mass tables, or show the record of one."""
    from bmm.data import MEASURED_TABLES, THEORY_TABLES, read_provenance

    console = Console()
    if name is not None:
        for key, value in (
            read_provenance(name).model_dump(mode="json", exclude={"references"}).items()
        ):
            console.print(f"[bold]{key}[/]: {escape(str(value))}", highlight=False, soft_wrap=True)
        return
    table = Table(title="Shipped mass tables")
    for heading in ("table", "kind", "rows", "quantity", "calibrated"):
        table.add_column(heading, no_wrap=True)
    room = console.width - _OTHER_COLUMNS
    cited = room >= _SHORTEST_CITATION
    if cited:
        table.add_column("citation")
    for kind, names in (("measured", MEASURED_TABLES), ("theory", THEORY_TABLES)):
        for each in names:
            record = read_provenance(each)
            table.add_row(
                each,
                kind,
                str(record.n_rows),
                f"{record.quantity} / {record.unit}",
                str(record.calibrated_on or ""),
                *([escape(shorten(record.citation, room, placeholder=" ..."))] if cited else []),
            )
    console.print(table)
