"""The files that make up a table, and their checksum."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bmm.errors import DataError
from bmm.fingerprints import file_fingerprint, fingerprint

__all__ = ["table_files", "table_fingerprint"]


def table_files(path: Path, files: str = "*") -> list[Path]:
    """List the files that make up a table: the one, those of a folder, or those of a pattern.

    Parameters
    ----------
    path : Path
        A file; a folder, of which every file counts that is not hidden; or a pattern such as
        ``masses/*.mass``.
    files : str, default "*"
        Of a folder, only the files of this pattern.

    Raises
    ------
    DataError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.table_files import table_files
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("50 82 -76.5")
    >>> [each.name for each in table_files(path.parent)]
    ['a.txt']
    """
    # These are false for impossible names too, such as one of 5,000 characters.
    if os.path.isdir(path):
        found = [each for each in path.glob(files) if not each.name.startswith(".")]
    elif re.search(r"[*?\[]", path.name) and not os.path.isfile(path):
        found = list(path.parent.glob(path.name))
    else:
        return [path]
    there = sorted(each for each in found if each.is_file())
    if not there:
        called = "" if files == "*" else f" called {files}"
        raise DataError(f"{path}: no file found; expected the files of a table{called}.")
    return there


def table_fingerprint(path: Path) -> str:
    """SHA-256 of a table: of its file, or of the names and checksums of its files.

    Raises
    ------
    DataError
        If a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.table_files import table_fingerprint
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("50 82 -76.5")
    >>> len(table_fingerprint(path))
    64
    """
    files = table_files(path)
    try:
        if files == [path]:
            return file_fingerprint(path)
        return fingerprint({each.name: file_fingerprint(each) for each in files})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: expected a mass table, but {reason}") from error
