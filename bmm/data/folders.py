"""Where the shipped mass tables, model cards and citation file lie."""

from __future__ import annotations

import difflib
from pathlib import Path

from bmm.errors import DataError

__all__ = ["check_name", "citation_file", "data_folder", "models_folder"]


def data_folder() -> Path:
    """Return the folder with the shipped mass tables.

    Examples
    --------
    >>> from bmm.data.folders import data_folder
    >>> (data_folder() / "measured" / "AME2020.toml").is_file()
    True
    """
    return _shipped("data")


def models_folder() -> Path:
    """Return the folder with the shipped model cards.

    Examples
    --------
    >>> from bmm.data.folders import models_folder
    >>> (models_folder() / "DZ33.toml").is_file()
    True
    """
    return _shipped("models")


def citation_file() -> Path:
    """Return the file ``CITATION.cff``, which says how to cite bmm.

    Examples
    --------
    >>> from bmm.data.folders import citation_file
    >>> citation_file().name
    'CITATION.cff'
    """
    return _shipped("CITATION.cff")


def _shipped(name: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    # The wheel's copy comes first: beside an installed bmm, site-packages/data is someone else's.
    for path in (package / "library" / name, package.parent / name):
        if path.exists():
            return path
    raise DataError(
        f"bmm's {name} is neither at {package / 'library' / name} (installed) nor at "
        f"{package.parent / name} (checkout); reinstall the package."
    )


def check_name(name: str, known: tuple[str, ...], kind: str) -> None:
    """Raise a DataError that lists the shipped tables unless `name` is one of them.

    Examples
    --------
    >>> from bmm.data.folders import check_name
    >>> check_name("AME2020", ("AME2016", "AME2020"), "measured")
    """
    if name in known:
        return
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.0)
    raise DataError(
        f"No {kind} table is called {name!r} (nearest: {folded[close[0]]!r}); "
        f"expected one of {', '.join(known)}."
    )
