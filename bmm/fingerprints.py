"""Fingerprints: what a result was computed from, in 64 hexadecimal digits.

A stored result is used again as long as the fingerprint of its data, its settings and its code is
the same.  Code counts by its syntax, so that an edit of a comment or of a docstring voids nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bmm.arrays import FloatArray
from bmm.errors import RunError

__all__ = ["array_fingerprint", "code_fingerprint", "file_fingerprint", "fingerprint", "syntax"]

_PACKAGE = "bmm"
_BLOCK = 2**20


def fingerprint(content: Any) -> str:
    """SHA-256 of plain values.

    Parameters
    ----------
    content : dict, list, str, number, bool or None
        As JSON has them; the order of the keys of a dictionary does not matter.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def array_fingerprint(*arrays: FloatArray) -> str:
    """SHA-256 of the shapes, types and values of arrays, in their order.

    Examples
    --------
    >>> import numpy as np
    >>> from bmm.fingerprints import array_fingerprint
    >>> array_fingerprint(np.zeros(3)) == array_fingerprint(np.zeros(3))
    True
    """
    digest = hashlib.sha256()
    for each in arrays:
        digest.update(f"{each.dtype.str} {each.shape} ".encode())
        digest.update(each.tobytes())
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """SHA-256 of the bytes of a file.

    Raises
    ------
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.fingerprints import file_fingerprint
    >>> path = Path(tempfile.mkdtemp()) / "empty"
    >>> path.touch()
    >>> file_fingerprint(path)[:16]
    'e3b0c44298fc1c14'
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def syntax(source: str) -> str:
    """Syntax tree of Python source, without comments and docstrings, as text.

    Examples
    --------
    >>> syntax("x = 1  # one") == syntax("x = (1)")
    True
    >>> syntax("x = 1") == syntax("x = 2")
    False
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, [each for each in statements if not _is_text(each)])
    return ast.dump(tree)


def _is_text(statement: ast.AST) -> bool:
    """Tell whether a statement is a string alone: a docstring, or the note on an attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def code_fingerprint(*modules: str) -> str:
    """SHA-256 of the syntax of modules and of all that they import.

    Imports are followed inside bmm and inside the packages of the modules themselves.  The files
    are read once in a process, as its code was.

    Parameters
    ----------
    modules : str
        Full names, such as ``"bmm.mixing.model"``.

    Raises
    ------
    RunError
        If there is no source of a module, such as of one typed at a prompt.
    """
    return fingerprint(sorted(syntax(source) for source in _sources(modules).values()))


def _sources(modules: tuple[str, ...]) -> dict[str, str]:
    """Source of modules and of all that they import, by name."""
    packages = {_PACKAGE, *(each.partition(".")[0] for each in modules)}
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = None if name in found else _file(name)
        if path is None:
            if name in modules and name not in found:
                raise RunError(
                    f"the source of the module {name} cannot be found: expected a file, by which "
                    "results can be distinguished from those of other code"
                )
            continue
        found[name] = path.read_text(encoding="utf-8")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [
            each
            for each in _imports(found[name], package)
            if each.partition(".")[0] in packages and each not in found
        ]
    return found


def _imports(source: str, package: str) -> Iterator[str]:
    """Names that may be modules, of everything a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            home = importlib.util.resolve_name(relative, package) if node.level else relative
            yield home
            yield from (f"{home}.{each.name}" for each in node.names)


def _file(name: str) -> Path | None:
    """File of a module, which is not imported for that; None if there is none."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is not None:
        return Path(loaded) if loaded.endswith(".py") else None
    top, *parts = name.split(".")
    spec = None if top in sys.modules and not parts else importlib.util.find_spec(top)
    if spec is None:
        return None
    if not parts:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        whole = Path(folder, *parts)
        for path in (whole.with_name(f"{whole.name}.py"), whole / "__init__.py"):
            if path.is_file():
                return path
    return None
