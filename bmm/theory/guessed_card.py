"""A model card for a table that was looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomli_w

from bmm.configuration import checked
from bmm.data.table_guess import TableGuess
from bmm.errors import RunError
from bmm.theory.tabulated import TableCard
from bmm.writing import write_whole

__all__ = ["card_of", "write_card"]

_UNKNOWN = "not stated: put the publication here"
_LATEST = "AME2020"


def card_of(
    guess: TableGuess, folder: Path, name: str, citation: str = "", calibrated_on: str = ""
) -> dict[str, Any]:
    """Lay out a card.

    Parameters
    ----------
    guess : TableGuess
        The table.
    folder : Path
        Where the card will be; the path of the table is relative to it.
    name : str
        Of the model.
    citation : str, optional
        Its publication.
    calibrated_on : str, optional
        Latest AME edition whose masses may have informed it; if it is not known the latest, so that
        no blind test takes the model for blind, and the card says that this is not confirmed.

    Raises
    ------
    ConfigError
        If the name or the edition is impossible.
    """
    card: dict[str, Any] = {
        "name": name,
        "adapter": "table",
        "file": os.path.relpath(guess.path.resolve(), folder.resolve()),
        "citation": citation or _UNKNOWN,
        "calibrated_on": calibrated_on or _LATEST,
    }
    if not calibrated_on:
        card["calibrated_on_confirmed"] = False
    keys = guess.keys()
    card["layout"] = keys["name"] if list(keys) == ["name"] else keys
    checked(TableCard, card, "card", folder=folder)
    return card


def write_card(path: Path, card: dict[str, Any], *, overwrite: bool = False) -> None:
    r"""Write a card.

    Raises
    ------
    RunError
        If there is a file already, unless it may be replaced.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.theory.guessed_card import write_card
    >>> path = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> write_card(path, {"adapter": "table", "name": "mine"})
    >>> path.read_text().split("\n")[0]
    'adapter = "table"'
    """
    if path.exists() and not overwrite:
        raise RunError(f"{path} exists; expected another name, or --overwrite")
    text = tomli_w.dumps(card)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
