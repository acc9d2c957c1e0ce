"""Registries: what can be chosen by name, bmm's own and what other packages add.

Something of bmm's own is one line of a table, ``"name": "module:attribute"``, and is imported when
it is first used.  A package adds its own by an entry point of the registry's group
(https://packaging.python.org/specifications/entry-points).
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from bmm.errors import ConfigError, quoted

__all__ = ["Registry", "suggestion"]


def suggestion(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Write `` (did you mean 'x'?)`` where a known name resembles another; nothing elsewhere.

    Examples
    --------
    >>> from bmm.registry import suggestion
    >>> suggestion("Stakcing", ("stacking", "local-mixture"))
    " (did you mean 'stacking'?)"
    """
    folded = {each.casefold(): each for each in known}
    nearest = difflib.get_close_matches(name[:80].casefold(), folded, n=1)
    return f" (did you mean {folded[nearest[0]]!r}?)" if nearest else ""


class Registry[T]:
    """Things of one kind, by name.

    Parameters
    ----------
    what : str
        What one of them is, for messages.
    group : str
        Group of the entry points by which packages add their own.
    own : mapping of str to str
        Those of bmm: ``"module:attribute"`` by name.

    Examples
    --------
    >>> functions = Registry("function", "bmm.functions", {"square-root": "math:sqrt"})
    >>> functions["square-root"](2.25)
    1.5
    >>> functions["square"]
    Traceback (most recent call last):
        ...
    bmm.errors.ConfigError: no function is called 'square' (did you mean 'square-root'?): \
expected one of square-root
    """

    def __init__(self, what: str, group: str, own: Mapping[str, str]) -> None:
        self.what, self.group = what, group
        self._own = dict(own)
        self._found: tuple[tuple[str, ...], dict[str, EntryPoint]] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names: bmm's own, then those that packages add, in alphabetical order."""
        return tuple(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self._entries())

    def __contains__(self, name: object) -> bool:
        return name in self._entries()

    def __getitem__(self, name: str) -> T:
        """Import what is called so.

        Raises
        ------
        ConfigError
            If nothing is, or it cannot be imported.
        """
        entry = self._entries()[self.known(name)]
        try:
            return cast(T, entry.load())
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"the {self.what} {name!r} cannot be imported from {entry.value}: {error}"
            ) from error

    def known(self, name: str) -> str:
        """Return a name if it is one of `names`; nothing is imported.

        Raises
        ------
        ConfigError
            If it is not.
        """
        entries = self._entries()
        if name not in entries:
            raise ConfigError(
                f"no {self.what} is called {quoted(name)}{suggestion(name, entries)}: "
                f"expected one of {', '.join(entries)}"
            )
        return name

    def module(self, name: str) -> str:
        """Return the module of what is called so, for `bmm.fingerprints.code_fingerprint`."""
        return self._entries()[self.known(name)].module

    def _entries(self) -> dict[str, EntryPoint]:
        path = tuple(sys.path)
        if self._found is None or self._found[0] != path:
            self._found = path, self._collect()
        return self._found[1]

    def _collect(self) -> dict[str, EntryPoint]:
        found = {name: EntryPoint(name, value, self.group) for name, value in self._own.items()}
        for entry in sorted(entry_points(group=self.group), key=lambda each: each.name):
            other = found.setdefault(entry.name, entry)
            if other.value != entry.value:
                raise ConfigError(
                    f"two {self.what}s are called {entry.name!r}, {other.value} and {entry.value}: "
                    f"expected one entry point of the group {self.group} to have another name"
                )
        return found
