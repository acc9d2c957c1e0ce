"""Model cards: the TOML files that describe a theory model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from bmm.configuration import Configuration, checked, read_toml, tagged
from bmm.data import Reference
from bmm.data.provenance import Calibration
from bmm.registry import Registry
from bmm.theory.adapters import Domain, TheoryModel

__all__ = ["ADAPTERS", "BesideTheCard", "Card", "read_card"]


def _beside_the_card(file: Path, info: ValidationInfo) -> Path:
    return info.context["folder"] / file if info.context else file


type BesideTheCard = Annotated[Path, AfterValidator(_beside_the_card)]
"""Path of a file, in a card relative to the card."""


class Card(Configuration, ABC):
    """What every card has, and what it is for: to build a model.

    An adapter is a subclass with the field ``adapter``, its name.  It is one line of `ADAPTERS`, or
    an entry point of the group ``bmm.theory_adapters``.

    Parameters
    ----------
    name : str
        Of the model.
    description : str, optional
        One line about it.
    citation, doi : str
        Publication of the model.
    references : list of Reference, optional
        What to cite; a card without them is cited by its `citation` and `doi`.
    calibrated_on : str
        Latest AME edition whose masses may have informed the model; "training" for a model that
        learns, which is blind to everything but the training nuclei.
    calibrated_on_confirmed : bool, default True
        Whether a source states that edition.
    domain : Domain, optional
        Nuclei on which the model is used.

    Examples
    --------
    >>> from bmm.theory.library import find_card
    >>> find_card("DZ33").adapter
    'duflo_zuker'
    """

    adapter: str
    name: str = Field(pattern=r"^[A-Za-z0-9][\w.+*()-]*$")
    description: str = ""
    citation: str
    doi: str = ""
    references: tuple[Reference, ...] = ()
    calibrated_on: Calibration | Literal["training"]
    calibrated_on_confirmed: bool = True
    domain: Domain = Domain()

    @abstractmethod
    def build(self) -> TheoryModel:
        """Build the model; reads, and checks, the files of a user's card.

        Raises
        ------
        DataError
            If a file cannot be used.
        """

    @property
    def data_file(self) -> Path | None:
        """The file that the model reads, if it reads one; its checksum is part of a result."""
        return None

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages, besides those of every run, whose version decides what the model says."""
        return ()

    @property
    def is_trained(self) -> bool:
        """Whether fitting it takes minutes."""
        return False


ADAPTERS: Registry[type[Card]] = Registry(
    "theory adapter",
    "bmm.theory_adapters",
    {
        "table": "bmm.theory.tabulated:TableCard",
        "committee": "bmm.theory.emulated_table:CommitteeCard",
        "duflo_zuker": "bmm.theory.duflo_zuker.card:DufloZukerCard",
        "mdn": "bmm.theory.mdn.card:MdnCard",
    },
)
"""Kinds of cards, by the key adapter; each is imported when a card names it."""

_card = tagged(ADAPTERS, "adapter")


def read_card(path: Path) -> Card:
    """Read and check a model card.

    Parameters
    ----------
    path : Path
        The TOML file.

    Returns
    -------
    Card
        Of the kind that its key adapter names, with the path of a user's file made absolute.

    Raises
    ------
    ConfigError
        If the file cannot be read or a key is missing, unknown or has an impossible value.

    Examples
    --------
    >>> from bmm.data.folders import models_folder
    >>> from bmm.theory.cards import read_card
    >>> read_card(models_folder() / "DZ33.toml").name
    'DZ33'
    """
    return checked(_card, read_toml(path, "a model card"), path, folder=path.resolve().parent)
