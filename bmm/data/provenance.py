"""The provenance record that accompanies every shipped table."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Self

from pydantic import model_validator

from bmm.configuration import Configuration, checked, read_toml
from bmm.conversions import Convention, Quantity, Unit
from bmm.data.folders import data_folder
from bmm.data.references import Reference
from bmm.errors import DataError

__all__ = ["Calibration", "Command", "Differences", "Provenance", "Source", "read_provenance"]

Calibration = Literal[
    "before AME1993",
    "AME1993",
    "AME1995",
    "AME2003",
    "AME2012",
    "AME2016",
    "AME2020",
    "none",
]


class Source(Configuration):
    """The package the figures were taken from, or the file at `url` (`version` is its commit).

    `key` names what is taken of the file, where it holds more than one table.  What was taken is
    known by the checksum of the file, `archive_sha256`, or by that of all rows taken from it,
    `rows_sha256`: the lines ``Z,N,value``, sorted, before any is removed.
    """

    package: str
    version: str
    archive: str
    archive_sha256: str = ""
    rows_sha256: str = ""
    path: str
    key: str = ""
    url: str = ""

    @model_validator(mode="after")
    def _has_a_checksum(self) -> Self:
        if not (self.archive_sha256 or self.rows_sha256):
            raise ValueError("expected 'archive_sha256' or 'rows_sha256'")
        return self


class Command(Configuration):
    """The command of bmm that made the table, and the trained model it made with it."""

    command: str
    version: str
    model: str
    model_sha256: str


class Differences(Configuration):
    """The table of mass differences of an evaluation; see `load_differences`.

    `paths` are the files of its archive that are read besides the mass list.
    """

    file: str
    sha256: str
    n_rows: int
    paths: tuple[str, ...]
    notes: str = ""


class Provenance(Configuration):
    """Where a shipped table comes from and how to read it.

    `calibrated_on` names the latest AME edition whose masses may have informed the model's
    parameters: the model is blind to masses first measured in later editions.  Where no source
    at hand states it, `calibrated_on_confirmed` is false, the later candidate is taken, and
    `calibrated_on_note` says why.  `refiled_rows` counts the rows that the source files under a
    wrong N and that stand under the right one here.  `references` are what to cite: the
    publications that `citation` and the notes name.
    """

    name: str
    label: str
    file: str
    sha256: str
    n_rows: int
    quantity: Quantity
    unit: Unit
    electron_binding: Convention
    citation: str
    doi: str
    year: int
    calibrated_on: Calibration
    calibrated_on_confirmed: bool = True
    calibrated_on_note: str = ""
    interpolated_to_data: bool = False
    refiled_rows: int = 0
    licence: str
    notes: str = ""
    references: tuple[Reference, ...] = ()
    source: Source | Command
    differences: Differences | None = None


@lru_cache
def read_provenance(name: str) -> Provenance:
    """Return the provenance record of a shipped table, measured or theoretical.

    Raises
    ------
    DataError
        If no shipped table has that name, or its record is not valid.

    Examples
    --------
    >>> from bmm.data import read_provenance
    >>> read_provenance("AME2020").doi
    '10.1088/1674-1137/abddaf'
    """
    for kind in ("measured", "theory"):
        path = data_folder() / kind / f"{name}.toml"
        if path.is_file():
            break
    else:
        raise DataError(f"No shipped table is called {name!r}; see data/README.md for the list.")
    record = read_toml(path, "a provenance record", DataError)
    return checked(Provenance, record, path, error=DataError)
