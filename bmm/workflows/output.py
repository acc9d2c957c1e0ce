"""Folders that a command fills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bmm.errors import RunError

__all__ = ["prepare_output"]


def prepare_output(path: Path, marks: Sequence[str], *, overwrite: bool) -> None:
    """Make a folder, or see that what is in it may be replaced.

    Parameters
    ----------
    path : Path
        The folder.
    marks : sequence of str
        Files by which the command knows a folder that it has filled itself.
    overwrite : bool
        Replace the files of such a folder.

    Raises
    ------
    RunError
        If the folder cannot be made, or holds anything else.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except OSError as error:
        raise RunError(f"{path}: the folder cannot be made ({error.strerror})") from error
    ours = all((path / name).exists() for name in marks)
    if taken and not (overwrite and ours):
        remedy = "use --overwrite, or " if ours else ""
        raise RunError(f"{path} is not empty; {remedy}choose another folder")
