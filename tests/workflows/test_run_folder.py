"""Run folders: made, refused, replaced, given up, read."""

import errno
import fcntl
import resource
import signal

import numpy as np
import pytest
import xarray as xr

from bmm.errors import DomainError, RunError
from bmm.workflows.config import RunConfig, Theory
from bmm.workflows.folder import RunFolder

CONFIG = RunConfig(name="mine", theory=Theory(models=["DZ33"]))
PREDICTIONS = "Z,N,symbol,mean\n11,12,Na,-9.5\n11,13,Na,-8.4\n50,82,Sn,-76.5\n"


@pytest.fixture
def tree():
    rng = np.random.default_rng(3)
    beta = rng.normal(size=(2, 400, 20)).astype(np.float32)
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"beta": (("chain", "draw", "basis"), beta)}),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), beta[..., 0] > 0)}),
        }
    )


def begin(path, **options):
    folder = RunFolder.create(path, **options)
    folder.write_config(CONFIG)
    folder.log.write_text("begun\n")
    return folder


def finish(folder, tree, **scores):
    folder.write_posterior(tree)
    folder.predictions.write_text(PREDICTIONS)
    folder.evaluation.write_text("")
    folder.write_scores({"converged": True, **scores})
    folder.conclude()


@pytest.fixture
def complete(tmp_path, tree):
    folder = begin(tmp_path / "runs" / "mine")
    finish(folder, tree, n=1)
    return folder


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_new_folder_and_an_empty_one_are_taken(tmp_path):
    RunFolder.create(tmp_path / "a" / "b")
    RunFolder.create(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == []


def test_a_complete_run_is_not_written_over(complete):
    with pytest.raises(RunError, match="holds a complete run; choose another folder or overwrite"):
        RunFolder.create(complete.path)


def test_a_half_written_run_is_not_written_over(tmp_path):
    begin(tmp_path / "x")
    with pytest.raises(
        RunError, match="holds a run to be resumed; choose another folder or overwrite"
    ):
        RunFolder.create(tmp_path / "x")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["thesis.tex", "config.toml"])
def test_a_folder_of_something_else_is_never_touched(tmp_path, name, overwrite):
    (tmp_path / name).write_text("precious")
    with pytest.raises(RunError, match="is not a run folder; choose another folder"):
        RunFolder.create(tmp_path, overwrite=overwrite)
    assert (tmp_path / name).read_text() == "precious"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_never_touched(tmp_path, overwrite):
    (tmp_path / "x").write_text("precious")
    with pytest.raises(RunError, match="is not a run folder"):
        RunFolder.create(tmp_path / "x", overwrite=overwrite)
    with pytest.raises(RunError, match=r"x/y: the run folder cannot be made \(Not a directory\)"):
        RunFolder.create(tmp_path / "x" / "y", overwrite=overwrite)
    assert (tmp_path / "x").read_text() == "precious"


def test_the_old_run_goes_only_after_the_new_one_is_complete(complete, tree):
    new = begin(complete.path, overwrite=True)
    previous = complete.path.with_name("mine.previous")
    assert RunFolder.open(previous).read_scores()["n"] == 1
    finish(new, tree, n=2)
    assert RunFolder.open(complete.path).read_scores()["n"] == 2
    assert names(complete.path.parent) == ["mine"]


def test_an_overwrite_cut_short_keeps_the_old_run(complete):
    begin(complete.path, overwrite=True)
    with pytest.raises(RunError, match=r"mine\.previous is left from an overwrite .* cut short"):
        RunFolder.create(complete.path, overwrite=True)
    assert RunFolder.open(complete.path.with_name("mine.previous")).read_scores()["n"] == 1


def test_only_what_this_run_moved_is_discarded(tmp_path, tree):
    other = begin(tmp_path / "mine.previous")
    finish(other, tree)
    finish(begin(tmp_path / "mine"), tree)
    assert RunFolder.open(other.path).path == other.path


def test_giving_up_brings_the_old_run_back(complete):
    begin(complete.path, overwrite=True).give_up()
    assert RunFolder.open(complete.path).read_scores()["n"] == 1
    assert names(complete.path.parent) == ["mine"]


def test_giving_up_leaves_nothing(tmp_path):
    begin(tmp_path / "x").give_up()
    assert names(tmp_path) == []


def test_giving_up_never_throws_a_posterior_away(complete, tree):
    new = begin(complete.path, overwrite=True)
    new.write_posterior(tree)
    new.give_up()
    assert names(new.path) == ["begun.json", "config.toml", "log.txt", "posterior.nc"]
    assert RunFolder.open(complete.path.with_name("mine.previous")).read_scores()["n"] == 1


def store_draws(folder, complete):
    path = folder.chains / ("free-0.nc" if complete else "free-0.zarr/sample_stats/logp/c/0/0")
    path.parent.mkdir(parents=True)
    path.write_text("draws")


@pytest.mark.parametrize("complete", [False, True])
def test_giving_up_never_throws_stored_draws_away(tmp_path, complete):
    folder = begin(tmp_path / "x")
    store_draws(folder, complete)
    assert not folder.give_up()
    assert names(folder.path) == ["chains", "config.toml", "log.txt"]
    assert RunFolder.reopen(folder.path).read_config() == CONFIG


def test_giving_up_takes_streams_without_draws_away(tmp_path):
    folder = begin(tmp_path / "x")
    (folder.chains / "free-0.zarr" / "sample_stats" / "logp").mkdir(parents=True)
    (folder.chains / ".free-0.17.nc").write_text("the beginning of a chain")
    assert folder.give_up()
    assert names(tmp_path) == []


def test_a_resumed_overwrite_discards_the_old_run_in_the_end(complete, tree):
    begin(complete.path, overwrite=True).write_begun({"any": "thing"})
    resumed = RunFolder.reopen(complete.path)
    assert resumed.read_begun() == {"replaces_previous": True, "origin": {"any": "thing"}}
    finish(resumed, tree, n=2)
    assert names(complete.path.parent) == ["mine"]
    assert not resumed.begun.exists()


def test_an_overwrite_killed_at_once_may_begin_again(complete, tree):
    RunFolder.create(complete.path, overwrite=True)
    assert names(complete.path) == ["begun.json"]
    finish(begin(complete.path), tree, n=2)
    assert names(complete.path.parent) == ["mine"]


def test_what_a_posterior_gave_is_discarded_with_it(complete):
    complete.figures.mkdir()
    complete.discard_results()
    assert names(complete.path) == ["config.toml", "log.txt", "posterior.nc"]


def test_one_process_at_a_time(tmp_path):
    folder = begin(tmp_path / "x")
    with folder.claimed():
        with (
            pytest.raises(RunError, match="x is in use by another process"),
            RunFolder.reopen(folder.path).claimed(),
        ):
            pass
        with pytest.raises(RunError, match="x is in use by another process"):
            RunFolder.create(folder.path, overwrite=True)
    with RunFolder.reopen(folder.path).claimed():
        pass
    assert folder.log.read_text() == "begun\n"


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with begin(tmp_path / "x").claimed():
        assert "the file system knows no locks" in caplog.text


def test_a_folder_that_cannot_be_written(tmp_path):
    folder = begin(tmp_path / "x")
    folder.log.unlink()
    folder.log.mkdir()
    with (
        pytest.raises(RunError, match=r"log\.txt cannot be written \(Is a directory\)"),
        folder.claimed(),
    ):
        pass


def test_what_a_run_began_with_must_be_readable(tmp_path):
    folder = begin(tmp_path / "x")
    assert folder.read_begun() == {}
    folder.begun.write_text("{")
    with pytest.raises(RunError, match=r"begun\.json cannot be read"):
        folder.read_begun()


def test_reopening_what_is_no_run(tmp_path):
    with pytest.raises(RunError, match="expected a run folder, but there is none"):
        RunFolder.reopen(tmp_path / "x")
    with pytest.raises(RunError, match=r"holds no run: config\.toml missing"):
        RunFolder.reopen(tmp_path)


def test_the_working_directory_and_links(complete, tree, tmp_path, monkeypatch):
    link = tmp_path / "latest"
    link.symlink_to(complete.path)
    finish(begin(link, overwrite=True), tree, n=2)
    assert link.is_symlink()
    assert RunFolder.open(complete.path).read_scores()["n"] == 2
    monkeypatch.chdir(complete.path)
    finish(begin(complete.path.__class__("."), overwrite=True), tree, n=3)


def test_opening_nothing(tmp_path):
    with pytest.raises(RunError, match="expected a run folder, but there is none"):
        RunFolder.open(tmp_path / "x")


@pytest.mark.parametrize(
    "missing", ["config.toml", "posterior.nc", "predictions.csv", "evaluation.csv"]
)
def test_opening_a_damaged_run(complete, missing):
    (complete.path / missing).unlink()
    with pytest.raises(RunError, match=f"holds no complete run: {missing} missing"):
        RunFolder.open(complete.path)


def test_a_run_killed_after_any_file_does_not_open(tmp_path, tree):
    folder = RunFolder.create(tmp_path / "x")
    stages = [
        lambda: folder.write_config(CONFIG),
        lambda: folder.write_posterior(tree),
        lambda: folder.predictions.write_text(PREDICTIONS),
        lambda: folder.evaluation.write_text(""),
    ]
    for stage in stages:
        stage()
        with pytest.raises(RunError, match=r"holds no complete run: .*scores\.json missing"):
            RunFolder.open(folder.path)
    folder.write_scores({})
    assert RunFolder.open(folder.path).read_scores() == {}


def test_the_posterior_survives_writing(complete, tree):
    assert complete.read_posterior().identical(tree)


@pytest.mark.parametrize("part", np.linspace(0, 0.999, 12))
def test_a_cut_posterior_is_refused(complete, part):
    content = complete.posterior.read_bytes()
    complete.posterior.write_bytes(content[: int(part * len(content))])
    with pytest.raises(RunError, match=r"posterior\.nc cannot be read"):
        complete.read_posterior()


@pytest.mark.parametrize("seed", range(8))
def test_damaged_draws_are_refused(complete, tree, seed):
    content = bytearray(complete.posterior.read_bytes())
    rng = np.random.default_rng(seed)
    place = rng.integers(len(content) // 4, len(content) // 2)  # amid the compressed draws
    content[place : place + 256] = rng.bytes(256)
    complete.posterior.write_bytes(content)
    with pytest.raises(RunError, match=r"posterior\.nc cannot be read"):
        complete.read_posterior()


@pytest.mark.parametrize("part", [0.01, 0.5, 0.99])
def test_a_full_disk_keeps_the_old_posterior(complete, tree, part):
    size = complete.posterior.stat().st_size
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(part * size), limits[1]))
        with pytest.raises(RunError, match=r"posterior\.nc could not be written .* is kept"):
            complete.write_posterior(tree)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert complete.read_posterior().identical(tree)
    assert not [name for name in names(complete.path) if name.startswith(".")]


def test_selected_predictions_come_in_the_order_of_the_chart(complete):
    chosen = complete.select_predictions(["50,82", "Na-23"])
    assert chosen[["Z", "N"]].to_numpy().tolist() == [[11, 12], [50, 82]]
    assert chosen["symbol"].tolist() == ["Na", "Sn"]
    with pytest.raises(DomainError, match="'Sn-133' selects none of the 3"):
        complete.select_predictions(["Na-23", "Sn-133"])


@pytest.mark.parametrize("text", ["", "Z,M\n1,2\n", "Z,N\n1,2\n1,2\n", "Z,N\n1\n2,3,4,5\n"])
def test_damaged_predictions_are_refused(complete, text):
    complete.predictions.write_text(text)
    with pytest.raises(RunError, match=r"predictions\.csv cannot be read"):
        complete.select_predictions(["Na-23"])


def test_damaged_scores_are_refused(complete):
    complete.scores.write_text('{"converged": tr')
    with pytest.raises(RunError, match=r"scores\.json cannot be read"):
        complete.read_scores()


def test_scores_are_strict_json(complete):
    with pytest.raises(ValueError, match="not JSON compliant"):
        complete.write_scores({"rms": float("nan")})
