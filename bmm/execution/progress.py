"""Progress of many tasks: lines that move on a terminal, and plain ones in a log file."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "duration"]


def duration(seconds: float) -> str:
    """Write a time as people do.

    Examples
    --------
    >>> [duration(each) for each in (3.21, 75, 4000)]
    ['3.2 s', '1 min 15 s', '1 h 07 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


class Progress:
    """What runs where and for how long, what has ended, and the time that is left.

    A terminal shows a line for each running task; elsewhere every beginning and end is a line.

    Parameters
    ----------
    console : Console
        Where to show it.
    total : int
        Number of tasks, with those that are taken up from disk.
    places : int, default 1
        How many run side by side.
    """

    def __init__(self, console: Console, total: int, places: int = 1) -> None:
        self._console = console
        self._total = total
        self._places = places
        self._done = 0
        self._times: list[float] = []
        self._running: dict[str, tuple[str, str, TaskID]] = {}
        self._begun = time.monotonic()
        self._bars = Bars(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._whole = self._bars.add_task("in all", total=total, left="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def started(self, key: str, name: str, where: str = "") -> None:
        """Show that a task runs, and on which worker; again, if it moved to another."""
        self._forget(key)
        line = f"{name} on {where}" if where else name
        bar = self._bars.add_task(line, total=None, left="")
        self._running[key] = (name, where, bar)
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
        self._bars.update(self._whole, total=self._total)

    def _count(self, what: str) -> None:
        self._done += 1
        left = self._left()
        self._bars.update(self._whole, completed=self._done, left=left)
        self._say(f"  [{self._done}/{self._total}] {what}{f'; {left}' if left else ''}")

    def _left(self) -> str:
        waiting = self._total - self._done
        if not (self._times and waiting > 0):
            return ""
        typical = sum(self._times) / len(self._times)
        return f"about {duration(typical * waiting / min(self._places, waiting))} left"

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    def _forget(self, key: str) -> None:
        if key in self._running:
            self._bars.remove_task(self._running.pop(key)[2])
