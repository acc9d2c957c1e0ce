"""Files that appear whole or not at all."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from bmm.errors import RunError
from bmm.writing import (
    discard_unfinished,
    without_nan,
    write_folder_whole,
    write_json,
    write_whole,
)

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    return path


def only_the_old_is_there(path):
    return [each.name for each in path.parent.iterdir()] == [path.name] and (
        path.read_text() == "old"
    )


def test_a_file_is_replaced(old):
    write_whole(old, lambda path: path.write_text("new"))
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


def test_the_writer_sees_the_suffix_and_the_old_file(old):
    def write(path):
        assert path.suffix == ".csv"
        assert path.parent == old.parent
        assert old.read_text() == "old"
        path.write_text("new")

    write_whole(old, write)


@pytest.mark.parametrize("stop", [NO_SPACE, KeyboardInterrupt(), ValueError("a bug")])
def test_a_writer_that_stops_halfway_leaves_the_old_file(old, stop):
    def write(path):
        path.write_text("ne")
        raise stop

    with pytest.raises((RunError, KeyboardInterrupt, ValueError)):
        write_whole(old, write)
    assert only_the_old_is_there(old)


def test_a_full_disk_is_named(old):
    def write(path):
        raise NO_SPACE

    with pytest.raises(RunError, match=r"table\.csv could not be written \(No space left on dev"):
        write_whole(old, write)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_at_the_end_leaves_the_old_file(old, monkeypatch, call):
    def refuse(*_):
        raise NO_SPACE

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(RunError, match="what was there is kept"):
        write_whole(old, lambda path: path.write_text("new"))
    assert only_the_old_is_there(old)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RunError, match="No such file or directory"):
        write_whole(tmp_path / "nowhere" / "x.csv", lambda path: path.write_text("new"))


def test_a_killed_process_leaves_the_old_file(old):
    script = """
import sys, time
from pathlib import Path
from bmm.writing import (
    discard_unfinished,
    without_nan,
    write_folder_whole,
    write_json,
    write_whole,
)

def write(path):
    with path.open("w") as stream:
        stream.write("ne")
        stream.flush()
        print("halfway", flush=True)
        time.sleep(600)

write_whole(Path(sys.argv[1]), write)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, old], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(signal.SIGKILL)
    assert old.read_text() == "old"
    assert not [path for path in old.parent.glob("*.csv") if path != old and path.name[0] != "."]
    assert len(list(old.parent.iterdir())) == 2
    discard_unfinished(old.parent.parent)
    assert only_the_old_is_there(old)


def test_only_unfinished_files_are_discarded(tmp_path):
    names = [".hidden", ".hidden.csv", "x.7.csv", "x.csv", ".git.12/a.12.b"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
    discard_unfinished(tmp_path)
    assert all((tmp_path / name).read_text() == "kept" for name in names)


def test_what_json_does_not_have_becomes_none(tmp_path):
    content = {"a": [1.0, float("nan")], "b": {"c": float("-inf"), "d": "text", "e": 3}}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", content)
    assert not list(tmp_path.iterdir())
    write_json(tmp_path / "x.json", without_nan(content))
    expected = {"a": [1.0, None], "b": {"c": None, "d": "text", "e": 3}}
    assert json.loads((tmp_path / "x.json").read_text()) == expected


def fill(folder, text="new"):
    (folder / "mark").write_text(text)


def test_a_folder_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "deep" / "there"
    write_folder_whole(path, fill, mark="mark")
    assert [each.name for each in path.parent.iterdir()] == ["there"]
    assert (path / "mark").read_text() == "new"


@pytest.mark.parametrize("error", [RunError("no"), OSError(28, "No space left on device")])
def test_an_old_folder_stays_if_the_new_one_fails(tmp_path, error):
    path = tmp_path / "there"
    write_folder_whole(path, lambda folder: fill(folder, "old"), mark="mark")

    def fail(folder):
        fill(folder)
        raise error

    with pytest.raises(RunError, match=r"no|there could not be written \(No space"):
        write_folder_whole(path, fail, mark="mark", overwrite=True)
    assert [each.name for each in tmp_path.iterdir()] == ["there"]
    assert (path / "mark").read_text() == "old"
    write_folder_whole(path, fill, mark="mark", overwrite=True)
    assert [each.name for each in tmp_path.iterdir()] == ["there"]
    assert (path / "mark").read_text() == "new"


def test_only_a_folder_with_the_mark_is_replaced(tmp_path):
    path = tmp_path / "there"
    path.mkdir()
    write_folder_whole(path, fill, mark="mark")  # an empty one may be filled
    with pytest.raises(RunError, match="not empty; use --overwrite, or choose another"):
        write_folder_whole(path, fill, mark="mark")
    with pytest.raises(RunError, match="not empty; choose another"):
        write_folder_whole(path, fill, mark="another", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="not empty; choose another"):
        write_folder_whole(tmp_path / "file", fill, mark="mark", overwrite=True)
