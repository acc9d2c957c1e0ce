"""The models at hand: the shipped cards and the user's own."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from bmm.data import load_theory, models_folder, read_mass_table
from bmm.errors import ConfigError
from bmm.theory.adapters import TheoryModel
from bmm.theory.cards import Card, CommitteeCard, MdnCard, TableCard, TabulatedCard, read_card
from bmm.theory.duflo_zuker.adapter import DufloZukerFamily, DufloZukerFormula
from bmm.theory.emulated_table import EmulatedTable
from bmm.theory.mdn.adapter import MdnModel, TrainedMdn
from bmm.theory.mdn.model_file import read_ensemble
from bmm.theory.tabulated import TableModel

__all__ = ["build_model", "find_cards", "load_model"]


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
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return build_model(read_card(Path(name_or_path)))
    cards = find_cards(extra)
    if name_or_path not in cards:
        folded = {name.casefold(): name for name in cards}
        nearest = difflib.get_close_matches(name_or_path.casefold(), folded, n=3, cutoff=0.0)
        raise ConfigError(
            f"no model is called {name_or_path!r}: the nearest are "
            f"{', '.join(folded[each] for each in nearest)}"
        )
    return build_model(cards[name_or_path])


def build_model(card: Card) -> TheoryModel:
    """Build the model that a card describes; reads, and checks, the files of a user's card."""
    if isinstance(card, TableCard):
        return TableModel(card.name, _read_masses(card), card.domain)
    if isinstance(card, CommitteeCard):
        return EmulatedTable(
            name=card.name,
            masses=_read_masses(card),
            share=card.share,
            seed=card.seed,
            preset=card.committee,
            domain=card.domain,
        )
    if isinstance(card, MdnCard):
        if card.file is not None:
            return TrainedMdn(card.name, read_ensemble(card.file), card.domain)
        return MdnModel(card.name, card.network, card.domain)
    if card.formula == "family":
        assert card.family is not None  # the card is validated
        return DufloZukerFamily(
            name=card.name,
            family=card.family,
            configurations=card.configurations,
            kind=card.kind,
            coefficients=card.coefficients,
            target=card.fit_to,
            domain=card.domain,
        )
    return DufloZukerFormula(
        name=card.name,
        formula=card.formula,
        coefficients=card.coefficients,
        target=card.fit_to,
        domain=card.domain,
    )


def _card_files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        # These are false for impossible names too.
        if os.path.isdir(place):
            yield from sorted(place.glob("*.toml"), key=lambda path: path.stem)
        elif os.path.isfile(place):
            yield place
        else:
            raise ConfigError(f"{place}: expected a model card or a folder of them")


def _read_masses(card: TabulatedCard) -> pd.DataFrame:
    if card.table is not None:
        return load_theory(card.table)
    assert card.file is not None  # the card is validated
    assert card.layout is not None
    return read_mass_table(card.file, card.layout)
