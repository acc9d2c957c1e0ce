"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from bmm.errors import RunError

__all__ = ["discard_unfinished", "write_whole"]


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name beside it, then give it its own.

    An older file of that name stays as it was until the new one is complete.

    Parameters
    ----------
    path : Path
        The file.
    write : callable
        Called with the temporary path, which has the same suffix.

    Raises
    ------
    RunError
        If the file system refuses, such as a full disk.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"{path} could not be written ({reason}); what was there is kept") from error
    finally:
        temporary.unlink(missing_ok=True)


def discard_unfinished(folder: Path) -> None:
    """Delete the temporary files that writers left which were killed.

    Parameters
    ----------
    folder : Path
        Where, at any depth; nobody else may be writing there.
    """
    for path in folder.rglob(".*"):
        if re.fullmatch(r"\..+\.\d+\.\w+", path.name) and path.is_file():
            path.unlink(missing_ok=True)
