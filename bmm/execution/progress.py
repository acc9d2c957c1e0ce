"""Progress of many tasks: lines that move on a terminal, and plain ones in a log file."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import TaskID

from bmm.progress import recording

__all__ = ["Progress", "duration"]


def duration(seconds: float) -> str:
    """Write a time as people do.

    Examples
    --------
    >>> from bmm.execution.progress import duration
    >>> [duration(each) for each in (3.21, 75, 4000)]
    ['3.2 s', '1 min 15 s', '1 h 07 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return "{} min {:02d} s".format(*divmod(round(seconds), 60))
    return "{} h {:02d} min".format(*divmod(round(seconds / 60), 60))


class Progress:
    """What runs where and for how long, what has ended, and the time that is left.

    It is a stage of the job that is recorded (see `bmm.progress`).  A terminal shows a line for
    each running task; elsewhere every beginning and end is a line.

    Parameters
    ----------
    console : Console
        Where to show it.
    total : int
        Number of tasks, with those that are taken up from disk.
    places : int, default 1
        How many run side by side.
    name : str, default "tasks"
        Of the stage.
    """

    def __init__(self, console: Console, total: int, places: int = 1, name: str = "tasks") -> None:
        self._console = console
        self._total = total
        self._places = places
        self._name = name
        self._done = 0
        self._times: list[float] = []
        self._running: dict[str, tuple[str, str, TaskID]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._stages = self._open.enter_context(recording(self._console))
        self._stage = self._stages.begin(self._name, self._total)
        self._open.callback(self._stages.end, self._stage)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for key in list(self._running):
            self._forget(key)
        self._open.close()

    def started(self, key: str, name: str, where: str = "") -> None:
        """Show that a task runs, and on which worker; again, if it moved to another."""
        self._forget(key)
        line = f"{name} on {where}" if where else name
        self._running[key] = (name, where, self._stages.begin_part(line))
        if where and not self._console.is_terminal:
            self._say(f"  begun: {escape(line)}")

    def ended(self, key: str, seconds: float, failure: str | None = None) -> None:
        """Show that a task has ended, or why it failed."""
        name, where, _ = self._running.get(key, (key, "", None))
        self._forget(key)
        if failure is not None:
            self._count(f"[yellow]{escape(name)} is left out:[/] {escape(failure)}")
            return
        self._times.append(seconds)
        self._count(f"{escape(name)}, {duration(seconds)}{f' on {escape(where)}' if where else ''}")

    def reused(self, name: str) -> None:
        """Show that a task need not be carried out."""
        self._count(f"{escape(name)}, taken up from disk")

    def dropped(self) -> None:
        """Count a task that will not be carried out, for another says why."""
        self._total -= 1
        self._stages.drop(self._stage)

    def _count(self, what: str) -> None:
        self._done += 1
        left = self._left()
        self._stages.step(self._stage, left)
        then = f"; about {duration(left)} left" if left > 0 else ""
        self._say(f"  [{self._done}/{self._total}] {what}{then}")

    def _left(self) -> float:
        """Seconds until all is done, by the tasks so far; 0 where nothing is known of it."""
        waiting = self._total - self._done
        if not (self._times and waiting > 0):
            return 0.0
        typical = sum(self._times) / len(self._times)
        return typical * waiting / min(self._places, waiting)

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    def _forget(self, key: str) -> None:
        if key in self._running:
            self._stages.end_part(self._running.pop(key)[2])
