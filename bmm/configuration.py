"""Configuration: what a user may choose, checked strictly, and one sentence on what is wrong.

Every section of every file that bmm reads its settings from is a `Configuration`: run and compare
configurations, model cards, settings of mixing, methods, networks and table layouts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from bmm.errors import BmmError, ConfigError, quoted
from bmm.registry import Registry, suggestion

__all__ = ["Configuration", "checked", "explain", "read_toml", "tagged"]


_LONGEST_PLACE = 120


class Configuration(BaseModel):
    """Base of all settings: unknown keys and numbers that are not finite are refused.

    An instance does not change; `pydantic.BaseModel.model_copy` makes a changed copy.

    Examples
    --------
    >>> from bmm.configuration import Configuration
    >>> class Settings(Configuration):
    ...     draws: int = 1000
    ...
    >>> Settings(draws=200).draws
    200
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    # Of the validators before, a base's comes last: it sees the keys as a section rewrote them.
    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key '{key}'",
                        {"key": str(key), "known": tuple(cls.model_fields)},
                    )
        return data


def read_toml(path: Path, what: str, error: type[BmmError] = ConfigError) -> dict[str, Any]:
    """Read a TOML file, with or without a byte-order mark.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it should be, for the message.
    error : type, default ConfigError
        Raised if it cannot be read or is no TOML file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.configuration import read_toml
    >>> path = Path(tempfile.mkdtemp()) / "run.toml"
    >>> _ = path.write_text("seed = 1")
    >>> read_toml(path, "a configuration")
    {'seed': 1}
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise error(f"{path}: expected {what}, but {reason.strerror}") from reason
    except (ValueError, RecursionError) as reason:  # of numbers with thousands of digits, too
        raise error(f"{path}: expected a TOML file: {reason}") from reason


def checked[T: BaseModel](
    kind: type[T] | Callable[[Any, Any], T],
    data: Any,
    where: Path | str = "",
    *,
    folder: Path | None = None,
    error: type[BmmError] = ConfigError,
) -> T:
    """Make settings of plain values.

    Parameters
    ----------
    kind : type or callable
        A `Configuration`, or what `tagged` gives.
    data : dict
        As read from a file.
    where : Path or str, optional
        The file, for the message.
    folder : Path, optional
        Given to validators as ``info.context["folder"]``: what paths are relative to.
    error : type, default ConfigError
        Raised if a key is missing, unknown or has an impossible value; see `explain`.

    Examples
    --------
    >>> from bmm.configuration import checked
    >>> from bmm.mixing.settings import Noise
    >>> checked(Noise, {"family": "normal"}).family
    'normal'
    """
    context = None if folder is None else {"folder": folder}
    place = f"{_end_of(where)}: " if str(where) else ""
    try:
        if isinstance(kind, type):
            return cast("type[T]", kind).model_validate(data, context=context)
        return kind(data, context)
    except ValidationError as reason:
        raise error(f"{place}{explain(reason, data)}") from reason
    except BmmError as reason:
        raise error(f"{place}{reason}") from reason


def _end_of(where: Path | str) -> str:
    """Write a path; of a very long one its end, so that there is room for what is wrong."""
    text = str(where)
    return text if len(text) <= _LONGEST_PLACE else f"...{text[3 - _LONGEST_PLACE :]}"


def tagged[T: BaseModel](registry: Registry[type[T]], key: str) -> Callable[[Any, Any], T]:
    """Make a validator of settings whose kind is given by one of their keys.

    Parameters
    ----------
    registry : Registry
        The kinds.
    key : str
        The key.

    Returns
    -------
    callable
        For `pydantic.PlainValidator` and for `checked`.  It takes the name alone for settings
        without options, and settings that are made already.
    """

    def find(value: Any, info: ValidationInfo | dict[str, Any] | None) -> T:
        if isinstance(value, BaseModel):
            return cast(T, value)
        content = {key: value} if isinstance(value, str) else value
        if not isinstance(content, dict):
            raise ValueError(
                f"expected a name, or a table with the key {key!r}, not {quoted(value)}"
            )
        if key not in content:
            raise _fault("missing", key, content)
        try:
            kind = registry[content[key] if isinstance(content[key], str) else quoted(content[key])]
        except ConfigError as reason:
            wrong = PydanticCustomError("value_error", "{error}", {"error": str(reason)})
            raise _fault(wrong, key, content[key]) from reason
        context = info if info is None or isinstance(info, dict) else info.context
        return kind.model_validate(content, context=context)

    return find


def _fault(kind: str | PydanticCustomError, key: str, value: Any) -> ValidationError:
    details = InitErrorDetails(type=kind, loc=(key,), input=value)
    return ValidationError.from_exception_data("settings", [details])


def explain(error: ValidationError, data: Any) -> str:
    """Say in one sentence what is wrong with the first wrong key.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    data : dict
        What was checked: keys are named as they stand there.

    Examples
    --------
    >>> from pydantic import ValidationError
    >>> from bmm.configuration import explain
    >>> from bmm.mixing.settings import Noise
    >>> try:
    ...     Noise(family="cauchy")
    ... except ValidationError as error:
    ...     print(explain(error, {"family": "cauchy"}))
    key 'family': expected 'student_t' or 'normal', not 'cauchy'
    """
    first: Any = error.errors(include_url=False)[0]
    location, context = first["loc"], first.get("ctx", {})
    key = ".".join(_written(location, data))
    subject = f"key {quoted(key)}"
    match first["type"]:
        case "unknown_key":
            unknown, known = context["key"], context["known"]
            whole = f"{key}.{unknown}" if key else unknown
            return (
                f"unknown key {quoted(whole)}{suggestion(unknown, known)}: "
                f"expected one of {', '.join(known)}"
            )
        case "missing" if isinstance(location[-1], int):
            return f"{subject} has too few values"
        case "missing":
            missing = ".".join([*_written(location[:-1], data), str(location[-1])])
            return f"key {quoted(missing)} is missing"
        case "union_tag_not_found":
            tag = context["discriminator"].strip("'")
            return f"key {quoted(f'{key}.{tag}' if key else tag)} is missing"
        case "union_tag_invalid":
            tag = context["discriminator"].strip("'")
            return f"{subject}: expected {tag} = {context['expected_tags']}, not {context['tag']!r}"
        case "literal_error":
            return f"{subject}: expected {context['expected']}, not {quoted(first['input'])}"
        case "value_error":
            return f"{subject}: {context['error']}" if key else str(context["error"])
        case "too_short" | "too_long":
            few, bound = ("at least", "min") if first["type"] == "too_short" else ("at most", "max")
            return (
                f"{subject}: expected {few} {context[f'{bound}_length']} values, "
                f"not {context['actual_length']}"
            )
        case _:
            wanted = first["msg"].removeprefix("Input should be ").partition(", unable")[0]
            wanted = wanted.replace("greater than", "a value greater than")
            wanted = wanted.replace("less than", "a value less than")
            return f"{subject}: expected {wanted}, not {quoted(first['input'])}"


def _written(location: tuple[int | str, ...], data: Any) -> Iterator[str]:
    """Parts of a location that the file has; pydantic adds its own, such as a union's branch."""
    for part in location:
        with suppress(KeyError, IndexError, TypeError):
            data = data[part]
            yield str(part)
