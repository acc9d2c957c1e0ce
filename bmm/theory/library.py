"""The models at hand: the shipped cards and the user's own."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bmm.data import models_folder
from bmm.errors import ConfigError
from bmm.theory.adapters import TheoryModel
from bmm.theory.cards import Card, read_card

__all__ = ["find_card", "find_cards", "load_model"]


def find_cards(extra: Sequence[Path] = ()) -> dict[str, Card]:
    """Read the shipped model cards and the user's own.

    Parameters
    ----------
    extra : sequence of Path, default ()
        Cards, and folders of cards, besides the shipped ones.

    Returns
    -------
    dict
        Card of each model, by name: the shipped ones in alphabetical order, then `extra`.

    Raises
    ------
    ConfigError
        If a card is invalid, a path does not exist or two cards have the same name.

    Examples
    --------
    >>> from bmm.theory.library import find_cards
    >>> find_cards()["DZ28"].calibrated_on
    'AME1993'
    """
    cards: dict[str, Card] = {}
    origin: dict[str, Path] = {}
    for path in _card_files([models_folder(), *extra]):
        card = read_card(path)
        if card.name in cards:
            raise ConfigError(
                f"{path}: key 'name': {card.name!r} is taken by {origin[card.name]}; "
                "expected another name"
            )
        cards[card.name], origin[card.name] = card, path
    return cards


def load_model(name_or_path: str | Path, extra: Sequence[Path] = ()) -> TheoryModel:
    """Build a model from its name or from the path of its card.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a model, or path of a ``.toml`` card.
    extra : sequence of Path, default ()
        Cards, and folders of cards, to look for the name in besides the shipped ones.

    Returns
    -------
    TheoryModel

    Raises
    ------
    ConfigError
        If no model has that name or its card is invalid.
    DataError
        If its table cannot be used.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> from bmm.nuclides import nuclide_index
    >>> from bmm.theory.library import load_model
    >>> model = load_model("FRDM2012").fit(load_measured("AME2020"))
    >>> model.predict(nuclide_index([50], [82]))["mass_excess"].to_numpy().round(2)
    array([[-75.93]])
    """
    return find_card(name_or_path, extra).build()


def find_card(name_or_path: str | Path, extra: Sequence[Path] = ()) -> Card:
    """Read the card of a model, by its name or by the path of the card.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a model, or path of a ``.toml`` card.
    extra : sequence of Path, default ()
        Cards, and folders of cards, to look for the name in besides the shipped ones.

    Raises
    ------
    ConfigError
        If no model has that name or its card is invalid.

    Examples
    --------
    >>> from bmm.theory.library import find_card
    >>> find_card("FRDM2012").adapter
    'table'
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return read_card(Path(name_or_path))
    cards = find_cards(extra)
    if name_or_path not in cards:
        folded = {name.casefold(): name for name in cards}
        nearest = difflib.get_close_matches(name_or_path.casefold(), folded, n=3, cutoff=0.0)
        raise ConfigError(
            f"no model is called {name_or_path!r}: the nearest are "
            f"{', '.join(folded[each] for each in nearest)}"
        )
    return cards[name_or_path]


def _card_files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        # These are false for impossible names too.
        if os.path.isdir(place):
            yield from sorted(place.glob("*.toml"), key=lambda path: path.stem)
        elif os.path.isfile(place):
            yield place
        else:
            raise ConfigError(f"{place}: expected a model card or a folder of them")
