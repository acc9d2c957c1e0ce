"""Configuration files: found by name or path, read, and checked against their model."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Literal

from bmm.configuration import Configuration, checked, read_toml
from bmm.errors import ConfigError

__all__ = ["configuration_file", "read_configuration", "shipped_files"]

_FOLDER = Path(__file__).resolve().parents[1] / "configurations"


def shipped_files(command: Literal["run", "compare"]) -> dict[str, Path]:
    """Files of the shipped configurations of a command, by name.

    Examples
    --------
    >>> from bmm.workflows.reading import shipped_files
    >>> sorted(shipped_files("run"))[0]
    'default'
    """
    return {path.stem: path for path in sorted((_FOLDER / command).glob("*.toml"))}


def configuration_file(name_or_path: str | Path, shipped: dict[str, Path]) -> Path:
    """Find a configuration by the name of a shipped one or by its path.

    Raises
    ------
    ConfigError
        If it is neither a known name nor the path of a ``.toml`` file.

    Examples
    --------
    >>> from bmm.workflows.config import shipped_configurations
    >>> from bmm.workflows.reading import configuration_file
    >>> configuration_file("default", shipped_configurations()).name
    'default.toml'
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


def read_configuration[Config: Configuration](path: Path, kind: type[Config]) -> Config:
    """Read a TOML file into a configuration; its name is the file's unless it gives one.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a key is missing, unknown or impossible.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.workflows.config import RunConfig
    >>> from bmm.workflows.reading import read_configuration
    >>> path = Path(tempfile.mkdtemp()) / "tin.toml"
    >>> _ = path.write_text('theory = { models = ["HFB24", "DZ33"] }')
    >>> read_configuration(path, RunConfig).name
    'tin'
    """
    data = read_toml(path, "a configuration")
    return checked(kind, {"name": path.stem} | data, path)
