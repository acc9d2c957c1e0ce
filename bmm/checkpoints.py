"""Checkpoints: parts of a long computation on disk, each used again only if it is what it was.

A checkpoint is a file and, beside it, a note that ends in ``.json``: what the part was computed
from, and the size and SHA-256 of the file.  Several processes, on several machines, may write
checkpoints into one folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bmm.errors import DamagedError, OriginError
from bmm.fingerprints import file_fingerprint, fingerprint
from bmm.writing import write_whole

__all__ = [
    "Checkpoint",
    "Seal",
    "check_seal",
    "difference",
    "read_record",
    "write_record",
    "write_sealed",
]

_ALWAYS_READ = 8 * 2**20
_intact: set[tuple[str, int, int, int, str]] = set()


@dataclass(frozen=True)
class Seal:
    """What a file is known by.

    Parameters
    ----------
    bytes : int
        Its size.
    sha256 : str
        Its checksum.

    Examples
    --------
    >>> from bmm.checkpoints import Seal
    >>> Seal(bytes=3, sha256="ab").bytes
    3
    """

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Seal:
        """Seal of a file as it is."""
        return cls(path.stat().st_size, file_fingerprint(path))


def check_seal(path: Path, seals: Iterable[Seal]) -> None:
    """See that a file is the one that was written.

    Sizes are compared first.  A file of more than 8 MiB is read once in a process, unless it
    changes; a smaller one every time.

    Parameters
    ----------
    path : Path
        The file.
    seals : iterable of Seal
        Any of which it may have.

    Raises
    ------
    DamagedError
        If it has none of them, is missing or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.checkpoints import check_seal, write_sealed
    >>> path, seals = Path(tempfile.mkdtemp()) / "x.txt", []
    >>> write_sealed(path, lambda temporary: temporary.write_text("abc"), seals.append)
    >>> check_seal(path, seals)  # the file is the one that was written
    """
    try:
        known = path.stat()
        for seal in seals:
            if known.st_size != seal.bytes:
                continue
            inode = known.st_ino
            key = (str(path.resolve()), known.st_size, known.st_mtime_ns, inode, seal.sha256)
            if key in _intact or file_fingerprint(path) == seal.sha256:
                if known.st_size > _ALWAYS_READ:
                    _intact.add(key)
                return
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror})") from error
    raise DamagedError(
        f"{path} is not the file that was written: it is damaged, or was changed; restore it, "
        "or make it again"
    )


def write_sealed(path: Path, write: Callable[[Path], object], note: Callable[[Seal], None]) -> None:
    """Write a file whole, and note its seal before it gets its name.

    Parameters
    ----------
    path : Path
        The file.
    write : callable
        See `bmm.writing.write_whole`.
    note : callable
        Keeps the seal.  If the process is killed right after that, the file is still the old one:
        its seal must be kept as well.

    Raises
    ------
    RunError
        If the file system refuses.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.checkpoints import check_seal, write_sealed
    >>> path, seals = Path(tempfile.mkdtemp()) / "x.txt", []
    >>> write_sealed(path, lambda temporary: temporary.write_text("abc"), seals.append)
    >>> check_seal(path, seals)
    >>> seals[0].bytes
    3
    """

    def sealed(temporary: Path) -> None:
        write(temporary)
        note(Seal.of(temporary))

    write_whole(path, sealed)


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values as JSON that tells whether it was changed; see `read_record`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.checkpoints import read_record, write_record
    >>> path = Path(tempfile.mkdtemp()) / "origin.json"
    >>> write_record(path, {"seed": 1})
    >>> read_record(path)
    {'seed': 1}
    """
    text = _record(content)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_record(path: Path) -> dict[str, Any]:
    """Read what `write_record` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedError
        If it cannot be read, or any character of it was changed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.checkpoints import read_record, write_record
    >>> path = Path(tempfile.mkdtemp()) / "origin.json"
    >>> write_record(path, {"seed": 1})
    >>> read_record(path)["seed"]
    1
    """
    try:
        text = path.read_bytes().decode("utf-8")
        content: dict[str, Any] = json.loads(text)
        del content["checksum"]
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{path} cannot be read: it is damaged, or was changed") from error
    if text != _record(content):
        raise DamagedError(f"{path} is not as it was written: it is damaged, or was changed")
    return content


def _record(content: Mapping[str, Any]) -> str:
    whole = {**content, "checksum": fingerprint(dict(content))}
    return json.dumps(whole, indent=2) + "\n"


def difference(begun: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Name the first key by which plain values differ, such as ``"packages.numba"``.

    Returns
    -------
    str or None
        None if they are the same.

    Examples
    --------
    >>> from bmm.checkpoints import difference
    >>> difference({"seed": 1, "packages": {"numba": "1"}}, {"seed": 1, "packages": {"numba": "2"}})
    'packages.numba'
    """
    for key in sorted({*begun, *now}):
        old, new = begun.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            inner = difference(old, new)
            if inner is not None:
                return f"{key}.{inner}"
        elif old != new:
            return str(key)
    return None


@dataclass(frozen=True)
class Checkpoint:
    """A part of a computation on disk.

    Parameters
    ----------
    path : Path
        The file.
    origin : mapping
        Everything that decides what it holds, as plain values.
    """

    path: Path
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def note(self) -> Path:
        """The file with the origin and the seal."""
        return self.path.with_name(f"{self.path.name}.json")

    def write(
        self, write: Callable[[Path], object], facts: Mapping[str, Any] | None = None
    ) -> None:
        """Write the part, whole or not at all.

        Parameters
        ----------
        write : callable
            See `bmm.writing.write_whole`.
        facts : mapping, optional
            Plain values to be kept beside it.

        Raises
        ------
        RunError
            If the file system refuses.
        """
        origin = self._origin()
        write_sealed(self.path, write, lambda seal: self._note(origin, facts or {}, seal))

    def read[T](self, read: Callable[[Path], T]) -> tuple[T, dict[str, Any]] | None:
        """Read the part, if it was written.

        Parameters
        ----------
        read : callable
            Reads the file at a path.

        Returns
        -------
        tuple or None
            What was read, and the facts kept beside it.

        Raises
        ------
        DamagedError
            If the file, or its note, is not as it was written.
        OriginError
            If it was computed from something else; the message names what differs.
        """
        if not self.path.is_file():
            return None
        try:
            noted = read_record(self.note)
        except FileNotFoundError:
            return None
        other = difference(noted["origin"], self._origin())
        if other is not None:
            raise OriginError(f"{self.path} was made with another {other!r}")
        check_seal(self.path, (Seal(**each) for each in noted["seals"]))
        return read(self.path), noted["facts"]

    def _origin(self) -> dict[str, Any]:
        """Origin as JSON gives it back."""
        plain: dict[str, Any] = json.loads(json.dumps(self.origin))
        return plain

    def _note(self, origin: dict[str, Any], facts: Mapping[str, Any], seal: Seal) -> None:
        seals = [seal]
        try:
            old = read_record(self.note)
            if old["origin"] == origin:
                seals.append(Seal(**old["seals"][0]))
        except (FileNotFoundError, DamagedError):
            pass
        content = {"origin": origin, "facts": facts, "seals": [asdict(each) for each in seals]}
        write_record(self.note, content)
