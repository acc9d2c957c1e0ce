"""Folders of results: locked, opened, damaged, added to."""

import errno
import fcntl
import json
import subprocess
import sys

import pytest
from made_folders import (
    Report,
    Survey,
    fill,
    kill_at,
    make,
    names,
    read,
    write_text,
)

from bmm.errors import DamagedError, RunError
from bmm.workflows import folder_lock as locks
from bmm.workflows.folder_lock import folder_lock


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
    assert "the file system has no locks" in caplog.text


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
