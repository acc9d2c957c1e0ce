"""Tasks one after the other, and their progress messages."""

import io
import operator

import pytest
from rich.console import Console

from bmm.data import load_measured
from bmm.errors import DataError
from bmm.execution.progress import Progress
from bmm.execution.tasks import TRIES, SerialEngine, Task, failure


@pytest.fixture
def carried_out():
    """Carry tasks out in this process: outcome of each, by name, and what was printed."""

    def run(*tasks):
        screen = io.StringIO()
        with Progress(Console(file=screen, width=200), len(tasks)) as progress:
            done = {each.task.name: each for each in SerialEngine().run(tasks, progress)}
        return done, screen.getvalue()

    return run


def test_results_come_back_by_name(carried_out):
    tasks = [Task(str(n), f"half of {n}", operator.truediv, (n, 2)) for n in (4, 6)]
    done, shown = carried_out(*tasks)
    assert {name: each.result for name, each in done.items()} == {"half of 4": 2, "half of 6": 3}
    assert all(failure(each) is None for each in done.values())
    assert "[1/2] half of 4" in shown
    first, second = (line for line in shown.splitlines() if "half" in line)
    assert "left" in first
    assert "left" not in second


def test_a_task_that_fails_three_times_is_named_and_the_others_go_on(carried_out, caplog):
    done, shown = carried_out(
        Task("a", "impossible", operator.truediv, (1, 0)),
        Task("b", "possible", operator.truediv, (1, 1)),
    )
    assert done["possible"].result == 1
    reason = failure(done["impossible"])
    assert reason == "failed 3 times, last with ZeroDivisionError: division by zero"
    assert f"impossible is left out: {reason}" in shown
    assert len(caplog.records) == TRIES


def test_an_error_of_bmm_is_not_tried_again(carried_out, caplog):
    done, _ = carried_out(Task("a", "no such table", load_measured, ("AME1066",)))
    assert isinstance(done["no such table"].error, DataError)
    assert "AME1066" in failure(done["no such table"])
    assert not caplog.records


def test_a_task_is_taken_only_when_those_before_it_have_ended():
    ended = []

    def tasks():
        for n in range(3):
            assert ended == list(range(n))
            yield Task(str(n), str(n), int, (n,))

    with Progress(Console(quiet=True), 3) as progress:
        ended.extend(each.result for each in SerialEngine().run(tasks(), progress))
    assert ended == [0, 1, 2]


def test_what_is_on_disk_and_what_is_dropped_count():
    screen = io.StringIO()
    with Progress(Console(file=screen, width=200), 3) as progress:
        progress.reused("old")
        progress.dropped()
        progress.started("key", "new", "a worker")
        progress.ended("key", 61.0)
    assert [line.strip() for line in screen.getvalue().splitlines()] == [
        "tasks",
        "[1/3] old, taken up from disk",
        "begun: new on a worker",
        "[2/2] new, 1 min 01 s on a worker",
    ]
