"""Configuration files: found by name or path, read, and checked against their model."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bmm.errors import ConfigError

__all__ = ["configuration_file", "read_checked", "shipped_files"]

_FOLDER = Path(__file__).resolve().parents[1] / "configurations"
_COMPARISON_SECTION = "split"


def shipped_files(*, comparisons: bool) -> dict[str, Path]:
    """Files of the shipped configurations, by name: of comparisons, or of runs."""
    return {
        path.stem: path
        for path in sorted(_FOLDER.glob("*.toml"))
        if (_COMPARISON_SECTION in tomllib.loads(path.read_text(encoding="utf-8"))) == comparisons
    }


def configuration_file(name_or_path: str | Path, shipped: dict[str, Path]) -> Path:
    """Find a configuration by the name of a shipped one or by its path.

    Raises
    ------
    ConfigError
        If it is neither a known name nor the path of a ``.toml`` file.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and name_or_path in shipped:
        return shipped[name_or_path]
    if path.suffix != ".toml":
        nearest = difflib.get_close_matches(str(name_or_path), shipped, n=1, cutoff=0.0)
        raise ConfigError(
            f"no configuration is called {str(name_or_path)!r} (nearest: {nearest[0]!r}); "
            f"expected one of {', '.join(shipped)}, or the path of a .toml file"
        )
    return path


def read_checked[Config: BaseModel](path: Path, kind: type[Config]) -> Config:
    """Read a TOML file into a configuration; its name is the file's unless it gives one.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a key is missing, unknown or impossible.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a configuration, but {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of numbers with thousands of digits, too
        raise ConfigError(f"{path}: expected a TOML file: {error}") from error
    try:
        return kind.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error, data, kind)}") from error


def _explain(error: ValidationError, data: dict[str, Any], kind: type[BaseModel]) -> str:
    """Say in one sentence what is wrong with the first wrong key."""
    first: Any = error.errors()[0]
    key = ".".join(_written(first["loc"], data))
    match first["type"]:
        case "missing" if isinstance(first["loc"][-1], int):
            return f"key {key!r} has too few values"
        case "missing":
            return f"key {'.'.join(map(str, first['loc']))!r} is missing"
        case "extra_forbidden":
            known = _known_keys(first["loc"][:-1], kind)
            nearest = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            return f"unknown key {key!r}{hint}: expected one of {', '.join(known)}"
        case "value_error":
            return f"key {key!r}: {first['ctx']['error']}" if key else str(first["ctx"]["error"])
        case _:
            return f"key {key!r}: {first['msg']}, not {first['input']!r}"


def _written(location: tuple[int | str, ...], data: Any) -> Iterator[str]:
    """Parts of a location that the file has; pydantic adds its own, such as a union's branch."""
    for part in location:
        with suppress(KeyError, IndexError, TypeError):
            data = data[part]
            yield str(part)


def _known_keys(location: tuple[int | str, ...], kind: type[BaseModel]) -> list[str]:
    """Keys of the section at a location; one of a union is told by its tag, such as a method."""
    sections = [kind]
    for part in location:
        inner = [
            each
            for section in sections
            if part in section.model_fields
            for each in _sections(section.model_fields[str(part)].annotation)
        ]
        sections = inner or [each for each in sections if part in _tags(each)] or sections
    return list(dict.fromkeys(key for section in sections for key in section.model_fields))


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """Models inside an annotation: a section may be optional, one of several or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = get_args(getattr(annotation, "__value__", annotation))
    return [each for part in inner for each in _sections(part)]


def _tags(section: type[BaseModel]) -> set[str]:
    return {each.default for each in section.model_fields.values() if isinstance(each.default, str)}
