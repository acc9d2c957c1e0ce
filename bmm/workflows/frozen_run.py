"""A forecast frozen: a date and checksums, by which it can be archived before it is tested."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bmm
from bmm.errors import DamagedError, RunError
from bmm.fingerprints import file_fingerprint
from bmm.workflows.folder import RunFolder

__all__ = ["FrozenRun", "freeze_run", "frozen_record"]

_FROZEN = "frozen.json"


@dataclass(frozen=True)
class FrozenRun:
    """What ``frozen.json`` says.

    Parameters
    ----------
    date : str
        When the run was frozen, UTC, ISO 8601.
    bmm : str
        Version that froze it.
    sha256 : dict of str to str
        Of the files that make the forecast: its configuration, posterior draws, predictive
        distributions and predictions.
    checksum : str
        SHA-256 of their names and checksums together, to be cited.
    """

    date: str
    bmm: str
    sha256: dict[str, str]
    checksum: str

    @property
    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "date": self.date, "bmm": self.bmm, "checksum": self.checksum, "sha256": self.sha256,
        }  # fmt: skip


def freeze_run(run: Path) -> FrozenRun:
    """Write the date and the checksums of a run's forecast into its folder.

    A run that is frozen already keeps its date.

    Parameters
    ----------
    run : Path
        Folder of a complete run.

    Raises
    ------
    RunError
        If it holds no complete run, was interrupted while it sampled, or has changed since it was
        frozen.
    """
    known = frozen_record(run)
    if known is not None:
        return known
    folder = RunFolder.open(run)
    if folder.read_scores()["convergence"]["partial"]:
        raise RunError(f"{run} was interrupted: expected a complete run; bmm resume {run}")
    sha256 = _checksums(folder)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = FrozenRun(now, bmm.__version__, sha256, _together(sha256))
    text = json.dumps(record.as_dict, indent=2) + "\n"
    folder.add(run / _FROZEN, lambda path: path.write_text(text, encoding="utf-8"))
    return record


def frozen_record(run: Path) -> FrozenRun | None:
    """Read when a run was frozen, and see that it is the same; None if it was not.

    Raises
    ------
    RunError
        If it holds no complete run, or a file is not the one that was frozen.

    Examples
    --------
    With `folder` of the example of `bmm.run`, which is not frozen:

    >>> from bmm.workflows.frozen_run import frozen_record
    >>> frozen_record(folder / "run") is None
    True
    """
    folder = RunFolder.open(run)
    if not folder.holds(run / _FROZEN):
        return None
    content = json.loads(folder.verified(run / _FROZEN).read_text(encoding="utf-8"))
    record = FrozenRun(**content)
    found = _checksums(folder)
    for name, sha256 in record.sha256.items():
        if found.get(name) != sha256:
            raise DamagedError(f"{run / name} is not the file that was frozen on {record.date}")
    return record


def _checksums(folder: RunFolder) -> dict[str, str]:
    files = (folder.config, folder.posterior, folder.distribution, folder.predictions)
    return {file.name: file_fingerprint(file) for file in files}


def _together(sha256: dict[str, str]) -> str:
    """SHA-256 of what ``sha256sum`` prints of the files, in alphabetical order."""
    lines = "".join(f"{sha256[name]}  {name}\n" for name in sorted(sha256))
    return hashlib.sha256(lines.encode()).hexdigest()
