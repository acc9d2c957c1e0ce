"""Nuclei by name: chains, regions and lists in files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bmm.data import read_nuclei
from bmm.errors import DomainError
from bmm.nuclides import label, numbers, select_nuclei

__all__ = ["chosen_nuclei"]


def chosen_nuclei(selection: str, available: pd.MultiIndex, purpose: str) -> pd.MultiIndex:
    """Find the nuclei that a text selects.

    Parameters
    ----------
    selection : str
        The path of a CSV file with columns Z and N; or nuclides and chains, as
        `bmm.nuclides.select_nuclei` reads them, between spaces: of several chains, what they have
        in common, such as "Z=50-60 N=90-100"; of several nuclides, all.
    available : MultiIndex (Z, N)
        Nuclei to choose from.
    purpose : str
        Use of the nuclei, such as "candidates", for error messages.

    Raises
    ------
    DomainError
        If nothing is selected, or a nucleus of a file is not available.
    DataError
        If the file cannot be read.

    Examples
    --------
    >>> from bmm.design.selection import chosen_nuclei
    >>> from bmm.nuclides import nuclide_index
    >>> available = nuclide_index([49, 50, 50], [90, 90, 92])
    >>> chosen_nuclei("Z=50", available, "candidates").tolist()
    [(50, 90), (50, 92)]
    """
    parts = selection.split()
    if not parts:
        raise DomainError(f"{purpose}: expected nuclei, such as 'Z=50', 'Sn-140' or a .csv file")
    if parts[0].endswith(".csv"):
        return _listed(Path(selection.strip()), available, purpose)
    try:
        chains = [part for part in parts if "=" in part]
        names = [part for part in parts if "=" not in part]
        found = available[:0]
        for name in names:
            found = found.union(select_nuclei(name, available))
        if chains:
            common = available
            for chain in chains:
                common = select_nuclei(chain, common)
            found = found.union(common)
    except DomainError as error:
        raise DomainError(f"{purpose} {selection!r}: {error}") from error
    return found


def _listed(path: Path, available: pd.MultiIndex, purpose: str) -> pd.MultiIndex:
    nuclei = read_nuclei(path)
    outside = ~nuclei.isin(available)
    if outside.any():
        Z, N = (int(each[outside][0]) for each in numbers(nuclei))
        rest = f" and {outside.sum() - 1} more" if outside.sum() > 1 else ""
        raise DomainError(
            f"{path}: {label(Z, N)}{rest}: expected {purpose} that are measured or "
            "that a model covers"
        )
    return nuclei
