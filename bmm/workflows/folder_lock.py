"""One process at a time in a folder; the lock ends with the process, however it ends."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bmm.errors import RunError

if sys.platform != "win32":
    import fcntl

__all__ = ["LOCK", "folder_lock"]

LOCK = ".lock"
"""Name of the file that is locked; it is there only while the folder is worked on."""

_PAUSE = 0.02  # seconds between two tries

logger = logging.getLogger(__name__)


@contextmanager
def folder_lock(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Keep other processes from working in a folder.

    Parameters
    ----------
    folder : Path
        It must be there.
    patience : float, default 0
        How long to wait for another process, seconds.

    Raises
    ------
    RunError
        If another process works in it, or it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.workflows.folder_lock import folder_lock
    >>> with folder_lock(Path(tempfile.mkdtemp())):
    ...     print("no other process works here")
    ...
    no other process works here
    """
    path = folder / LOCK
    last = time.monotonic() + patience
    while (stream := _locked(path, wait=time.monotonic() < last)) is None:
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        # Deleted while it is still locked: a process that opened it meanwhile notices.
        path.unlink(missing_ok=True)
        stream.close()


def _locked(path: Path, *, wait: bool) -> IO[str] | None:
    """Lock the file; None if that is to be tried again."""
    try:
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path.parent} cannot be written ({error.strerror})") from error
    try:
        _lock(stream, path.parent)
        if path.stat().st_ino == os.fstat(stream.fileno()).st_ino:
            return stream
    except BlockingIOError as error:
        stream.close()
        if not wait:
            raise RunError(f"{path.parent} is in use by another process") from error
    except FileNotFoundError:  # the other process has ended, and deleted it
        pass
    stream.close()
    return None


def _lock(stream: IO[str], folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        logger.warning("%s: the file system has no locks", folder)
