"""Which other commands of bmm compute on this machine, so that they can share its cores.

Each has a file in the user's runtime folder that is locked while it runs; the lock ends with the
process, however it ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from bmm.execution.threads import available_cores

if sys.platform != "win32":
    import fcntl

__all__ = ["Running", "announced", "oversubscription", "running"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """A command that computes.

    Parameters
    ----------
    process : int
        Its process id.
    command : str
        Such as ``"run"``.
    threads : int
        How many threads it may use.
    """

    process: int
    command: str
    threads: int


def _folder() -> Path:
    from platformdirs import user_runtime_path

    with warnings.catch_warnings():
        # Some systems have no runtime folder: then it is one among the temporary files.
        warnings.simplefilter("ignore", UserWarning)
        return user_runtime_path("bmm", ensure_exists=True)


@contextmanager
def announced(command: str, threads: int) -> Iterator[list[Running]]:
    """Announce a command while it computes, and give the others that do.

    Where files cannot be locked, nobody is seen.

    Parameters
    ----------
    command : str
        Its name.
    threads : int
        How many threads it may use.
    """
    try:
        others = running()
        stream = _written(Running(os.getpid(), command, threads))
    except OSError as error:
        logger.debug("commands of bmm on this machine are not known (%s)", error)
        yield []
        return
    try:
        yield others
    finally:
        Path(stream.name).unlink(missing_ok=True)
        stream.close()


def running() -> list[Running]:
    """Find the commands that compute now; files of those that were killed are deleted.

    Raises
    ------
    OSError
        If the runtime folder cannot be used.
    """
    found = []
    for path in sorted(_folder().glob("*.json")):
        try:
            with path.open("r+", encoding="utf-8") as stream:
                if _locked(stream):
                    path.unlink(missing_ok=True)
                else:
                    found.append(Running(**json.load(stream)))
        except (FileNotFoundError, ValueError, TypeError):  # it ends, or begins, at this moment
            continue
    return found


def oversubscription(threads: int, others: list[Running]) -> str | None:
    """Say in one sentence that there are more threads than cores; None if there are not.

    Examples
    --------
    >>> from bmm.execution.presence import Running, oversubscription
    >>> oversubscription(10**6, [Running(4242, "bmm run", 4)]) is None
    False
    """
    cores = available_cores()
    if not others or threads + sum(each.threads for each in others) <= cores:
        return None
    named = ", ".join(
        f"bmm {each.command} (process {each.process}, {each.threads} threads)" for each in others
    )
    return (
        f"{named} and this command, with {threads} threads, share {cores} cores and slow each "
        "other down; give each its part, as by bmm --threads 1"
    )


def _written(own: Running) -> IO[str]:
    # One process may compute several commands, one after the other or side by side.
    path = _folder() / f"{own.process}-{own.command}.json"
    stream = path.open("w", encoding="utf-8")
    _locked(stream)
    json.dump(asdict(own), stream)
    stream.flush()
    return stream


def _locked(stream: IO[str]) -> bool:
    """Try to lock a file; False if its process holds it."""
    if sys.platform == "win32":
        raise OSError("no locks")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
