"""Stages of long jobs: their bars, lines and seconds."""

import io
import logging

import pytest
from rich.console import Console

from bmm import progress
from bmm.progress import parallel, recording, stage, track


@pytest.fixture
def clock(monkeypatch):
    """A clock that is advanced by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])

    def pass_by(seconds=0):
        now[0] += seconds
        return now[0]

    return pass_by


def console(**options):
    return Console(file=io.StringIO(), width=100, **options)


def test_outside_of_a_recording_nothing_happens():
    with stage("alone"), parallel(["one"], 3) as report:
        report(0, 1, "")
        assert [*track(iter("abc"), "letters", 3)] == ["a", "b", "c"]


def test_the_seconds_of_a_stage_are_its_own(clock, caplog):
    with caplog.at_level(logging.INFO, "bmm.progress"), recording() as stages:
        with stage("outer"):
            clock(3)
            for _ in track([1, 2], "inner"):
                clock(5)
            clock(1)
        with stage("outer"), recording() as again:
            clock(2)
    assert again is stages
    assert stages.seconds == {"inner": 10, "outer": 6}
    assert caplog.messages == ["inner: 10.0 s", "outer: 4.0 s", "outer: 2.0 s"]


def test_without_a_terminal_there_are_lines(clock):
    shown = console()
    with recording(shown):
        for _ in track([*range(4)], "slow"):
            clock(20)
        with stage("fast"):
            clock(1)
    assert shown.file.getvalue().splitlines() == [
        "  slow", "  slow: 2 of 4, 40 s left", "  slow: 4 of 4, 0 s left",
        "  slow: done in 80.0 s", "  fast",
    ]  # fmt: skip


def test_on_a_terminal_there_are_bars_with_the_time_left(clock):
    shown = console(force_terminal=True, color_system=None, get_time=clock)
    with recording(shown) as stages:
        for each in track(["[a]", "b", "c"], "work [1]", note=str):
            stages._bars.refresh()
            clock(60)
            text = shown.file.getvalue()
            assert f" {each} " in text
        assert "work [1]" in text
        assert "2/3" in text
        assert "0:01:00 left" in text
        with stage("sampling"), parallel(["chain 1"], 10) as report:
            report(0, 7, "warm-up")
            stages._bars.refresh()
    assert "7/10 warm-up" in shown.file.getvalue()


def test_quiet_shows_no_progress(clock):
    shown = console(quiet=True, force_terminal=True)
    with recording(shown), stage("work"):
        clock(9)
    assert shown.file.getvalue() == ""


def test_an_error_leaves_no_bar_behind(clock):
    shown = console(force_terminal=True)

    def fail():
        for _ in track([1, 2], "outer"):
            for _ in track([1, 2], "inner"):
                raise RuntimeError

    with pytest.raises(RuntimeError), recording(shown) as stages:
        fail()
    assert not stages._bars.live.is_started
    assert stages.seconds.keys() == {"inner", "outer"}


def test_the_table_says_where_the_time_went(clock):
    shown = console()
    with recording() as stages:
        for name, seconds in (("sampling", 40), ("scores", 0.5), ("figures", 1.25)):
            with stage(name):
                clock(seconds)
    shown.print(stages.table())
    rows = [line.split("\N{BOX DRAWINGS LIGHT VERTICAL}") for line in
            shown.file.getvalue().splitlines()]  # fmt: skip
    cells = {row[1].strip(): row[2].strip() for row in rows if len(row) > 2}
    assert cells == {"sampling": "40.0", "shorter stages": "1.8", "total": "41.8"}
