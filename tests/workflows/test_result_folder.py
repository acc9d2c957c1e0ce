"""Folders of results: begun, refused, replaced, given up, resumed."""

from pathlib import Path

import pytest
from made_folders import (
    Report,
    Sketch,
    Survey,
    fail,
    fail_again,
    fill,
    kill_at,
    make,
    names,
    read,
)

from bmm.errors import RunError
from bmm.workflows.result_folder import folder_kind


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


def test_a_failed_command_leaves_no_files(tmp_path):
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


def test_a_killed_result_is_incomplete_and_can_be_started_again(tmp_path):
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
