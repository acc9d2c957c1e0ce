"""``bmm check-table``: what a mass table is, and the card for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bmm.data.readings import Reading
    from bmm.data.table_guess import TableGuess

__all__ = ["check_table"]

_SUSPECTS = 8
_READINGS = 6


def check_table(
    file: Annotated[Path, typer.Argument(help="Mass table: a file, or a folder of files.")],
    card: Annotated[
        Path | None, typer.Option(help="Write a model card here, such as my_model.toml.")
    ] = None,
    value: Annotated[
        str | None, typer.Option(help="Column of the masses, if several may be that.")
    ] = None,
    group: Annotated[str, typer.Option(help="Frame of an HDF5 file.")] = "",
    name: Annotated[str, typer.Option(help="Name of the model; by default the card's.")] = "",
    citation: Annotated[str, typer.Option(help="Publication of the model.")] = "",
    calibrated_on: Annotated[
        str, typer.Option(help="AME edition that the model was adjusted to, such as AME2012.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the card.")] = False,
) -> None:
    """Find out what a mass table is: layout, quantity, unit, convention; print the evidence.

    Every column is read in every quantity, unit, sign and convention and compared with AME2020.
    The card has to be completed: nothing in a table tells its publication and calibration.
    """
    from bmm.data.table_guess import guess_table
    from bmm.theory.guessed_card import card_of, write_card

    guess = guess_table(file, value=value, group=group)
    console = Console(highlight=False)
    _print(console, guess)
    if card is None:
        return
    model = name or re.sub(r"[^\w.+*()-]", "_", card.stem)
    content = card_of(guess, card.parent, model, citation, calibrated_on)
    write_card(card, content, overwrite=overwrite)
    missing = [
        key
        for key, given in (("citation", citation), ("calibrated_on", calibrated_on))
        if not given
    ]
    rest = f"; complete {' and '.join(missing)}" if missing else ""
    console.print(f"card: {escape(str(card))}{rest}", soft_wrap=True)


def _print(console: Console, guess: TableGuess) -> None:
    Z, N = (guess.masses.index.get_level_values(level) for level in "ZN")
    console.print(
        f"{escape(str(guess.path))}: {len(guess.masses)} nuclei, Z {Z.min()}-{Z.max()}, "
        f"N {N.min()}-{N.max()}; {len(guess.measured)} are measured in AME2020",
        soft_wrap=True,
    )
    keys = guess.keys()
    written = ", ".join(f"{key} = {value!r}" for key, value in keys.items())
    console.print(f"layout: {escape(written)}", soft_wrap=True)
    against = "AME2020" if len(guess.measured) else "shipped models and a liquid drop"
    table = Table(title=f"Deviation from {against} under each reading (MeV)")
    table.add_column("column")
    table.add_column("read as")
    for heading in ("nuclei", "median", "rms", "bias"):
        table.add_column(heading, justify="right")
    for number, each in enumerate(guess.evidence[:_READINGS]):
        table.add_row(
            escape(str(each.column)),
            ("[bold]" if number == 0 else "") + _spoken(each.reading),
            str(each.n),
            *(f"{value:.3f}" for value in (each.median, each.rms, each.bias)),
        )
    console.print(table)
    for remark in guess.remarks:
        console.print(f"- {escape(remark)}", soft_wrap=True)
    suspects = guess.suspects
    if len(suspects):
        shown = [
            f"Z={row.Z} N={row.N} ({row.deviation:+.2f} MeV)"
            for row in suspects.head(_SUSPECTS).itertuples()
        ]
        more = f" and {len(suspects) - _SUSPECTS} more" if len(suspects) > _SUSPECTS else ""
        console.print(
            f"- {len(suspects)} masses do not fit their neighbours: {', '.join(shown)}{more}",
            soft_wrap=True,
        )


def _spoken(reading: Reading) -> str:
    sign = "-" if reading.sign == -1 else ""
    convention = "" if reading.quantity.endswith("_mass") else f", {reading.convention}"
    return f"{sign}{reading.quantity.replace('_', ' ')}, {reading.unit}{convention}"
