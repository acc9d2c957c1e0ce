"""What to cite for a run, or for models and tables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import ascii_lowercase

import yaml

from bmm.data import (
    MEASURED_TABLES,
    Reference,
    citation_file,
    evaluation_name,
    read_provenance,
)
from bmm.errors import ConfigError
from bmm.theory.cards import Card
from bmm.theory.library import find_cards
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import chosen_cards

__all__ = ["references_of", "references_of_card"]


def references_of(names: Sequence[str], extra: Sequence[Path] = ()) -> list[Reference]:
    """Collect the publications behind runs, models and measured tables.

    Parameters
    ----------
    names : sequence of str
        Folders of runs, names of models, names of measured tables.  A run stands for its
        evaluation, its models and bmm itself.
    extra : sequence of Path, default ()
        Cards, and folders of cards, besides the shipped ones.

    Returns
    -------
    list of Reference
        Each once, and each with a key of its own.

    Raises
    ------
    ConfigError
        If a name is none of these.
    RunError
        If a folder holds no run.

    Examples
    --------
    >>> from bmm.workflows.citations import references_of
    >>> [each.year for each in references_of(["HFB24"])]
    [2013]
    """
    cards = find_cards(extra)
    found: list[Reference] = []
    for name in names:
        if name in cards:
            found += references_of_card(cards[name])
        elif name in MEASURED_TABLES:
            found += read_provenance(name).references
        elif Path(name).is_dir():
            found += _of_run(Path(name))
        else:
            known = {each.casefold(): each for each in (*MEASURED_TABLES, *cards)}
            nearest = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.0)
            raise ConfigError(
                f"{name!r} is no run folder, model or measured table "
                f"(nearest: {known[nearest[0]]!r}); see bmm models and bmm data"
            )
    return _distinct(found)


def _of_run(path: Path) -> list[Reference]:
    config = RunFolder.open(path).read_config()
    found: list[Reference] = []
    for name in config.data.files:
        found += _of_measured(name)
    for card in chosen_cards(config.theory):
        found += references_of_card(card)
    return [*found, _of_bmm()]


def _of_measured(name: str) -> tuple[Reference, ...]:
    if name in MEASURED_TABLES:
        return read_provenance(name).references
    return (Reference(tag="measured", note=f"Measured masses of {evaluation_name(name)}"),)


def references_of_card(card: Card) -> tuple[Reference, ...]:
    """Collect what to cite for one model.

    Examples
    --------
    >>> from bmm.theory.library import find_card
    >>> from bmm.workflows.citations import references_of_card
    >>> [each.doi for each in references_of_card(find_card("HFB24"))]
    ['10.1103/PhysRevC.88.024308']
    """
    return card.references or (Reference(tag=card.name, note=card.citation, doi=card.doi),)


def _of_bmm() -> Reference:
    facts = yaml.safe_load(citation_file().read_text(encoding="utf-8"))
    return Reference(
        authors=tuple(each["name"] for each in facts["authors"]),
        title=facts["title"],
        year=int(str(facts["date-released"])[:4]),
        note=f"Computer program, version {facts['version']}",
    )


def _distinct(references: Iterable[Reference]) -> list[Reference]:
    """Drop what comes twice, and tell keys apart that are alike."""
    found: dict[str, Reference] = {}
    for reference in dict.fromkeys(references):
        key = reference.key
        letters = iter(ascii_lowercase[1:])
        while key in found:
            key = f"{reference.key}{next(letters)}"
        found[key] = (
            reference if key == reference.key else reference.model_copy(update={"tag": key})
        )
    return list(found.values())
