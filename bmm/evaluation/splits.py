"""Training and test nuclei for blind tests, and which models have seen the test nuclei before.

A random split tests interpolation, where every model looks good; new nuclei of a later evaluation,
the ends of isotopic chains and whole regions test what theory is needed for: extrapolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bmm.data import MEASURED_TABLES, evaluation_name, load_measured
from bmm.errors import ConfigError, DataError
from bmm.nuclides import numbers
from bmm.theory.adapters import Domain
from bmm.theory.cards import Card

__all__ = [
    "Leak",
    "Split",
    "block_folds",
    "chain_ends",
    "edition_split",
    "find_leaks",
    "random_folds",
    "refuse_leaks",
]


@dataclass(frozen=True)
class Split:
    """Nuclei to learn from, and nuclei to be tested on.

    Parameters
    ----------
    name : str
        Of the split, or of the fold.
    training, test : DataFrame
        Measured masses, indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in
        MeV.

    Raises
    ------
    DataError
        If either is empty, or they share a nucleus.

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.evaluation.splits import Split
    >>> split = Split("tin left out", measured.drop(index=50, level="Z"), measured.loc[50:50])
    >>> len(split.training) + len(split.test) == len(measured)
    True
    """

    name: str
    training: pd.DataFrame
    test: pd.DataFrame

    def __post_init__(self) -> None:
        for part in ("training", "test"):
            if getattr(self, part).empty:
                raise DataError(f"split {self.name!r}: expected at least one {part} nucleus")
        shared = self.training.index.intersection(self.test.index)
        if len(shared):
            Z, N = shared[0]
            raise DataError(f"split {self.name!r}: Z={Z}, N={N} is a training and a test nucleus")


def edition_split(train: str, test: str, domain: Domain | None = None) -> Split:
    """Learn from one evaluation, test on what a later one has measured since.

    A nucleus that a still earlier evaluation counted as measured is not new: models may have
    been informed by that value.  (Older values that AME2003 withdrew do not count.)

    Parameters
    ----------
    train, test : str
        Shipped evaluations, the older one first; or for `test` a file, which counts as later than
        all of these.  Training masses have the older one's values, which the test must not
        improve.
    domain : Domain, optional
        Nuclei to use; all by default.

    Raises
    ------
    DataError
        If `test` is not later than `train`, or nothing is left.

    Examples
    --------
    >>> from bmm.evaluation.splits import edition_split
    >>> from bmm.theory.adapters import Domain
    >>> split = edition_split("AME2003", "AME2020", Domain(Z=(8, 140), N=(8, 320)))
    >>> len(split.training), len(split.test)
    (2149, 322)
    """
    domain = domain or Domain()
    older, newer = load_measured(train), load_measured(test)
    if _age(train) >= _age(test):
        raise DataError(f"a blind test on {test} needs an earlier training evaluation, not {train}")
    known = older.index
    for earlier in MEASURED_TABLES[: _age(train)]:
        known = known.union(_told_by(earlier))
    new = newer[~newer.index.isin(known)]
    return Split(
        f"{train}-{evaluation_name(test)}",
        older[domain.covers(older.index)],
        new[domain.covers(new.index)],
    )


def _age(name: str) -> int:
    return MEASURED_TABLES.index(name) if name in MEASURED_TABLES else len(MEASURED_TABLES)


def random_folds(measured: pd.DataFrame, folds: int, seed: int) -> list[Split]:
    """Deal the nuclei out at random; every nucleus is tested once.

    Parameters
    ----------
    measured : DataFrame
        As for `Split`.
    folds : int
        Number of splits, at least 2.
    seed : int
        The same seed deals the same.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> from bmm.evaluation.splits import random_folds
    >>> tin = load_measured("AME2020").query("Z == 50")
    >>> [len(split.test) for split in random_folds(tin, 4, seed=1)]
    [9, 9, 9, 8]
    """
    n = len(measured)
    shares = np.random.default_rng(seed).permutation(n) % folds
    return _by_fold(measured, shares, folds, "random")


def block_folds(measured: pd.DataFrame, folds: int, side: int, seed: int) -> list[Split]:
    """Hold out whole squares of the chart; every nucleus is tested once.

    Parameters
    ----------
    measured : DataFrame
        As for `Split`.
    folds : int
        Number of splits, at least 2.
    side : int
        Side of a square, nucleons.  A test nucleus is up to half of it away from training ones.
    seed : int
        Deals the squares out.

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.evaluation.splits import block_folds
    >>> folds = block_folds(measured, folds=3, side=5, seed=1)
    >>> len(folds), sum(len(fold.test) for fold in folds) == len(measured)
    (3, True)
    """
    Z, N = numbers(measured.index)
    squares, square = np.unique(np.stack([Z // side, N // side]), axis=1, return_inverse=True)
    shares = np.random.default_rng(seed).permutation(squares.shape[1]) % folds
    return _by_fold(measured, shares[square.ravel()], folds, f"blocks of {side}")


def chain_ends(
    measured: pd.DataFrame, depth: int, end: Literal["both", "proton-rich", "neutron-rich"] = "both"
) -> Split:
    """Hold out the outermost measured nuclei of every isotopic chain.

    Parameters
    ----------
    measured : DataFrame
        As for `Split`.
    depth : int
        How many nuclei, at each end.  A chain that would be left without a training nucleus is
        only trained on.
    end : {"both", "proton-rich", "neutron-rich"}
        Which end of the chains.

    Examples
    --------
    >>> from bmm.data import load_measured
    >>> from bmm.evaluation.splits import chain_ends
    >>> split = chain_ends(load_measured("AME2020").query("Z == 50"), depth=2)
    >>> split.test.index.get_level_values("N").tolist()
    [50, 51, 84, 85]
    """
    Z, N = numbers(measured.index)
    order = pd.Series(N, index=measured.index).groupby(Z)
    first, last = order.rank() <= depth, order.rank(ascending=False) <= depth
    outer = {"both": first | last, "proton-rich": first, "neutron-rich": last}[end]
    held = outer.to_numpy() & ~outer.groupby(Z).transform("all").to_numpy()
    return Split(f"{end} ends of {depth}", measured[~held], measured[held])


def _by_fold(
    measured: pd.DataFrame, fold: npt.NDArray[np.int64], folds: int, kind: str
) -> list[Split]:
    if not 2 <= folds <= len(measured):
        raise DataError(
            f"{folds} folds of {len(measured)} nuclei: expected at least 2, one nucleus each"
        )
    return [
        Split(f"{kind} {i + 1} of {folds}", measured[fold != i], measured[fold == i])
        for i in range(folds)
    ]


def _told_by(evaluation: str) -> pd.Index:
    """Nuclei that a model may know from an evaluation; of older ones, those that AME2003 kept.

    AME2003 withdrew what it distrusted.  For some nuclei AME1995 was right all the same, so a
    model as old may know them: data/README.md names those that later evaluations have measured.
    """
    nuclei = load_measured(evaluation).index
    if MEASURED_TABLES.index(evaluation) < MEASURED_TABLES.index("AME2003"):
        nuclei = nuclei.intersection(load_measured("AME2003").index)
    return nuclei


def informed_by(calibrated_on: str) -> pd.Index:
    """Nuclei (Z, N) that may have informed a model, by the evaluation it was calibrated on.

    Where that evaluation is not shipped, the next later one that is stands in.
    """
    known = calibrated_on in MEASURED_TABLES
    return _told_by(calibrated_on if known else MEASURED_TABLES[0])


@dataclass(frozen=True)
class Leak:
    """A model that may have seen test nuclei.

    Parameters
    ----------
    model : str
        Its name.
    calibrated_on : str
        Latest evaluation that may have informed it.
    seen : int
        At most how many test nuclei it was informed by.

    Examples
    --------
    >>> from bmm.evaluation.splits import Leak
    >>> Leak("FRDM2012", "AME2003", seen=0).seen
    0
    """

    model: str
    calibrated_on: str
    seen: int


def find_leaks(split: Split, cards: Mapping[str, Card]) -> list[Leak]:
    """List the models that may have seen test nuclei.

    A model calibrated on an evaluation has seen what was measured in it.  Where that evaluation
    is not shipped, the next later one that is stands in, so that no leak is missed; a model that
    learns sees the training nuclei and no others.

    Parameters
    ----------
    split : Split
        Training and test nuclei.
    cards : mapping of str to Card
        The models, by name.

    Returns
    -------
    list of Leak
        In the order of the cards.

    Examples
    --------
    HFB24 was adjusted to AME2012, which has masses that AME2003 lacks:

    >>> import bmm
    >>> from bmm.evaluation.splits import Split, find_leaks
    >>> from bmm.theory.library import find_card
    >>> old, new = bmm.load_measured("AME2003"), bmm.load_measured("AME2020")
    >>> split = Split("new since 2003", old, new.drop(index=old.index, errors="ignore"))
    >>> leaks = find_leaks(split, {"HFB24": find_card("HFB24")})
    >>> [(leak.model, leak.seen > 50) for leak in leaks]
    [('HFB24', True)]
    """
    leaks = []
    for name, card in cards.items():
        if card.calibrated_on in ("training", "none"):
            continue
        edition = card.calibrated_on.removeprefix("before ")
        seen = int(split.test.index.isin(informed_by(edition)).sum())
        if seen:
            leaks.append(Leak(name, card.calibrated_on, seen))
    return leaks


def refuse_leaks(split: Split, leaks: list[Leak]) -> None:
    """Raise a ConfigError that names the models which have seen test nuclei, if any."""
    if leaks:
        named = ", ".join(f"{each.model} ({each.seen} of {len(split.test)})" for each in leaks)
        raise ConfigError(
            f"split {split.name!r} is not blind: {named} may have been informed by test nuclei; "
            "leave these models out, or set allow_leaks = true to have them marked"
        )
