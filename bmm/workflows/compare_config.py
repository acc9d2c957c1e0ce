"""The configuration of a comparison: one TOML file, checked before anything is computed."""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Literal, Self

import pandas as pd
import tomli_w
from pydantic import Field, PositiveInt, model_validator

from bmm.configuration import Configuration
from bmm.data import MEASURED_TABLES, locate_measured, measured_masses
from bmm.evaluation.splits import (
    Split,
    block_folds,
    chain_ends,
    edition_split,
    random_folds,
)
from bmm.methods.registry import AnyMethod
from bmm.nuclides import MAX_N, MAX_Z
from bmm.theory.adapters import Domain
from bmm.workflows.config import NRange, Theory, ZRange
from bmm.workflows.prequential_split import PrequentialSplit
from bmm.workflows.reading import configuration_file, read_configuration, shipped_files

__all__ = [
    "BlockSplit",
    "ChainEnds",
    "ComparisonConfig",
    "EditionSplit",
    "RandomSplit",
    "file_stem",
    "load_comparison",
    "shipped_comparisons",
]

type _Level = Annotated[float, Field(gt=0, lt=1)]


class _Nuclei(Configuration):
    Z: ZRange = (8, MAX_Z)
    N: NRange = (8, MAX_N)

    @property
    def _domain(self) -> Domain:
        return Domain(Z=self.Z, N=self.N)

    def relative_to(self, folder: Path) -> Self:
        """Take the paths of files with measured masses as relative to a folder."""
        return self


class EditionSplit(_Nuclei):
    """Train on one evaluation, test on what a later one has measured since.

    Parameters
    ----------
    train, test : str
        Shipped evaluations; the later one may be a file, see `bmm.data.load_measured`.
    Z, N : (int, int)
        First and last proton and neutron number, both included, in training and test.

    Examples
    --------
    >>> from bmm.workflows.compare_config import EditionSplit
    >>> EditionSplit(kind="edition", train="AME2003", test="AME2020").Z
    (8, 140)
    """

    kind: Literal["edition"] = "edition"
    train: str
    test: str

    @property
    def evaluations(self) -> tuple[str, ...]:
        """Tables of measured masses that it takes."""
        return self.train, self.test

    def relative_to(self, folder: Path) -> Self:
        """Take the path of the later evaluation, if it is one, as relative to a folder."""
        return self.model_copy(update={"test": locate_measured(self.test, folder)})

    def splits(self, seed: int) -> list[Split]:
        """Build the one split."""
        return [edition_split(self.train, self.test, self._domain)]


class _WithinEvaluation(_Nuclei):
    measured: str = "AME2020"
    extra: list[Path] = Field(default_factory=list)

    @property
    def evaluations(self) -> tuple[str, ...]:
        """Tables of measured masses that it takes."""
        return (self.measured, *map(str, self.extra))

    def relative_to(self, folder: Path) -> Self:
        """Take the paths of measured masses as relative to a folder."""
        measured = locate_measured(self.measured, folder)
        extra = [folder / path for path in self.extra]
        return self.model_copy(update={"measured": measured, "extra": extra})

    def _nuclei(self) -> pd.DataFrame:
        table = measured_masses(self.measured, self.extra).table
        return table[self._domain.covers(table.index)]


class RandomSplit(_WithinEvaluation):
    """Every nucleus is tested once, in folds dealt out at random.

    Parameters
    ----------
    measured : str, default "AME2020"
        Shipped evaluation, or a file; see `bmm.data.load_measured`.
    extra : list of path, optional
        Files with masses that are added or replace others; see `bmm.workflows.config.Data`.
    folds : int, default 5
        How many.
    Z, N : (int, int)
        First and last proton and neutron number, both included.

    Examples
    --------
    >>> from bmm.workflows.compare_config import RandomSplit
    >>> RandomSplit(kind="random", folds=10).measured
    'AME2020'
    """

    kind: Literal["random"] = "random"
    folds: Annotated[int, Field(ge=2)] = 5

    def splits(self, seed: int) -> list[Split]:
        """Build one split for each fold."""
        return random_folds(self._nuclei(), self.folds, seed)


class BlockSplit(_WithinEvaluation):
    """Every nucleus is tested once, in whole squares of the chart.

    Parameters
    ----------
    measured : str, default "AME2020"
        Shipped evaluation, or a file; see `bmm.data.load_measured`.
    extra : list of path, optional
        Files with masses that are added or replace others; see `bmm.workflows.config.Data`.
    folds : int, default 5
        How many.
    side : int, default 10
        Side of the squares, nucleons.
    Z, N : (int, int)
        First and last proton and neutron number, both included.

    Examples
    --------
    >>> from bmm.workflows.compare_config import BlockSplit
    >>> BlockSplit(kind="blocks", side=6).folds
    5
    """

    kind: Literal["blocks"] = "blocks"
    folds: Annotated[int, Field(ge=2)] = 5
    side: PositiveInt = 10

    def splits(self, seed: int) -> list[Split]:
        """Build one split for each fold."""
        return block_folds(self._nuclei(), self.folds, self.side, seed)


class ChainEnds(_WithinEvaluation):
    """Test on the outermost measured nuclei of every isotopic chain.

    Parameters
    ----------
    measured : str, default "AME2020"
        Shipped evaluation, or a file; see `bmm.data.load_measured`.
    extra : list of path, optional
        Files with masses that are added or replace others; see `bmm.workflows.config.Data`.
    depth : int, default 2
        How many at each end.
    end : {"both", "proton-rich", "neutron-rich"}
        Which end.
    Z, N : (int, int)
        First and last proton and neutron number, both included.

    Examples
    --------
    >>> from bmm.workflows.compare_config import ChainEnds
    >>> ChainEnds(kind="chain-ends", end="neutron-rich").depth
    2
    """

    kind: Literal["chain-ends"] = "chain-ends"
    depth: PositiveInt = 2
    end: Literal["both", "proton-rich", "neutron-rich"] = "both"

    def splits(self, seed: int) -> list[Split]:
        """Build the one split."""
        return [chain_ends(self._nuclei(), self.depth, self.end)]


def file_stem(text: str) -> str:
    """Turn a label into part of a file name.

    Examples
    --------
    >>> from bmm.workflows.compare_config import file_stem
    >>> file_stem("corrected mixture (learnt)")
    'corrected_mixture_learnt_'
    """
    return re.sub(r"[^A-Za-z0-9+_.-]+", "_", text)


class ComparisonConfig(Configuration):
    """Everything that decides a comparison.

    Parameters
    ----------
    name : str
        Name of the comparison, and of its folder unless another is given.
    description : str
        What it is for.
    seed : int
        Of the folds, of the samplers and of the predictive draws.
    levels : list of float
        Probabilities of the intervals that are scored.
    reference : str, optional
        Label of the method that the others are compared with; the first by default.
    allow_leaks : bool, default False
        Go on with models that may have seen test nuclei, and mark what uses them.
    split : EditionSplit, RandomSplit, BlockSplit, ChainEnds or PrequentialSplit
        Training and test nuclei; the key kind tells which.
    theory : Theory
        Models.
    methods : list
        Names of methods, or tables with the key method and its options.

    Examples
    --------
    >>> from bmm.workflows.compare_config import ComparisonConfig
    >>> config = ComparisonConfig(
    ...     name="two-methods",
    ...     methods=["equal-weights", "global-bma"],
    ...     split={"kind": "random"},
    ...     theory={"models": ["HFB24", "DZ33"]},
    ... )
    >>> [method.label for method in config.methods]
    ['equal-weights', 'global-bma']
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    description: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    levels: list[_Level] = Field(default=[0.5, 0.68, 0.9, 0.95], min_length=1)
    reference: str | None = None
    allow_leaks: bool = False
    split: Annotated[
        EditionSplit | RandomSplit | BlockSplit | ChainEnds | PrequentialSplit,
        Field(discriminator="kind"),
    ]
    theory: Theory
    methods: list[AnyMethod] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        labels = [each.label for each in self.methods]
        counts = Counter(file_stem(label).casefold() for label in labels)
        twice = [label for label in labels if counts[file_stem(label).casefold()] > 1]
        if twice:
            raise ValueError(
                f"two methods are called {twice[0]!r}: give one of them the key 'name'"
            )
        if self.reference is not None and self.reference not in labels:
            raise ValueError(
                f"key 'reference': no method is called {self.reference!r}; "
                f"expected one of {', '.join(labels)}"
            )
        reference = self.reference or labels[0]
        if self.methods[labels.index(reference)].partial:
            raise ValueError(
                f"key 'reference': {reference!r} predicts some nuclei only; expected another method"
            )
        return self

    @model_validator(mode="after")
    def _evaluations_are_older(self) -> Self:
        training = self.split.evaluations[0]
        older = tuple(takewhile(lambda name: name != training, MEASURED_TABLES))
        for method in self.methods:
            for name in method.evaluations:
                if name not in older:
                    raise ValueError(
                        f"method {method.label!r}: expected an evaluation older than the training "
                        f"masses of {training}, not {name}"
                    )
        return self

    @model_validator(mode="after")
    def _transitions_have_models(self) -> Self:
        if not isinstance(self.split, PrequentialSplit):
            return self
        for each in self.split.transitions:
            unknown = [name for name in each.models if name not in self.theory.models]
            if unknown:
                raise ValueError(
                    f"transition {each.name}: {unknown[0]!r} is not among the models of the "
                    "section 'theory'"
                )
        everywhere = {method.label for method in self.methods if not _one_model(method)}
        wanted = [name for choice in self.split.choices for name in choice.among]
        for name in [*wanted, *([] if self.reference is None else [self.reference])]:
            if name not in everywhere:
                raise ValueError(
                    f"{name!r} is no method that every transition has: expected one of "
                    f"{', '.join(sorted(everywhere))}"
                )
        return self

    def to_toml(self) -> str:
        """Write the configuration, every default resolved, as TOML."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def shipped_comparisons() -> dict[str, Path]:
    """Files of the shipped configurations of comparisons, by name.

    Examples
    --------
    >>> from bmm.workflows.compare_config import shipped_comparisons
    >>> "blind-ame2003" in shipped_comparisons()
    True
    """
    return shipped_files("compare")


def load_comparison(name_or_path: str | Path) -> ComparisonConfig:
    """Read the configuration of a comparison.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped configuration, or path of a ``.toml`` file.

    Returns
    -------
    ComparisonConfig
        With the paths of the user's files made absolute.

    Raises
    ------
    ConfigError
        If there is no such configuration, or a key is missing, unknown or impossible.

    Examples
    --------
    >>> from bmm.workflows.compare_config import load_comparison
    >>> load_comparison("blind-ame2003").split.train
    'AME2003'
    """
    path = configuration_file(name_or_path, shipped_comparisons())
    config = read_configuration(path, ComparisonConfig)
    folder = path.resolve().parent
    split, theory = (part.relative_to(folder) for part in (config.split, config.theory))
    return config.model_copy(update={"split": split, "theory": theory})


def _one_model(method: AnyMethod) -> bool:
    """Whether a method is of one model, which some transitions may not have."""
    return getattr(method, "model", None) is not None
