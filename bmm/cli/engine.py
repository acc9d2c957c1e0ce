"""Where a command that has many tasks carries them out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bmm.errors import ConfigError

if TYPE_CHECKING:
    from bmm.execution.tasks import Engine

__all__ = ["EXIT_TASK_FAILED", "Scheduler", "Workers", "chosen_engine"]

EXIT_TASK_FAILED = 4

Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes on this machine that share the work; needs Dask. "
        "By default, all is done in this one.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Address of a Dask cluster that does the work, such as tcp://host:8786."),
]


@contextmanager
def chosen_engine(
    workers: int | None, scheduler: str | None, console: Console
) -> Iterator[Engine | None]:
    """Start or find the workers that were asked for; None if all is to be done in this process.

    Raises
    ------
    ConfigError
        If both were asked for.
    RunError
        If Dask is missing, or no scheduler answers.
    """
    if workers is None and scheduler is None:
        yield None
        return
    if workers is not None and scheduler is not None:
        raise ConfigError("--workers starts a cluster and --scheduler uses one: expected only one")
    from bmm.execution.cluster import connected, local_workers

    opened = connected(scheduler) if scheduler is not None else local_workers(workers or 1)
    with opened as engine:
        console.print(
            f"{engine.places} workers; dashboard: {engine.dashboard}",
            highlight=False,
            soft_wrap=True,
        )
        yield engine
