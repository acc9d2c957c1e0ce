import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from rich.console import Console

from bmm.errors import RunError
from bmm.mixing import sampling
from bmm.mixing.chain_storage import ChainStore, holds_draws
from bmm.mixing.compilation import compile_model
from bmm.mixing.sampling import _keep_most, chain_seed, sample
from bmm.mixing.settings import Sampler

ENDLESS = 3_000_000


@pytest.fixture(scope="module")
def compiled():
    with pm.Model(coords={"theory": ["a", "b", "c"]}) as model:
        pm.Normal("mu", 3.0, 2.0)
        pm.Gamma("sigma", 10.0, 1.0)
        pm.Normal("beta", dims="theory")
    return compile_model(model)


@pytest.fixture
def store(tmp_path):
    return ChainStore(tmp_path / "chains", "free", {"seed": 1})


@pytest.fixture
def interrupt_when(monkeypatch):
    """Press Ctrl-C, from within the report, as soon as chains and their notes meet a condition."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)

    def arm(condition, press=lambda: os.kill(os.getpid(), signal.SIGINT)):
        pressed, seen = [], {}

        @contextmanager
        def progress(names, total):
            def report(chain, draws, note):
                seen[chain] = (draws, note.startswith("sampling"))
                if not pressed and condition(seen):
                    pressed.append(True)
                    press()

            yield report

        monkeypatch.setattr(sampling, "parallel", progress)
        return pressed

    yield arm
    signal.signal(signal.SIGINT, previous)


def all_sample(seen):
    return len(seen) == 2 and all(draws > 300 and sampling for draws, sampling in seen.values())


def equal(one, other):
    return all(
        one[name].to_dataset().identical(other[name].to_dataset())
        for name in ("posterior", "sample_stats")
    )


def chains_of(lengths):
    """Chains of these lengths, no two draws alike."""
    for chain, length in enumerate(lengths):
        draws = xr.Dataset(
            {"mu": (("chain", "draw"), [np.arange(length) + 100.0 * chain])},
            coords={"chain": [chain], "draw": np.arange(length)},
        )
        yield xr.DataTree.from_dict({"posterior": draws, "sample_stats": draws.rename(mu="logp")})


def test_normal_draws_are_normal_and_the_same_for_the_same_seed(compiled):
    settings = Sampler(chains=2, draws=1000, tune=300)
    first, second, other = (sample(compiled, settings, seed) for seed in (1, 1, 2))
    assert not first.partial
    mu = first.tree["posterior"]["mu"]
    assert mu.shape == (2, 1000)
    assert float(mu.mean()) == pytest.approx(3, abs=0.5)
    assert float(mu.std()) == pytest.approx(2, abs=0.4)
    assert equal(first.tree, second.tree)
    for name in ("mu", "beta"):
        draws, others = (each.tree["posterior"][name] for each in (first, other))
        assert not np.isin(draws, others).any()
        assert not np.isin(draws[0], draws[1]).any()
    assert first.tree["posterior"]["theory"].to_numpy().tolist() == ["a", "b", "c"]
    assert {"logp", "energy", "diverging", "maxdepth_reached"} <= set(
        first.tree["sample_stats"].data_vars
    )


def test_a_chain_does_not_depend_on_the_others(compiled):
    many = sample(compiled, Sampler(chains=4, draws=30, tune=50, cores=3), 5).tree
    few = sample(compiled, Sampler(chains=2, draws=30, tune=50, cores=1), 5).tree
    assert equal(few, many.isel(chain=slice(2)))


def test_seeds_of_chains_differ():
    seeds = {chain_seed(seed, chain) for seed in (0, 1, 2**32, 2**63 - 1) for chain in range(50)}
    assert len(seeds) == 200
    assert max(seeds) < 2**64


def test_stored_chains_are_those_of_memory(compiled, store):
    settings = Sampler(chains=3, draws=50, tune=60)
    stored = sample(compiled, settings, 1, store=store)
    assert equal(stored.tree, sample(compiled, settings, 1).tree)
    files = {f"free-{chain}.nc" for chain in range(3)}
    kept = {path.name for path in store.folder.iterdir()}
    assert kept == files | {f"{name}.json" for name in files}


@pytest.mark.parametrize("lost", [[0], [1], [0, 2], [0, 1, 2]])
def test_lost_chains_are_sampled_again_and_the_others_are_not(compiled, store, lost):
    settings = Sampler(chains=3, draws=50, tune=60)
    whole = sample(compiled, settings, 1, store=store).tree
    times = {}
    for chain in range(3):
        file = store.folder / f"free-{chain}.nc"
        times[chain] = file.stat().st_mtime_ns
        if chain in lost:
            file.unlink()
    assert equal(sample(compiled, settings, 1, store=store).tree, whole)
    for chain, before in times.items():
        assert ((store.folder / f"free-{chain}.nc").stat().st_mtime_ns > before) is (chain in lost)


def test_only_a_whole_chain_of_the_same_origin_is_used(compiled, store, caplog):
    settings = Sampler(chains=1, draws=50, tune=60)
    sample(compiled, settings, 1, store=store)
    file = store.folder / "free-0.nc"
    assert store.load(0) is not None
    assert ChainStore(store.folder, "free", {"seed": 2}).load(0) is None
    for name in ("free-1.nc", "mode-0.nc"):
        shutil.copy(file, store.folder / name)
        shutil.copy(file.with_name("free-0.nc.json"), store.folder / f"{name}.json")
    assert store.load(1) is None
    assert ChainStore(store.folder, "mode", {"seed": 1}).load(0) is None
    for key in ("seed", "chain", "set"):
        assert f"was made with another '{key}'" in caplog.text
    file.write_bytes(file.read_bytes()[:-100])
    assert store.load(0) is None
    assert "is not the file that was written" in caplog.text
    assert store.load(2) is None


def test_a_disk_that_fills_while_sampling_keeps_the_complete_chains(
    compiled, store, interrupt_when
):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))

    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sample(compiled, Sampler(chains=1, draws=50, tune=60), 1, store=store)
    before = (store.folder / "free-0.nc").read_bytes()
    filled = interrupt_when(lambda seen: seen.get(1, (0, False))[1], press=fill)
    try:
        with pytest.raises(RunError, match=r"chain 1 could not be sampled \(.*File too large"):
            sample(compiled, Sampler(chains=2, draws=ENDLESS, tune=60), 1, store=store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert filled
    assert (store.folder / "free-0.nc").read_bytes() == before


def test_a_folder_that_cannot_be_made(compiled, tmp_path):
    (tmp_path / "chains").write_text("in the way")
    with pytest.raises(RunError, match=r"free-0\.zarr cannot be made \(Not a directory\)"):
        sample(compiled, Sampler(), 1, store=ChainStore(tmp_path / "chains", "free", {}))


def test_progress_is_shown_on_the_console(compiled, store):
    def shown(chains):
        console = Console(record=True, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
        with console.file:
            settings = Sampler(chains=chains, draws=20, tune=30)
            sample(compiled, settings, 0, store=store, console=console)
            return console.export_text()

    assert "chain 1" in shown(1)
    text = shown(2)
    assert "chain 2" in text
    assert "stored before" in text


@pytest.mark.parametrize("stored", [False, True])
def test_control_c_keeps_the_draws_made_so_far(compiled, store, interrupt_when, stored):
    interrupt_when(all_sample)
    settings = Sampler(chains=2, draws=ENDLESS, tune=200, cores=2, target_accept=0.999)
    found = sample(compiled, settings, 0, store=store if stored else None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert found.partial
    posterior = found.tree["posterior"].to_dataset()
    assert 0 < posterior.sizes["draw"] < ENDLESS
    assert posterior.sizes["chain"] >= 1
    assert np.isfinite(posterior["mu"]).all()
    assert np.isfinite(found.tree["sample_stats"]["logp"]).all()
    assert holds_draws(store.folder) is stored


def test_control_c_drops_a_chain_that_has_not_begun(compiled, interrupt_when):
    interrupt_when(lambda seen: any(draws > 300 and s for draws, s in seen.values()))
    found = sample(compiled, Sampler(chains=2, draws=ENDLESS, tune=200, cores=1), 0)
    assert found.partial
    assert found.tree["posterior"].sizes["chain"] == 1
    assert np.isfinite(found.tree["posterior"]["mu"]).all()


@pytest.mark.parametrize("stored", [False, True])
def test_control_c_during_warm_up_leaves_nothing(compiled, store, interrupt_when, stored):
    interrupt_when(lambda seen: True)
    settings = Sampler(chains=2, draws=10, tune=100_000)
    with pytest.raises(RunError, match="interrupted during warm-up"):
        sample(compiled, settings, 0, store=store if stored else None)
    assert not holds_draws(store.folder)


def test_control_c_is_not_lost_in_a_finalizer(compiled, interrupt_when, monkeypatch):
    """Python drops what is raised there, and runs them while it waits for chains."""

    class Pressed:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            signal.getsignal(signal.SIGINT)  # the handler has run by now

    def look(runner):
        if reported:
            reported.clear()
            Pressed()
        return wait(runner)

    wait = sampling._ChainRunner._look
    reported = []
    monkeypatch.setattr(sampling._ChainRunner, "_look", look)
    interrupt_when(all_sample, lambda: reported.append(True))
    settings = Sampler(chains=2, draws=ENDLESS, tune=200, cores=2, target_accept=0.999)
    assert sample(compiled, settings, 0).partial


def test_a_second_control_c_stops_at_once(compiled, store, interrupt_when, monkeypatch):
    def press_again(runner):
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second Ctrl-C was lost")

    monkeypatch.setattr(sampling._ChainRunner, "halt", press_again)
    interrupt_when(all_sample)
    with pytest.raises(KeyboardInterrupt):
        sample(
            compiled,
            Sampler(chains=2, draws=ENDLESS, tune=200, cores=2, target_accept=0.999),
            0,
            store=store,
        )
    assert holds_draws(store.folder)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_leave_the_signal_alone(compiled):
    found = []
    settings = Sampler(chains=1, draws=10, tune=20)
    thread = threading.Thread(target=lambda: found.append(sample(compiled, settings, 0)))
    thread.start()
    thread.join()
    assert equal(found[0].tree, sample(compiled, settings, 0).tree)


@pytest.mark.parametrize(
    ("lengths", "chains", "draws"),
    [
        ([10, 10], [0, 1], 10),
        ([7, 9], [0, 1], 7),
        ([2, 9], [1], 9),  # 9 draws of one chain are more than 2 x 2
        ([0, 8, 3, 8], [1, 3], 8),
        ([3, 0], [0], 3),
    ],
)
def test_unequal_chains_are_cut_to_keep_the_most_draws(lengths, chains, draws):
    kept = _keep_most(list(chains_of(lengths)))
    expected = np.arange(draws) + 100.0 * np.array(chains)[:, None]
    assert np.array_equal(kept["posterior"]["mu"], expected)
    assert np.array_equal(kept["sample_stats"]["logp"], expected)


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_no_draw_in_any_chain_is_an_error(lengths):
    with pytest.raises(RunError, match="no draw was made that could be kept"):
        _keep_most(list(chains_of(lengths)))


SCRIPT = """
import hashlib
import numpy as np
from bmm.mixing.fit import fit
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction
import pandas as pd

rng = np.random.default_rng(0)
Z, N = np.repeat(np.arange(30, 34), 5), np.tile(np.arange(40, 45), 4)
index = nuclide_index(Z, N)
mass = rng.normal(size=20)
measured = pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": 0.1}, index=index)
theory = prediction(index, ("a", "b"), mass[:, None] + rng.normal(size=(20, 2)))
settings = Mixing(
    basis=Basis(m_Z=3, m_N=3), sampler=Sampler(chains=2, draws=100, tune=200)
)
tree = fit(measured, theory, theory, settings, seed=3)
posterior = tree["posterior"].to_dataset()
draws = b"".join(posterior[name].to_numpy().tobytes() for name in sorted(posterior))
print(hashlib.sha256(draws).hexdigest())
"""


@pytest.mark.slow
def test_fresh_and_cached_machine_code_give_the_same_draws(tmp_path):
    environment = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    cold, warm = (
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    )
    assert len(cold) == 64
    assert cold == warm
