"""Folders of results: claimed by one process, begun, resumed, completed and read in one way.

``manifest.json`` says what the folder is for, what its results are made from, and whether they are
complete; it has the size and checksum of every file that is read again.  It is written when the
folder is begun and, with everything in it, last.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

import bmm
from bmm.checkpoints import Seal, check_seal, read_record, write_record, write_sealed
from bmm.errors import BmmError, RunError
from bmm.workflows.folder_lock import LOCK, folder_lock
from bmm.writing import discard_unfinished

__all__ = ["MANIFEST", "ResultFolder", "folder_kind"]

MANIFEST = "manifest.json"
"""Name of the file that makes a folder one of bmm's."""

_LOG = "log.txt"
_PATIENCE = 10.0  # seconds, for another process that adds a file


def folder_kind(path: Path) -> str | None:
    """Tell what a folder holds, such as ``"run"``; None if it is none of bmm's.

    Raises
    ------
    DamagedError
        If its manifest is not as it was written.

    Examples
    --------
    With `folder` of the example of `bmm.run`:

    >>> from bmm.workflows.result_folder import folder_kind
    >>> folder_kind(folder / "run"), folder_kind(folder)
    ('run', None)
    """
    try:
        return str(read_record(path / MANIFEST)["kind"])
    except (FileNotFoundError, NotADirectoryError):
        return None


class ResultFolder:
    """A folder that one command fills and others read; a subclass for each kind.

    Attributes
    ----------
    kind : str
        What it holds, such as ``"run"``.
    taken_up : tuple of str
        In which states, "begun" or "complete", its command continues with what is there.
    kept, remedy : str
        What a command that was interrupted leaves, and how to go on, with ``{path}`` for the
        folder.
    apart : tuple of str
        Files and folders in it that are not in the manifest, for nothing reads them or they have
        checksums of their own.

    Parameters
    ----------
    path : Path
        The folder.
    """

    kind: ClassVar[str]
    taken_up: ClassVar[tuple[str, ...]] = ()
    kept: ClassVar[str] = ""
    remedy: ClassVar[str] = ""
    apart: ClassVar[tuple[str, ...]] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = path / MANIFEST
        self.log = path / _LOG
        self.config = path / "config.toml"
        self.figures = path / "figures"
        self._content: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def begin(
        cls, path: Path, origin: Mapping[str, Any] | None = None, *, overwrite: bool = False
    ) -> Iterator[Self]:
        """Begin results in a new folder, and claim it meanwhile.

        Results of the same kind that are there are taken up again by the commands that can, and
        refused otherwise.  If the command ends by an error or is interrupted, the folder is left
        only if it holds work to go on from, see `holds_work`; the error then has a note.

        Parameters
        ----------
        path : Path
            Where.
        origin : mapping, optional
            What the results are made from, as plain values.
        overwrite : bool, default False
            Move results that are there out of the way, to ``<name>.previous``, until the new ones
            are complete; they come back if there are none.

        Raises
        ------
        RunError
            If something else is there, or results that may not be replaced; if another process
            works in the folder; or if it cannot be made.
        """
        folder, home = cls(path), path.resolve()
        inside = Path.cwd().is_relative_to(home)
        replaces = folder._make_way(overwrite=overwrite)
        if replaces and inside:  # the working directory was moved, and relative paths with it
            path = home
            folder = cls(path)
        try:
            path.resolve().mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{path}: the folder cannot be made ({error.strerror})") from error
        with folder_lock(path):
            there = folder._state()  # another process may have been faster
            if there not in ("nothing", *cls.taken_up):
                raise RunError(f"{path} was filled by another process meanwhile")
            folder._content = {
                "kind": cls.kind,
                "bmm": bmm.__version__,
                "origin": dict(origin or {}),
                "replaces_previous": replaces or folder._content.get("replaces_previous", False),
                "complete": False,
                "files": {},
            }
            folder._write_manifest()
            discard_unfinished(path)
            with folder._left_on_error(new=there == "nothing"):
                yield folder

    @classmethod
    @contextmanager
    def take_up(cls, path: Path) -> Iterator[Self]:
        """Claim a folder that was begun, to go on with it.

        Raises
        ------
        RunError
            If there is none, or another process works in it.
        """
        folder = cls._existing(path)
        with folder_lock(path):
            folder._read_manifest(f"{path} holds no {cls.kind}")
            discard_unfinished(path)
            with folder._left_on_error(new=False):
                yield folder

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder with complete results.

        Raises
        ------
        RunError
            If there is no such folder, or the results in it are not complete.
        """
        folder = cls._existing(path)
        folder._read_manifest(f"{path} holds no complete {cls.kind}")
        if not folder.is_complete:
            advice = f"; {cls.remedy.format(path=path)}" if cls.remedy else ""
            raise RunError(f"{path} holds no complete {cls.kind}: it was not finished{advice}")
        if folder.missing:
            missing = ", ".join(folder.missing)
            raise RunError(f"{path} holds no complete {cls.kind}: {missing} missing")
        return folder

    @property
    def is_complete(self) -> bool:
        """Whether the results are complete."""
        return bool(self._content.get("complete"))

    @property
    def missing(self) -> list[str]:
        """Names of the files in the manifest that are not there."""
        return [name for name in self._content["files"] if not (self.path / name).is_file()]

    @property
    def origin(self) -> dict[str, Any]:
        """What the results are made from."""
        return dict(self._content["origin"])

    def holds(self, path: Path) -> bool:
        """Tell whether a file is there, and in the manifest."""
        return self._name(path) in self._content.get("files", {}) and path.is_file()

    def verified(self, path: Path) -> Path:
        """Return the path of a file, if it is the one that was written.

        Raises
        ------
        DamagedError
            If it is not, or not in the manifest.
        """
        seals = self._content.get("files", {}).get(self._name(path), [])
        check_seal(path, (Seal(**each) for each in seals))
        return path

    def write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write a file whole, and into the manifest; only while the folder is claimed.

        Raises
        ------
        RunError
            If the file system refuses.
        """

        def note(seal: Seal) -> None:
            before = self._content["files"].get(self._name(path), [])[:1]
            self._content["files"][self._name(path)] = [asdict(seal), *before]
            self._write_manifest()

        write_sealed(path, write, note)

    def add(self, path: Path, write: Callable[[Path], object]) -> None:
        """Add a file to complete results, whole, and to the manifest.

        Raises
        ------
        RunError
            If the results were replaced since they were opened, or the file system refuses.
        """
        known = self._content["files"]
        with folder_lock(self.path, _PATIENCE):
            self._read_manifest(f"{self.path} holds no complete {self.kind}")
            files = self._content["files"]
            if not self.is_complete or any(files.get(name) != known[name] for name in known):
                raise RunError(f"{self.path} was replaced meanwhile: {path.name} is not written")
            self.write(path, write)

    def write_config(self, text: str) -> None:
        """Write the resolved configuration."""
        self.write(self.config, lambda path: path.write_text(text, encoding="utf-8"))

    def complete(self) -> None:
        """Write the manifest with all files: the results are complete."""
        files = {
            self._name(path): [asdict(Seal.of(path))]
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not self._is_apart(path)
        }
        self._content |= {"files": files, "complete": True}
        self._write_manifest()
        self._discard_previous()

    def reopen(self, *keep: Path) -> None:
        """Take all files but some out of the manifest: they are about to be replaced."""
        kept = {self._name(path) for path in keep}
        files = {name: each for name, each in self._content["files"].items() if name in kept}
        self._content |= {"files": files, "complete": False}
        self._write_manifest()

    def holds_work(self) -> bool:
        """Tell whether the folder holds work that is never thrown away."""
        return False

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()

    def _is_apart(self, path: Path) -> bool:
        first = path.relative_to(self.path).parts[0]
        return path.name.startswith(".") or first in (MANIFEST, _LOG, *self.apart)

    @property
    def _previous(self) -> Path:
        home = self.path.resolve()
        return home.with_name(f"{home.name}.previous")

    @classmethod
    def _existing(cls, path: Path) -> Self:
        if not path.is_dir():
            raise RunError(f"{path}: expected the folder of a {cls.kind}, but there is none")
        return cls(path)

    def _read_manifest(self, absent: str) -> None:
        """Read the manifest; `absent` begins the message if there is none."""
        try:
            content = read_record(self.manifest)
        except FileNotFoundError as error:
            raise RunError(f"{absent}: {MANIFEST} missing") from error
        if content["kind"] != self.kind:
            raise RunError(
                f"{self.path} is the folder of a {content['kind']}: expected that of a {self.kind}"
            )
        self._content = content

    def _write_manifest(self) -> None:
        write_record(self.manifest, self._content)

    def _state(self) -> str:
        """Tell what is there: "nothing", "something else", "begun" or "complete"; read it."""
        if not self.path.exists():
            return "nothing"
        if not self.path.is_dir():
            return "something else"
        names = {path.name for path in self.path.iterdir()} - {LOCK}
        if MANIFEST not in names:
            return "something else" if names else "nothing"
        self._read_manifest(str(self.path))
        if self.is_complete:
            return "complete"
        # A process that was killed at once leaves nothing else.
        return "begun" if names - {MANIFEST, _LOG} else "nothing"

    def _make_way(self, *, overwrite: bool) -> bool:
        """See that the folder may be begun; tell whether results were moved out of the way."""
        there = self._state()
        if there == "something else":
            raise RunError(
                f"{self.path} exists and is not the folder of a {self.kind}; choose another folder"
            )
        if there == "nothing" or (there in self.taken_up and not overwrite):
            return False
        if not overwrite:
            what = f"complete {self.kind}" if there == "complete" else f"{self.kind} to be resumed"
            raise RunError(f"{self.path} holds a {what}; choose another folder, or use --overwrite")
        if self._previous.exists():
            raise RunError(
                f"{self._previous} is left from an overwrite that was cut short; "
                "expected it to be removed, or renamed if it is wanted, first"
            )
        with folder_lock(self.path):
            self.path.resolve().rename(self._previous)
            (self._previous / LOCK).unlink(missing_ok=True)
        self._content = {}
        return True

    def _discard_previous(self) -> None:
        if self._content["replaces_previous"]:
            shutil.rmtree(self._previous, ignore_errors=True)
            self._content["replaces_previous"] = False
            self._write_manifest()

    @contextmanager
    def _left_on_error(self, *, new: bool) -> Iterator[None]:
        """Give a new folder up on an error, unless it holds work; say what is left."""
        try:
            yield
        except (BmmError, KeyboardInterrupt) as stop:
            if new and not self.is_complete and not self.holds_work():
                self._give_up()
            elif self.kept and (new or isinstance(stop, KeyboardInterrupt)):
                stop.add_note(f"{self.kept}; {self.remedy.format(path=self.path)}")
            raise

    def _give_up(self) -> None:
        """Leave nothing, and bring back what was moved out of the way."""
        replaces = self._content["replaces_previous"]
        with suppress(OSError):
            for path in self.path.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        with suppress(OSError):  # the working directory, for one, stays
            self.path.resolve().rmdir()
        if replaces:
            self._previous.rename(self.path.resolve())
