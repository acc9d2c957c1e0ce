"""A run that is taken up again: what it refuses, and what it leaves when it is stopped."""

import pytest

from bmm.checkpoints import read_record, write_record
from bmm.errors import DamagedError, RunError
from bmm.workflows import pipeline
from bmm.workflows.config import Chart, Data, RunConfig, Theory
from bmm.workflows.folder import RunFolder
from bmm.workflows.pipeline import resume, run

CONFIG = RunConfig(
    name="mine",
    data=Data(Z=(40, 42), N=(50, 54)),
    chart=Chart(Z=(40, 42), N=(50, 56)),
    theory=Theory(models=["DZ33", "FRDM2012"]),
)


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A run in whose sampler Ctrl-C was pressed twice, after some draws."""

    def fit(*_, store, **__):
        (store / "free-0.zarr/sample_stats/logp/c/0").mkdir(parents=True, exist_ok=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "fit_forecast", fit)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(CONFIG, tmp_path / "x")
    assert caught.value.__notes__ == [
        f"what was sampled is kept; to go on: bmm resume {tmp_path / 'x'}"
    ]
    return RunFolder(tmp_path / "x")


@pytest.fixture
def sampled(monkeypatch):
    """Seeds with which the sampler was called; it fails each time."""
    seeds = []

    def fit(*_, seed, **__):
        seeds.append(seed)
        raise RunError("no draw was made")

    monkeypatch.setattr(pipeline, "fit_forecast", fit)
    return seeds


def test_a_stopped_run_keeps_what_is_needed_to_go_on(stopped, sampled):
    found = {path.name for path in stopped.path.iterdir()}
    assert found == {"config.toml", "manifest.json", "log.txt", "chains"}
    origin = read_record(stopped.manifest)["origin"]
    assert set(origin["provenance"]["sha256"]) == {"AME2020", "FRDM2012"}
    with pytest.raises(RunError, match="no draw was made"):
        resume(stopped.path)
    assert sampled == [CONFIG.seed]
    assert read_record(stopped.manifest)["origin"] == origin
    assert {path.name for path in stopped.path.iterdir()} == found


def test_control_c_in_a_resumed_run_says_how_to_go_on(stopped):
    with pytest.raises(KeyboardInterrupt) as caught:
        resume(stopped.path)
    assert f"bmm resume {stopped.path}" in caught.value.__notes__[0]


def test_an_edited_configuration_is_refused(stopped, sampled):
    stopped.config.write_text(stopped.config.read_text().replace("seed = 0", "seed = 1"))
    with pytest.raises(DamagedError, match=r"config\.toml is not the file that was written"):
        resume(stopped.path)
    assert sampled == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (("configuration",), r"config\.toml was changed since the run began"),
        (("provenance", "sha256", "FRDM2012"), "another version of the table FRDM2012"),
        (("provenance", "packages", "numba"), "was begun with numba 0.1"),
    ],
)
def test_another_configuration_table_or_package_is_refused(stopped, sampled, place, message):
    content = read_record(stopped.manifest)
    inner = content["origin"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = "0.1"
    write_record(stopped.manifest, content)
    with pytest.raises(RunError, match=message):
        resume(stopped.path)
    assert sampled == []


def test_a_run_that_was_killed_at_the_very_beginning(stopped, sampled):
    stopped.discard_chains()
    with pytest.raises(RunError, match="no draw was made"):
        resume(stopped.path)
    assert sampled == [CONFIG.seed]
    assert stopped.config.is_file()


def test_a_run_that_is_being_worked_on_is_left_alone(stopped, sampled):
    with (
        RunFolder.take_up(stopped.path),
        pytest.raises(RunError, match="is in use by another process"),
    ):
        resume(stopped.path)
    assert sampled == []


def test_temporary_files_of_a_killed_process_are_deleted(stopped, sampled):
    for name in (".posterior.77.nc", "chains/.free-0.77.nc"):
        (stopped.path / name).write_text("the beginning")
    with pytest.raises(RunError, match="no draw was made"):
        resume(stopped.path)
    assert not list(stopped.path.rglob(".*"))


def test_a_damaged_posterior_is_not_written_over(stopped, sampled):
    with RunFolder.take_up(stopped.path) as folder:
        folder.write(stopped.posterior, lambda path: path.write_text("draws"))
    stopped.posterior.write_text("drows")
    with pytest.raises(DamagedError, match=r"posterior\.nc is not the file that was written"):
        resume(stopped.path)
    assert stopped.posterior.read_text() == "drows"
    assert sampled == []


def test_a_posterior_that_was_never_noted_is_made_again(stopped, sampled):
    stopped.posterior.write_text("killed before it was noted")
    with pytest.raises(RunError, match="no draw was made"):
        resume(stopped.path)
    assert sampled == [CONFIG.seed]


def test_an_update_that_was_cut_short_is_no_run_to_be_resumed(stopped, sampled):
    content = read_record(stopped.manifest)
    content["origin"]["update"] = {"run": "runs/x"}
    write_record(stopped.manifest, content)
    with pytest.raises(RunError, match="cut short while a run learnt new masses: expected bmm upd"):
        resume(stopped.path)
    assert sampled == []
