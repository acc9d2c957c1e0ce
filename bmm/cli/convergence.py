"""What commands that read a run say of its chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from bmm.workflows.folder import RunFolder

__all__ = ["warn_unconverged"]


def warn_unconverged(folder: RunFolder) -> None:
    """Say on the error stream that the chains of a run disagree, if they do."""
    if not folder.read_scores()["converged"]:
        Console(stderr=True, soft_wrap=True).print(
            "[bold red]NOT CONVERGED:[/] the chains of this run disagree."
        )
