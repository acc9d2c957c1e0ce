"""Chains on disk: what decides their draws, and what counts as a draw."""

import json
import resource
import signal

import numpy as np
import pytest
import xarray as xr

from bmm.errors import RunError
from bmm.gp.basis import Axis
from bmm.mixing.chain_storage import ChainStore, chain_stores, holds_draws
from bmm.mixing.settings import Mode, Prior, Priors, Sampler
from bmm.mixing.training_data import training_problem
from bmm.netcdf import read_tree

AXES = (Axis("Z", 30, 36, 1.5, 4), Axis("N", 34, 42, 1.5, 5))


@pytest.fixture
def origins(world, tmp_path):
    """What decides the draws of free and confined chains, as text, for changed inputs."""

    def make(axes=AXES, seed=5, measured=world.measured, **settings):
        return [
            json.dumps(store._checkpoint(0).origin, sort_keys=True)
            for store in chain_stores(
                tmp_path,
                training_problem(measured, world.theory),
                axes,
                world.settings.model_copy(update=settings),
                seed,
            )
        ]

    return make


@pytest.fixture
def chain():
    draws = np.random.default_rng(1).normal(size=(1, 500, 7)).astype(np.float32)
    groups = {"posterior": xr.Dataset({"beta": (("chain", "draw", "basis"), draws)})}
    return xr.DataTree.from_dict(groups | {"sample_stats": groups["posterior"][["beta"]] > 0})


def test_number_of_chains_and_processors_do_not_decide_the_draws(origins, world):
    sampler = world.settings.sampler
    for change in ({"chains": 7}, {"cores": 1}):
        assert origins(sampler=sampler.model_copy(update=change)) == origins()


def test_a_mode_does_not_decide_the_free_chains(origins):
    (free, confined), (free_too, confined_too) = (
        origins(mode=Mode(sigma=[1, 1, 1], sigma_below=below)) for below in (10, 20)
    )
    assert free == free_too == origins()[0]
    assert confined != confined_too
    assert free != confined


@pytest.mark.parametrize("number", range(7))
def test_changed_inputs_change_the_origin_of_chains(origins, world, number):
    measured = world.measured.copy()
    measured.iloc[3, 0] = np.nextafter(measured.iloc[3, 0], 0)
    sampler = {"chains": 2, "draws": 250, "tune": 250}
    change = [
        {"seed": 6},
        {"measured": measured},
        {"axes": (AXES[0], Axis("N", 34, 42, 1.5, 6))},
        {"priors": Priors(sigma=Prior(distribution="Gamma", parameters={"alpha": 9, "beta": 1}))},
        {"temper": 0.5},
        {"sampler": Sampler(**sampler | {"draws": 251})},
        {"sampler": Sampler(**sampler, target_accept=0.81)},
    ][number]
    for one, other in zip(origins(), origins(**change), strict=True):
        assert one != other


def test_a_chain_survives_storing(tmp_path, chain):
    store = ChainStore(tmp_path, "free", {"seed": 1})
    stream = store.stream(3)
    (stream / "x").write_text("x")
    assert list(store.stream(3).iterdir()) == []
    store.keep(3, chain)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["free-3.nc", "free-3.nc.json"]
    assert store.load(3).identical(chain)


def test_a_chain_of_another_origin_is_never_used(tmp_path, chain, caplog):
    ChainStore(tmp_path, "free", {"seed": 1, "packages": {"numba": "1"}}).keep(0, chain)
    assert ChainStore(tmp_path, "mode", {"seed": 1}).load(0) is None
    assert ChainStore(tmp_path, "free", {"seed": 1, "packages": {"numba": "2"}}).load(0) is None
    assert "was made with another 'packages.numba'" in caplog.text


def test_a_disk_that_is_full_keeps_the_stream(tmp_path, chain):
    store = ChainStore(tmp_path, "free", {"seed": 1})
    store.stream(0)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
        with pytest.raises(RunError, match=r"free-0\.nc could not be written"):
            store.keep(0, chain)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [path.name for path in tmp_path.iterdir()] == ["free-0.zarr"]


def test_damage_is_noticed(tmp_path, chain, caplog):
    store = ChainStore(tmp_path, "free", {"seed": 1})
    store.keep(0, chain)
    file = tmp_path / "free-0.nc"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    file.write_bytes(content)
    with pytest.raises(RunError, match=r"free-0\.nc cannot be read"):
        read_tree(file)
    assert store.load(0) is None
    assert "the chain is sampled again" in caplog.text


def test_every_flipped_bit_is_noticed(tmp_path, chain):
    store = ChainStore(tmp_path, "free", {"seed": 1})
    store.keep(0, chain.isel(draw=slice(40)))
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        for place in np.random.default_rng(1).integers(8 * len(content), size=100):
            changed = bytearray(content)
            changed[place // 8] ^= 1 << place % 8
            path.write_bytes(changed)
            assert store.load(0) is None, (path, place)
        path.write_bytes(content)
    assert store.load(0) is not None


def test_what_counts_as_draws(tmp_path):
    assert not holds_draws(tmp_path / "nowhere")
    for name in (".free-0.7.nc", "free-0.zarr/sample_stats/logp/zarr.json", "begun.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        assert not holds_draws(tmp_path)
    chunk = tmp_path / "free-0.zarr" / "sample_stats" / "logp" / "c" / "0"
    chunk.mkdir(parents=True)
    assert holds_draws(tmp_path)
    chunk.rmdir()
    (tmp_path / "mode-1.nc").write_text("")
    assert holds_draws(tmp_path)
