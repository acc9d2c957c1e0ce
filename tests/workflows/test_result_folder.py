"""Folders of results: begun, refused, replaced, given up, resumed, completed, added to."""

import errno
import fcntl
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bmm.errors import DamagedError, RunError
from bmm.workflows import folder_lock as locks
from bmm.workflows.folder_lock import folder_lock
from bmm.workflows.result_folder import ResultFolder, folder_kind


class Report(ResultFolder):
    """Results that are begun once, and resumed by another command."""

    kind = "report"
    kept = "the chapters are kept"
    remedy = "to go on: write {path}"
    apart = ("chapters",)

    def holds_work(self):
        return (self.path / "chapters").is_dir()


class Survey(Report):
    """Results whose command goes on with what it finds."""

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
from test_result_folder import *
path = Path({str(path)!r})
def stop():
    os.kill(os.getpid(), signal.SIGKILL)
{code}
stop()
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_complete_results_are_read(tmp_path):
    path = tmp_path / "a" / "b"
    make(path)
    assert names(path) == ["config.toml", "figures", "manifest.json", "table.csv"]
    folder = Report.open(path)
    assert folder.is_complete
    assert folder.origin == {"seed": 1}
    assert folder.verified(folder.config).read_text() == "a = 1\n"
    assert folder_kind(path) == "report"
    assert folder_kind(tmp_path) is folder_kind(tmp_path / "c") is None


def test_an_empty_folder_is_taken(tmp_path):
    make(tmp_path)
    assert read(tmp_path) == "1\n"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["thesis.tex", "config.toml", "table.csv"])
@pytest.mark.parametrize("kind", [Report, Survey, Sketch])
def test_a_folder_of_something_else_is_never_touched(tmp_path, name, overwrite, kind):
    (tmp_path / name).write_text("precious")
    with (
        pytest.raises(RunError, match=rf"is not the folder of a {kind.kind}; choose another fol"),
        kind.begin(tmp_path, overwrite=overwrite),
    ):
        pass
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_another_kind_is_never_touched(tmp_path, overwrite):
    make(tmp_path / "x", Survey)
    message = "x is the folder of a survey: expected that of a report"
    with pytest.raises(RunError, match=message), Report.begin(tmp_path / "x", overwrite=overwrite):
        pass
    with pytest.raises(RunError, match=message):
        Report.open(tmp_path / "x")
    with pytest.raises(RunError, match=message), Report.take_up(tmp_path / "x"):
        pass
    assert read(tmp_path / "x", Survey) == "1\n"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_never_touched(tmp_path, overwrite):
    (tmp_path / "x").write_text("precious")
    with (
        pytest.raises(RunError, match="is not the folder of a report"),
        Report.begin(tmp_path / "x", overwrite=overwrite),
    ):
        pass
    with (
        pytest.raises(RunError, match=r"x/y: the folder cannot be made \(Not a directory\)"),
        Report.begin(tmp_path / "x" / "y", overwrite=overwrite),
    ):
        pass
    assert (tmp_path / "x").read_text() == "precious"


def test_complete_results_are_not_written_over(tmp_path):
    for kind in (Report, Sketch):
        make(tmp_path / kind.kind, kind)
        with (
            pytest.raises(RunError, match=f"holds a complete {kind.kind}; choose another folder"),
            kind.begin(tmp_path / kind.kind),
        ):
            pass
        assert read(tmp_path / kind.kind, kind) == "1\n"


def test_the_old_results_go_only_after_the_new_ones_are_complete(tmp_path):
    make(tmp_path / "x")
    with Report.begin(tmp_path / "x", overwrite=True) as folder:
        assert names(tmp_path) == ["x", "x.previous"]
        assert read(tmp_path / "x.previous") == "1\n"
        assert ".lock" not in names(tmp_path / "x.previous")
        fill(folder, "2\n")
    assert names(tmp_path) == ["x"]
    assert read(tmp_path / "x") == "2\n"


@pytest.mark.parametrize("stop", [RunError("no"), KeyboardInterrupt()])
def test_an_overwrite_that_fails_brings_the_old_results_back(tmp_path, stop):
    make(tmp_path / "x")
    with pytest.raises(type(stop)):
        fail(
            tmp_path / "x",
            stop,
            lambda folder: (folder.path / "half.csv").write_text("half"),
            overwrite=True,
        )
    assert names(tmp_path) == ["x"]
    assert read(tmp_path / "x") == "1\n"
    assert names(tmp_path / "x") == ["config.toml", "figures", "manifest.json", "table.csv"]


def test_an_overwrite_cut_short_keeps_the_old_results(tmp_path):
    make(tmp_path / "x")
    begun = "with Report.begin(path, overwrite=True) as folder:"
    kill_at(tmp_path / "x", f"{begun}\n    folder.write_config('')\n    stop()")
    with (
        pytest.raises(RunError, match=r"x\.previous is left from an overwrite .* cut short"),
        Report.begin(tmp_path / "x", overwrite=True),
    ):
        pass
    assert read(tmp_path / "x.previous") == "1\n"
    with Report.take_up(tmp_path / "x") as folder:
        fill(folder, "2\n")
    assert names(tmp_path) == ["x"]


def test_an_overwrite_killed_at_once_may_begin_again(tmp_path):
    make(tmp_path / "x")
    kill_at(tmp_path / "x", "with Report.begin(path, overwrite=True):\n    stop()")
    make(tmp_path / "x", text="2\n")
    assert names(tmp_path) == ["x"]
    assert read(tmp_path / "x") == "2\n"


def test_only_what_this_command_moved_is_discarded(tmp_path):
    make(tmp_path / "x.previous")
    make(tmp_path / "x")
    assert read(tmp_path / "x.previous") == "1\n"


def test_giving_up_leaves_nothing(tmp_path):
    def work(folder):
        folder.log.write_text("begun")
        (folder.figures / "deep").mkdir(parents=True)

    with pytest.raises(RunError) as caught:
        fail(tmp_path / "x", RunError("no"), work)
    assert names(tmp_path) == []
    assert not hasattr(caught.value, "__notes__")


def test_giving_up_never_throws_work_away(tmp_path):
    make(tmp_path / "x")

    def work(folder):
        (folder.path / "chapters").mkdir()

    with pytest.raises(RunError) as caught:
        fail(tmp_path / "x", RunError("no"), work, overwrite=True)
    note = f"the chapters are kept; to go on: write {tmp_path / 'x'}"
    assert caught.value.__notes__ == [note]
    assert names(tmp_path / "x") == ["chapters", "manifest.json"]
    assert read(tmp_path / "x.previous") == "1\n"
    with (
        pytest.raises(RunError, match="holds a report to be resumed; choose another folder, or u"),
        Report.begin(tmp_path / "x"),
    ):
        pass


def test_a_resumed_command_never_gives_up(tmp_path):
    kill_at(tmp_path / "x", "with Report.begin(path, {'seed': 2}) as folder:\n    stop()")
    for stop in (RunError("no"), KeyboardInterrupt()):
        with pytest.raises(type(stop)):
            fail_again(tmp_path / "x", stop)
        assert names(tmp_path / "x") == ["manifest.json"]
    assert stop.__notes__ == [f"the chapters are kept; to go on: write {tmp_path / 'x'}"]


def test_what_goes_on_by_itself_is_taken_up(tmp_path):
    path = tmp_path / "x"
    kill_at(path, "with Survey.begin(path) as folder:\n    folder.write_config('')\n    stop()")
    with pytest.raises(RunError, match="no complete survey: it was not finished; to go on: write"):
        Survey.open(path)
    make(path, Survey, text="2\n")
    make(path, Survey, text="3\n")
    assert read(path, Survey) == "3\n"
    with pytest.raises(RunError):
        fail(path, RunError("no"), kind=Survey)
    assert "table.csv" in names(path)
    with pytest.raises(RunError, match="it was not finished"):
        Survey.open(path)


def test_a_sketch_that_was_killed_is_begun_again(tmp_path):
    path = tmp_path / "x"
    code = "with Sketch.begin(path) as folder:\n    folder.write_config('')\n    stop()"
    kill_at(path, code)
    with pytest.raises(RunError, match=r"holds no complete sketch: it was not finished$"):
        Sketch.open(path)
    make(path, Sketch)
    assert read(path, Sketch) == "1\n"


def test_temporary_files_of_a_killed_process_are_deleted(tmp_path):
    path = tmp_path / "x"
    kill_at(path, "with Report.begin(path) as folder:\n    stop()")
    (path / "chapters").mkdir()
    for name in (".table.77-0123abcd.csv", "chapters/.one.77.nc"):
        (path / name).write_text("the beginning")
    with Report.take_up(path):
        assert names(path) == [".lock", "chapters", "manifest.json"]
        assert names(path / "chapters") == []


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "x"
    make(path, Survey)
    with Survey.begin(path) as folder:
        for other in (Survey.begin(path), Survey.begin(path, overwrite=True), Survey.take_up(path)):
            with pytest.raises(RunError, match="x is in use by another process"), other:
                pass
        fill(folder, "2\n")
    assert read(path, Survey) == "2\n"
    assert ".lock" not in names(path)


def test_a_process_that_waited_too_long_to_begin_finds_the_folder_filled(tmp_path, monkeypatch):
    path = tmp_path / "x"
    made_way = Report._make_way

    def slow(folder, **options):
        monkeypatch.setattr(Report, "_make_way", made_way)
        found = made_way(folder, **options)
        make(path)
        return found

    monkeypatch.setattr(Report, "_make_way", slow)
    with (
        pytest.raises(RunError, match="x was filled by another process meanwhile"),
        Report.begin(path),
    ):
        pass
    assert read(path) == "1\n"


def test_a_lock_goes_with_its_process(tmp_path):
    kill_at(tmp_path / "x", "with Report.begin(path) as folder:\n    stop()")
    assert ".lock" in names(tmp_path / "x")
    with Report.take_up(tmp_path / "x"):
        pass
    assert ".lock" not in names(tmp_path / "x")


def test_a_lock_that_its_owner_has_just_deleted_is_no_lock(tmp_path, monkeypatch):
    lock, tries = locks._lock, []

    def late(stream, folder):
        tries.append(stream)
        if len(tries) == 1:
            (folder / ".lock").unlink()
        lock(stream, folder)

    monkeypatch.setattr(locks, "_lock", late)
    with folder_lock(tmp_path):
        assert len(tries) == 2
        with pytest.raises(RunError, match="in use"), folder_lock(tmp_path):
            pass


def test_a_patient_process_waits(tmp_path):
    script = """
import sys, time
from pathlib import Path
from bmm.workflows.folder_lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match="in use"), folder_lock(tmp_path, 0.1):
            pass
        other.stdin.write("\n")
        other.stdin.flush()
        with folder_lock(tmp_path, 60):
            pass


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    make(tmp_path / "x")
    assert "the file system knows no locks" in caplog.text


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / ".lock").mkdir()
    with (
        pytest.raises(RunError, match=r"cannot be written \(Is a directory\)"),
        Report.begin(tmp_path),
    ):
        pass


def test_opening_nothing(tmp_path):
    for look in (Report.open, lambda path: Report.take_up(path).__enter__()):
        with pytest.raises(RunError, match="expected the folder of a report, but there is none"):
            look(tmp_path / "x")
        with pytest.raises(RunError, match=r"holds no .*report: manifest\.json missing"):
            look(tmp_path)


@pytest.mark.parametrize("missing", ["config.toml", "table.csv", "figures/x.png"])
def test_a_missing_file_is_named(tmp_path, missing):
    make(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(RunError, match=f"holds no complete report: {missing} missing"):
        Report.open(tmp_path)


@pytest.mark.parametrize("name", ["table.csv", "config.toml", "figures/x.png"])
@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty"])
def test_a_damaged_file_is_refused_by_name(tmp_path, name, damage):
    make(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    path.write_bytes(
        {
            "flip": bytes([content[0] ^ 1]) + content[1:],
            "cut": content[:-1],
            "longer": content + b" ",
            "empty": b"",
        }[damage]
    )
    folder = Report.open(tmp_path)
    with pytest.raises(DamagedError, match=rf"{name} is not the file that was written: it is dam"):
        folder.verified(path)


def test_every_bit_and_length_of_the_manifest_counts(tmp_path):
    make(tmp_path)
    manifest = tmp_path / "manifest.json"
    content = manifest.read_bytes()
    for place in range(len(content)):
        for changed in (
            content[:place] + bytes([content[place] ^ 1 << place % 7]) + content[place + 1 :],
            content[:place],
        ):
            manifest.write_bytes(changed)
            with pytest.raises(RunError, match=r"manifest\.json"):
                Report.open(tmp_path)
    manifest.write_bytes(content)
    assert read(tmp_path) == "1\n"


def test_a_manifest_of_something_else_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"files": []}))
    with pytest.raises(DamagedError, match=r"manifest\.json cannot be read"):
        Report.open(tmp_path)
    with (
        pytest.raises(DamagedError, match=r"manifest\.json cannot be read"),
        Report.begin(tmp_path),
    ):
        pass
    assert names(tmp_path) == ["manifest.json"]


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_a_file_killed_while_it_is_replaced_is_the_old_or_the_new_one(tmp_path, when):
    """The seal is noted before the file has its name; both of its seals then fit."""
    stop = {
        "before": "checkpoints.Seal.of = lambda path: stop()",
        "between": "os.replace = lambda old, new: stop() if 'table' in str(new) else "
        "rename(old, new)",
        "after": "os.replace = lambda old, new: rename(old, new) if 'table' not in str(new) else "
        "(rename(old, new), stop())",
    }[when]
    code = f"""
from bmm import checkpoints
rename = os.replace
with Report.begin(path) as folder:
    folder.write(path / "table.csv", write_text("old"))
    {stop}
    folder.write(path / "table.csv", write_text("new"))
"""
    kill_at(tmp_path, code)
    with Report.take_up(tmp_path) as folder:
        found = folder.verified(tmp_path / "table.csv").read_text()
        assert found == ("new" if when == "after" else "old")
        folder.complete()
    assert read(tmp_path) == found


def test_a_file_that_was_never_noted_counts_for_nothing(tmp_path):
    with Report.begin(tmp_path / "x") as folder:
        stray = folder.path / "stray.csv"
        stray.write_text("1")
        assert not folder.holds(stray)
        with pytest.raises(DamagedError, match=r"stray\.csv is not the file that was written"):
            folder.verified(stray)
        folder.complete()
        assert folder.holds(stray)


def test_files_are_added_to_complete_results(tmp_path):
    make(tmp_path)
    folder = Report.open(tmp_path)
    folder.add(tmp_path / "more.csv", write_text("2\n"))
    assert Report.open(tmp_path).verified(tmp_path / "more.csv").read_text() == "2\n"
    (tmp_path / "more.csv").write_text("3\n")
    with pytest.raises(DamagedError, match=r"more\.csv is not the file"):
        Report.open(tmp_path).verified(tmp_path / "more.csv")


def test_files_of_replaced_results_are_not_added(tmp_path):
    make(tmp_path)
    folder = Report.open(tmp_path)
    make(tmp_path, text="2\n", overwrite=True)
    with pytest.raises(RunError, match=r"was replaced meanwhile: more\.csv is not written"):
        folder.add(tmp_path / "more.csv", write_text("2\n"))
    with Report.take_up(tmp_path) as again:
        again.reopen(again.config)
    with pytest.raises(RunError, match="was replaced meanwhile"):
        folder.add(tmp_path / "more.csv", write_text("2\n"))
    assert "more.csv" not in names(tmp_path)


def test_results_that_are_replaced_are_not_complete(tmp_path):
    make(tmp_path)
    with Report.take_up(tmp_path) as folder:
        folder.reopen(folder.config)
        assert folder.holds(folder.config)
        assert not folder.holds(tmp_path / "table.csv")
    with pytest.raises(RunError, match="holds no complete report: it was not finished"):
        Report.open(tmp_path)


def test_the_working_directory_and_links(tmp_path, monkeypatch):
    make(tmp_path / "x")
    link = tmp_path / "latest"
    link.symlink_to(tmp_path / "x")
    make(link, text="2\n", overwrite=True)
    assert link.is_symlink()
    assert read(tmp_path / "x") == "2\n"
    monkeypatch.chdir(tmp_path / "x")
    make(Path(), text="3\n", overwrite=True)
    assert read(tmp_path / "x") == "3\n"
    assert names(tmp_path) == ["latest", "x"]
