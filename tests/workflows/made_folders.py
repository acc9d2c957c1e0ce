"""Kinds of folders for the tests, and processes that fill them or are killed meanwhile."""

import signal
import subprocess
import sys
from pathlib import Path

from bmm.workflows.result_folder import ResultFolder


class Report(ResultFolder):
    """Results that are begun once, and resumed by another command."""

    kind = "report"
    kept = "the chapters are kept"
    remedy = "to go on: write {path}"
    apart = ("chapters",)

    def holds_work(self):
        return (self.path / "chapters").is_dir()


class Survey(Report):
    """Results whose command continues with what it finds."""

    kind = "survey"
    taken_up = ("begun", "complete")


class Sketch(ResultFolder):
    """Results that are begun again if they were not finished."""

    kind = "sketch"
    taken_up = ("begun",)


def write_text(text):
    return lambda path: path.write_text(text)


def fill(folder, text="1\n"):
    folder.write_config("a = 1\n")
    (folder.path / "table.csv").write_text(text)
    folder.figures.mkdir(exist_ok=True)
    (folder.figures / "x.png").write_text("a figure")
    folder.complete()


def make(path, kind=Report, text="1\n", **options):
    with kind.begin(path, {"seed": 1}, **options) as folder:
        fill(folder, text)
    return folder


def fail(path, stop, work=lambda folder: None, kind=Report, **options):
    """Begin the folder, do some work, and stop."""
    with kind.begin(path, **options) as folder:
        work(folder)
        raise stop


def fail_again(path, stop):
    with Report.take_up(path) as folder:
        assert folder.origin == {"seed": 2}
        raise stop


def read(path, kind=Report):
    folder = kind.open(path)
    return folder.verified(path / "table.csv").read_text()


def names(path):
    return sorted(each.name for each in path.iterdir())


def kill_at(path, code):
    """Let another process begin the folder, run the code in it and kill itself."""
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from made_folders import *
path = Path({str(path)!r})
def stop():
    os.kill(os.getpid(), signal.SIGKILL)
{code}
stop()
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
