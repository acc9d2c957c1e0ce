"""Run folders: what they hold, when they are never thrown away, and what is read from them."""

import resource
import signal

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.errors import DamagedError, DomainError, RunError
from bmm.workflows.config import RunConfig, Theory
from bmm.workflows.folder import RunFolder

CONFIG = RunConfig(name="mine", theory=Theory(models=["DZ33"]))
PREDICTIONS = "Z,N,symbol,mean,extrapolated\n11,12,Na,-9.5,\n11,13,Na,-8.4,\n50,82,Sn,-76.5,\n"


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


@pytest.fixture
def complete(tmp_path, tree):
    with RunFolder.begin(tmp_path / "mine") as folder:
        folder.write_config(CONFIG.to_toml())
        folder.log.write_text("begun\n")
        folder.write_posterior(tree)
        folder.predictions.write_text(PREDICTIONS)
        folder.evaluation.write_text("Z,N,pit\n11,12,0.5\n")
        folder.write_scores({"converged": True})
        folder.complete()
    return RunFolder.open(tmp_path / "mine")


def fail(path, work):
    """Begin a run, do some work, and stop by an error."""
    with RunFolder.begin(path) as folder:
        work(folder)
        raise RunError("no")


def names(folder):
    return sorted(each.name for each in folder.path.iterdir())


def test_a_complete_run_is_read(complete, tree):
    assert complete.read_config() == CONFIG
    assert complete.read_posterior().identical(tree)
    assert complete.read_scores() == {"converged": True}
    assert complete.read_evaluation().index.to_list() == [(11, 12)]
    assert len(complete.read_predictions()) == 3


def test_a_posterior_is_never_thrown_away(tmp_path, tree):
    with pytest.raises(RunError) as caught:
        fail(tmp_path / "x", lambda folder: folder.write_posterior(tree))
    assert "bmm resume" in caught.value.__notes__[0]
    assert names(RunFolder(tmp_path / "x")) == ["manifest.json", "posterior.nc"]


def store(name):
    def work(folder):
        path = folder.chains / name
        path.parent.mkdir(parents=True)
        path.write_text("draws")

    return work


@pytest.mark.parametrize("name", ["free-0.nc", "free-0.zarr/sample_stats/logp/c/0/0"])
def test_stored_draws_are_never_thrown_away(tmp_path, name):
    with pytest.raises(RunError):
        fail(tmp_path / "x", store(name))
    assert (tmp_path / "x" / "chains" / name).read_text() == "draws"


@pytest.mark.parametrize("name", ["free-0.zarr/sample_stats/logp/x", ".free-0.17.nc"])
def test_streams_without_draws_are_thrown_away(tmp_path, name):
    with pytest.raises(RunError):
        fail(tmp_path / "x", store(name))
    assert not list(tmp_path.iterdir())


def test_what_a_posterior_gave_is_discarded_with_it(complete):
    complete.figures.mkdir()
    complete.write_doubts(pd.DataFrame({"nucleus": ["Sn-132"]}), {})
    complete.discard_results()
    assert names(complete) == ["config.toml", "log.txt", "manifest.json", "posterior.nc"]
    with pytest.raises(RunError, match="holds no complete run: it was not finished; to go on: bmm"):
        RunFolder.open(complete.path)


@pytest.mark.parametrize("part", np.linspace(0, 0.999, 12))
def test_a_cut_posterior_is_refused(complete, part):
    content = complete.posterior.read_bytes()
    complete.posterior.write_bytes(content[: int(part * len(content))])
    with pytest.raises(DamagedError, match=r"posterior\.nc is not the file that was written"):
        complete.read_posterior()


def test_a_flipped_bit_anywhere_in_the_posterior_is_refused(complete):
    content = complete.posterior.read_bytes()
    for place in np.random.default_rng(2).integers(8 * len(content), size=100):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        complete.posterior.write_bytes(changed)
        with pytest.raises(DamagedError, match=r"posterior\.nc is not the file that was written"):
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
    assert RunFolder.open(complete.path).read_posterior().identical(tree)
    assert not [name for name in names(complete) if name.startswith(".")]


def test_selected_predictions_come_in_the_order_of_the_chart(complete):
    chosen = complete.select_predictions(["50,82", "Na-23"])
    assert chosen[["Z", "N"]].to_numpy().tolist() == [[11, 12], [50, 82]]
    assert chosen["symbol"].tolist() == ["Na", "Sn"]
    with pytest.raises(DomainError, match="'Sn-133' selects none of the 3"):
        complete.select_predictions(["Na-23", "Sn-133"])


def test_scores_are_strict_json(complete):
    with pytest.raises(ValueError, match="not JSON compliant"):
        complete.write_scores({"rms": float("nan")})


def test_a_run_of_an_earlier_version_is_refused_and_says_how_to_run_it_again(tmp_path):
    with RunFolder.begin(tmp_path / "old") as folder:
        folder.write_config(CONFIG.to_toml())
        folder.predictions.write_text("Z,N,symbol,mean\n11,12,Na,-9.5\n")
        folder.complete()
    with pytest.raises(
        RunError, match=r"earlier version of bmm, without the column .* run again: "
    ):
        RunFolder.open(tmp_path / "old").read_predictions()


def test_a_posterior_without_local_spreads_is_refused_and_says_how_to_run_it_again(tmp_path):
    tree = xr.DataTree.from_dict({"/chart": xr.Dataset({"support": ("nucleus", [1.0])})})
    tree.attrs["fields"] = '{"average": {"amplitude": {"smooth": 0.5}, "factor": 0.8}}'
    with RunFolder.begin(tmp_path / "old") as folder:
        folder.write_config(CONFIG.to_toml())
        folder.write_posterior(tree)
        folder.complete()
    with pytest.raises(RunError, match=r"earlier version of bmm, without local spreads .* again: "):
        RunFolder.open(tmp_path / "old").read_posterior()
