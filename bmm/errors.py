"""The exceptions bmm raises for input it cannot use.

Each message is one sentence that names the file, row or key and what was expected.  The command
line prints it without a traceback.
"""

from __future__ import annotations

__all__ = [
    "BmmError",
    "ConfigError",
    "DamagedError",
    "DataError",
    "DomainError",
    "OriginError",
    "RunError",
]


class BmmError(Exception):
    """Base class of every error that bmm raises on purpose."""


class DataError(BmmError, ValueError):
    """A mass table, or a row of one, that cannot be used."""


class ConfigError(BmmError, ValueError):
    """A model card or a configuration with an unknown or impossible value."""


class DomainError(BmmError, ValueError):
    """A nucleus outside the chart on which a model or a mixture is defined."""


class RunError(BmmError, RuntimeError):
    """A run folder that cannot be written or read."""


class DamagedError(RunError):
    """A file that is not the one that bmm wrote: damaged, edited or missing."""


class OriginError(RunError):
    """A result that was begun with other data, settings or code than there are now."""
