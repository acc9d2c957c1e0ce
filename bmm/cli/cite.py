"""``bmm cite``: what to cite."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cite"]


class _Format(StrEnum):
    bibtex = "bibtex"
    text = "text"


def cite(
    names: Annotated[
        list[str],
        typer.Argument(help="Run folders, models (DZ28) and measured tables (AME2020)."),
    ],
    style: Annotated[
        _Format, typer.Option("--format", help="BibTeX entries, or one line each.")
    ] = _Format.bibtex,
    cards: Annotated[
        list[Path] | None,
        typer.Option("--cards", "-c", help="Your own model card, or a folder of them; repeatable."),
    ] = None,
) -> None:
    """Print what to cite of runs, evaluations and models."""
    from bmm.workflows.citations import references_of

    found = references_of(names, cards or ())
    if style == _Format.bibtex:
        typer.echo("\n\n".join(each.bibtex() for each in found))
    else:
        typer.echo("\n".join(each.text() for each in found))
