"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmm.errors import RunError

__all__ = [
    "discard_unfinished",
    "without_nan",
    "write_folder_whole",
    "write_json",
    "write_whole",
]


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    r"""Write a file under a temporary name beside it, then give it its own.

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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.writing import write_whole
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> write_whole(path, lambda temporary: temporary.write_text("Z,N\n50,82\n"))
    >>> path.read_text().split()
    ['Z,N', '50,82']
    """
    # Other machines may write here as well, and have processes of the same number.
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.stem}.{token}{path.suffix}")
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


def write_folder_whole(
    path: Path, write: Callable[[Path], object], *, mark: str, overwrite: bool = False
) -> None:
    """Write a folder under a temporary name beside it, then give it its own.

    Parameters
    ----------
    path : Path
        The folder; those above it are made.
    write : callable
        Called with the temporary folder, which is empty.
    mark : str
        A file that `write` makes, by which such a folder is known.
    overwrite : bool, default False
        Replace a folder that has the mark; it stays as it was until the new one is complete.

    Raises
    ------
    RunError
        If something is there that may not be replaced, or the file system refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.writing import write_folder_whole
    >>> path = Path(tempfile.mkdtemp()) / "masses"
    >>> write = lambda folder: (folder / "masses.csv").write_text("Z,N")
    >>> write_folder_whole(path, write, mark="masses.csv")
    >>> sorted(each.name for each in path.iterdir())
    ['masses.csv']
    """
    home = path.resolve()
    temporary = home.with_name(f".{home.name}.{os.getpid()}.new")
    old = home.with_name(f".{home.name}.{os.getpid()}.old")
    try:
        if home.exists() and not (home.is_dir() and not any(home.iterdir())):
            ours = (home / mark).is_file()
            if not (overwrite and ours):
                remedy = "use --overwrite, or " if ours else ""
                raise RunError(f"{path} is not empty; {remedy}choose another folder")
        temporary.mkdir(parents=True)
        write(temporary)
        if home.exists():
            home.rename(old)
        temporary.rename(home)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"{path} could not be written ({reason})") from error
    finally:
        if old.exists() and not home.exists():
            old.rename(home)
        for left in (temporary, old):
            shutil.rmtree(left, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write plain values as JSON, whole; see `write_whole`.

    Parameters
    ----------
    path : Path
        The file.
    content : dict, list or number
        Without NaN, which JSON does not have; see `without_nan`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.writing import write_json
    >>> path = Path(tempfile.mkdtemp()) / "facts.json"
    >>> write_json(path, {"rms": 0.5})
    >>> path.read_text().split()
    ['{', '"rms":', '0.5', '}']
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    write_whole(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"))


def without_nan(value: Any) -> Any:
    """None, which JSON has, in place of every number that is not finite, at any depth.

    Examples
    --------
    >>> from bmm.writing import without_nan
    >>> without_nan({"rms": float("nan"), "n": 298})
    {'rms': None, 'n': 298}
    """
    match value:
        case dict():
            return {key: without_nan(each) for key, each in value.items()}
        case list():
            return [without_nan(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def discard_unfinished(folder: Path) -> None:
    """Delete the temporary files that writers left which were killed.

    Parameters
    ----------
    folder : Path
        Where, at any depth; nobody else may be writing there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.writing import discard_unfinished
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "masses.csv").write_text("Z,N")
    >>> discard_unfinished(folder)
    >>> [each.name for each in folder.iterdir()]
    ['masses.csv']
    """
    for path in folder.rglob(".*"):
        if re.fullmatch(r"\..+\.\d+(-[0-9a-f]{8})?\.\w+", path.name) and path.is_file():
            path.unlink(missing_ok=True)
