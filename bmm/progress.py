"""Named stages of long jobs: a bar while one runs, a line in the log, and where the time went.

A job opens a `recording`; whatever it calls, however deep, names its stages with `stage` or
`track`.  Outside of a recording these do nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

__all__ = ["Stages", "parallel", "recording", "stage", "track"]

logger = logging.getLogger(__name__)

_SILENCE = 30.0  # seconds between two lines of a stage where there is no terminal
_LONG = 2.0  # seconds of a stage that has a row of its own in the table


@dataclass
class _Running:
    """A stage that has begun and not ended."""

    name: str
    total: int | None
    task: TaskID
    begun: float
    inside: float = 0.0
    done: int = 0


class _Count(ProgressColumn):
    """Steps done of how many, where that is known."""

    def render(self, task: Task) -> Text:
        known = task.total is not None
        return Text(f"{task.completed:.0f}/{task.total:.0f}" if known else "")


class _Left(ProgressColumn):
    """Time left of what all steps are expected to take; rich forgets steps of half a minute ago."""

    def render(self, task: Task) -> Text:
        if not (whole := task.fields.get("whole")):
            return Text("")
        left = max(whole - (task.elapsed or 0.0), 0.0)
        return Text(f"{timedelta(seconds=round(left))} left")


class Stages:
    """Stages of one job.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to show them: bars on a terminal, lines elsewhere.  By default they are only timed.

    Attributes
    ----------
    seconds : dict of str to float
        Wall time of each stage, without that of the stages inside it, in the order of their ends.

    Examples
    --------
    >>> from bmm.progress import Stages
    >>> stages = Stages()
    >>> running = stages.begin("sampling")
    >>> stages.end(running)
    >>> stages.seconds["sampling"] >= 0
    True
    """

    def __init__(self, console: Console | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console or Console(quiet=True)
        self._running: list[_Running] = []
        self._spoken = 0.0
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=30), _Count(),
            TextColumn("{task.fields[note]}", markup=False), TimeElapsedColumn(),
            _Left(),
            console=self._console, transient=True,
            disable=self._console.quiet or not self._console.is_terminal,
        )  # fmt: skip

    def table(self) -> Table:
        """Lay out where the time went; stages of less than two seconds share a row."""
        table = Table(title="Where the time went", title_justify="left")
        table.add_column("stage")
        table.add_column("time (s)", justify="right")
        long = {name: each for name, each in self.seconds.items() if each >= _LONG}
        total = sum(self.seconds.values())
        for name, each in long.items():
            table.add_row(escape(name), f"{each:.1f}")
        if len(long) < len(self.seconds):
            table.add_row("shorter stages", f"{total - sum(long.values()):.1f}")
        table.add_row("total", f"{total:.1f}")
        return table

    def begin(self, name: str, total: int | None = None) -> _Running:
        """Begin a stage of a number of steps, if that is known."""
        if not self._running:
            self._bars.start()
        task = self._bars.add_task(escape(name), total=total, note="")
        self._running.append(_Running(name, total, task, time.perf_counter()))
        if len(self._running) == 1:
            self._say(name)
        return self._running[-1]

    def note(self, running: _Running, note: str) -> None:
        """Say what the next step of a stage is about."""
        self._bars.update(running.task, note=note)

    def step(self, running: _Running, left: float | None = None) -> None:
        """Count a step of a stage.

        Parameters
        ----------
        running : object
            What `begin` returned.
        left : float, optional
            Seconds until its end, if the caller has a better estimate than the steps so far give.
            The caller then writes a line for each step as well.
        """
        running.done += 1
        spent = time.perf_counter() - running.begun
        whole = spent / running.done * (running.total or 0) if left is None else spent + left
        self._bars.update(running.task, completed=running.done, whole=whole)
        if running.total and left is None and self._silent:
            left = whole - spent
            self._say(f"{running.name}: {running.done} of {running.total}, {left:.0f} s left")

    def drop(self, running: _Running) -> None:
        """Take away a step that will not be done."""
        running.total = (running.total or 1) - 1
        self._bars.update(running.task, total=running.total)

    def begin_part(self, name: str) -> TaskID:
        """Show one of the parts of a running stage that go on side by side."""
        return self._bars.add_task(escape(name), total=None, note="")

    def end_part(self, part: TaskID) -> None:
        """Show a part no longer."""
        self._bars.remove_task(part)

    def end(self, running: _Running) -> None:
        """End a stage, and those inside it that an error has left open."""
        while running in self._running:
            last = self._running.pop()
            self._bars.remove_task(last.task)
            seconds = time.perf_counter() - last.begun
            if self._running:
                self._running[-1].inside += seconds
            own = seconds - last.inside
            self.seconds[last.name] = self.seconds.get(last.name, 0.0) + own
            logger.info("%s: %.1f s", last.name, own)
            if seconds >= _LONG and not self._running:
                self._say(f"{last.name}: done in {seconds:.1f} s")
        if not self._running:
            self._bars.stop()

    def close(self) -> None:
        """End what an error has left open."""
        if self._running:
            self.end(self._running[0])

    @contextmanager
    def parallel(self, names: Sequence[str], total: int) -> Iterator[Callable[..., None]]:
        """Show a bar for each part of a running stage; see `parallel`."""
        tasks = [self._bars.add_task(escape(name), total=total, note="") for name in names]
        begun = time.perf_counter()

        def report(number: int, completed: int, note: str) -> None:
            whole = (time.perf_counter() - begun) / max(completed, 1) * total
            self._bars.update(tasks[number], completed=completed, note=note, whole=whole)
            if self._silent:
                self._say(f"{names[number]}: {completed} of {total}, {note}")

        try:
            yield report
        finally:
            for task in tasks:
                self._bars.remove_task(task)

    @property
    def _silent(self) -> bool:
        return time.perf_counter() - self._spoken > _SILENCE

    def _say(self, line: str) -> None:
        """Print a line where there are no bars."""
        self._spoken = time.perf_counter()
        if not self._console.is_terminal:
            self._console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


_ACTIVE: ContextVar[Stages | None] = ContextVar("stages", default=None)


@contextmanager
def recording(console: Console | None = None) -> Iterator[Stages]:
    """Record the stages of a job; inside another recording, that one continues.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to show them.

    Yields
    ------
    Stages
        With the time of each.

    Examples
    --------
    >>> from bmm.progress import recording, stage
    >>> with recording() as stages, stage("sampling"):
    ...     pass
    ...
    >>> list(stages.seconds)
    ['sampling']
    """
    active = _ACTIVE.get()
    if active is not None:
        yield active
        return
    stages = Stages(console)
    token = _ACTIVE.set(stages)
    try:
        yield stages
    finally:
        _ACTIVE.reset(token)
        stages.close()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Name what is done inside as a stage of the job that is recorded, if any.

    Examples
    --------
    Outside a recording nothing is measured:

    >>> from bmm.progress import stage
    >>> with stage("sampling"):
    ...     1 + 1
    ...
    2
    """
    stages = _ACTIVE.get()
    if stages is None:
        yield
        return
    running = stages.begin(name)
    try:
        yield
    finally:
        stages.end(running)


def track[Item](
    items: Iterator[Item] | Collection[Item],
    name: str,
    total: int | None = None,
    note: Callable[[Item], str] | None = None,
) -> Iterator[Item]:
    """Yield items one by one, as the steps of a stage of the job that is recorded, if any.

    Parameters
    ----------
    items : iterator or collection
        What to do.
    name : str
        Of the stage.
    total : int, optional
        How many, unless it is a collection.
    note : callable, optional
        Says in a few words what an item is.

    Examples
    --------
    >>> from bmm.progress import track
    >>> list(track([1, 2], "squares"))
    [1, 2]
    """
    stages = _ACTIVE.get()
    if stages is None:
        yield from items
        return
    running = stages.begin(name, len(items) if isinstance(items, Collection) else total)
    try:
        for item in items:
            if note is not None:
                stages.note(running, note(item))
            yield item
            stages.step(running)
    finally:
        stages.end(running)


@contextmanager
def parallel(names: Sequence[str], total: int) -> Iterator[Callable[..., None]]:
    """Show a bar for each of several parts of a stage that run side by side.

    Parameters
    ----------
    names : sequence of str
        Of the parts.
    total : int
        Steps of each.

    Yields
    ------
    callable
        To be called with the number of a part, how many of its steps are done, and a note.
    """
    stages = _ACTIVE.get()
    if stages is None:
        yield lambda *_: None
        return
    with stages.parallel(names, total) as report:
        yield report
