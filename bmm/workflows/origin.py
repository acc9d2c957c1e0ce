"""What a run began with: it continues with the same or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bmm.errors import RunError
from bmm.mixing.chain_storage import DECISIVE_PACKAGES

__all__ = ["refuse_other_origin"]

_REMEDY = "restore it, or begin again with bmm run --overwrite"


def refuse_other_origin(
    folder: Path, begun: dict[str, Any], now: dict[str, Any], *, sampled: bool
) -> None:
    """Refuse to continue a run that began with other inputs.

    Parameters
    ----------
    folder : Path
        The run folder, for messages.
    begun, now : dict
        ``configuration``, the text of ``config.toml``, and ``provenance``, see
        `bmm.workflows.run_provenance.provenance`: when the run began, and now.
    sampled : bool
        Whether all draws were made: other versions of the packages do not matter then.

    Raises
    ------
    RunError
        If the configuration, a table or, unless everything is sampled, a package differs; the
        message names it.
    """
    if begun["configuration"] != now["configuration"]:
        raise RunError(f"{folder / 'config.toml'} was changed since the run began; {_REMEDY}")
    tables, tables_now = (each["provenance"]["sha256"] for each in (begun, now))
    for name, checksum in tables.items():
        if tables_now.get(name) != checksum:
            raise RunError(
                f"{folder} was begun with another version of the table {name}; {_REMEDY}"
            )
    if sampled:
        return
    packages, packages_now = (each["provenance"]["packages"] for each in (begun, now))
    for name in ("nuclear-bmm", *DECISIVE_PACKAGES):
        if packages_now.get(name) != packages.get(name):
            raise RunError(
                f"{folder} was begun with {name} {packages.get(name)}, and there is "
                f"{packages_now.get(name)} now; {_REMEDY}"
            )
