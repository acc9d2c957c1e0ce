"""Transitions between evaluations, forecast one after the other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from bmm.configuration import Configuration
from bmm.data import MEASURED_TABLES
from bmm.evaluation.splits import Split, edition_split
from bmm.nuclides import MAX_N, MAX_Z
from bmm.theory.adapters import Domain
from bmm.workflows.config import NRange, ZRange

__all__ = ["Choice", "PrequentialSplit", "Transition"]


class Transition(Configuration):
    """One forecast: from an evaluation to what the next has measured.

    Parameters
    ----------
    train, test : str
        Shipped evaluations.
    models : list of str
        Models that are mixed, calibrated no later than `train`.

    Examples
    --------
    >>> from bmm.workflows.prequential_split import Transition
    >>> Transition(train="AME2003", test="AME2012", models=["HFB14", "DZ28"]).test
    'AME2012'
    """

    train: str
    test: str
    models: list[str] = Field(min_length=1)

    @property
    def name(self) -> str:
        """Name of the split."""
        return f"{self.train}-{self.test}"


class Choice(Configuration):
    """A method that is, at every transition, the one of several that did best on earlier ones.

    Parameters
    ----------
    name : str
        Name in tables.
    among : list of str
        Labels of the methods; the first stands until there is an earlier transition.  One alone
        is taken always.
    spread : {"own", "learnt"}
        Whether its distributions are taken as they are, or stretched about their means by the
        factor with the least sum of CRPS on earlier transitions.

    Examples
    --------
    >>> from bmm.workflows.prequential_split import Choice
    >>> Choice(name="best so far", among=["equal-weights", "global-bma"]).spread
    'own'
    """

    name: str
    among: list[str] = Field(min_length=1)
    spread: Literal["own", "learnt"] = "own"


class PrequentialSplit(Configuration):
    """Forecast several transitions in turn; choices are learnt from earlier ones only.

    Parameters
    ----------
    transitions : list of Transition
        In the order of time.
    choices : list of Choice
        Rows made of the others.
    Z, N : (int, int)
        First and last proton and neutron number, both included, in training and test.

    Examples
    --------
    >>> from bmm.workflows.prequential_split import PrequentialSplit
    >>> split = PrequentialSplit(transitions=[
    ...     {"train": "AME1995", "test": "AME2003", "models": ["FRDM1995"]},
    ...     {"train": "AME2003", "test": "AME2012", "models": ["FRDM1995", "HFB14"]},
    ... ])
    >>> [each.test for each in split.transitions]
    ['AME2003', 'AME2012']
    """

    kind: Literal["prequential"] = "prequential"
    transitions: list[Transition] = Field(min_length=2)
    choices: list[Choice] = Field(default=[])
    Z: ZRange = (8, MAX_Z)
    N: NRange = (8, MAX_N)

    @model_validator(mode="after")
    def _in_turn(self) -> Self:
        for each in self.transitions:
            for name in (each.train, each.test):
                if name not in MEASURED_TABLES:
                    raise ValueError(f"expected one of {', '.join(MEASURED_TABLES)}, not {name!r}")
        for first, second in pairwise(self.transitions):
            if MEASURED_TABLES.index(first.test) > MEASURED_TABLES.index(second.train):
                raise ValueError(
                    f"transition {second.name} begins before the end of {first.name}: expected "
                    "them in the order of time, without overlap"
                )
        return self

    @property
    def evaluations(self) -> tuple[str, ...]:
        """Tables of measured masses that it takes."""
        every = (name for each in self.transitions for name in (each.train, each.test))
        return tuple(dict.fromkeys(every))

    def relative_to(self, folder: Path) -> Self:
        """Nothing is a path: transitions lie between shipped evaluations."""
        return self

    def splits(self, seed: int) -> list[Split]:
        """Build one split for each transition."""
        domain = Domain(Z=self.Z, N=self.N)
        return [edition_split(each.train, each.test, domain) for each in self.transitions]
