"""Independent tasks, and the engine that carries them out one after the other in this process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bmm.errors import BmmError
from bmm.execution.progress import Progress

__all__ = ["TRIES", "Engine", "Finished", "SerialEngine", "Task", "failure"]

TRIES = 3
"""How often a task is tried before it is given up."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A call that depends on its arguments alone.

    Parameters
    ----------
    key : str
        Fingerprint of everything that decides the result.
    name : str
        What progress and errors call it.
    function : callable
        Function of a module, which a worker imports.
    arguments : tuple
        Its arguments, which are pickled for a worker.
    memory : float, default 0.5
        What it needs, GB.

    Examples
    --------
    >>> from bmm.execution.tasks import SerialEngine, Task
    >>> Task("key", "sum", sum, ([1, 2],)).function([1, 2])
    3
    """

    key: str
    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    memory: float = 0.5


@dataclass(frozen=True)
class Finished:
    """A task that has ended.

    Parameters
    ----------
    task : Task
        The task.
    result : object
        What its function returned; None if it failed.
    error : Exception, optional
        Why it failed: an error of bmm, which another try would only repeat, or what the last try
        raised.
    """

    task: Task
    result: Any = None
    error: Exception | None = None


class Engine(Protocol):
    """Carries tasks out."""

    @property
    def places(self) -> int:
        """How many tasks it carries out side by side."""

    def run(self, tasks: Iterable[Task], progress: Progress) -> Iterator[Finished]:
        """Carry tasks out, and hand each back when it ends, in whatever order that happens.

        A task is taken from the iterable only when it can soon begin.  An error of bmm ends a task
        at once; after any other exception it is tried again, `TRIES` times in all.

        Parameters
        ----------
        tasks : iterable of Task
            With different keys.
        progress : Progress
            Notified when a task begins and ends.

        Raises
        ------
        RunError
            If the engine itself is lost.
        """


class SerialEngine:
    """One task after the other, in this process."""

    places = 1

    def run(self, tasks: Iterable[Task], progress: Progress) -> Iterator[Finished]:
        """Carry tasks out in their order; see `Engine.run`."""
        for task in tasks:
            progress.started(task.key, task.name)
            begun = time.perf_counter()
            finished = _carried_out(task)
            seconds = time.perf_counter() - begun
            progress.ended(task.key, seconds, failure(finished))
            yield finished


def _carried_out(task: Task) -> Finished:
    for number in range(1, TRIES + 1):
        try:
            return Finished(task, task.function(*task.arguments))
        except BmmError as error:
            return Finished(task, error=error)
        except Exception as error:
            logger.warning("%s: try %d of %d failed", task.name, number, TRIES, exc_info=True)
            last = error
    return Finished(task, error=last)


def failure(finished: Finished) -> str | None:
    """Say in one line why a task failed; None if it did not.

    Examples
    --------
    >>> from bmm.execution.tasks import Finished, Task, failure
    >>> task = Task("key", "sum", sum, ([1, 2],))
    >>> failure(Finished(task, error=ValueError("no data")))
    'failed 3 times, last with ValueError: no data'
    """
    error = finished.error
    if error is None or isinstance(error, BmmError):
        return None if error is None else str(error)
    first = next(iter(str(error).splitlines()), "")
    return f"failed {TRIES} times, last with {type(error).__name__}: {first}"
