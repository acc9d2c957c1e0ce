"""What a result was made with: enough to make it again."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from typing import Any

from bmm.data import evaluation_path
from bmm.data.table_files import table_fingerprint
from bmm.theory.cards import Card

__all__ = ["provenance"]

_PACKAGES = (
    "nuclear-bmm", "pymc", "pytensor", "nutpie", "numba", "arviz", "numpy", "pandas", "xarray",
    "scipy",
)  # fmt: skip


def provenance(measured: Sequence[str], cards: Sequence[Card], seed: int) -> dict[str, Any]:
    """Record versions, machine, seed and the checksums of every table that was read.

    Parameters
    ----------
    measured : sequence of str
        Names of measured masses, or their files.
    cards : sequence of Card
        Models that were mixed.
    seed : int
        Seed of the run.

    Returns
    -------
    dict
        Plain values, ready for JSON.

    Raises
    ------
    DataError
        If a table cannot be read.

    Examples
    --------
    >>> from bmm.workflows.run_provenance import provenance
    >>> sorted(provenance(["AME2020"], [], seed=1))
    ['citations', 'machine', 'numba_fastmath', 'packages', 'python', 'seed', 'sha256']
    """
    files = {name: evaluation_path(name) for name in measured}
    for card in cards:
        if card.data_file is not None:
            files[card.name] = card.data_file
    packages = (*_PACKAGES, *(name for card in cards for name in card.packages))
    return {
        "seed": seed,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in packages},
        "numba_fastmath": False,
        "sha256": {name: table_fingerprint(path) for name, path in files.items()},
        "citations": {card.name: card.citation for card in cards},
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
