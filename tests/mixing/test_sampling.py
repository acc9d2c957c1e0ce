import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from rich.console import Console

from bmm.errors import RunError
from bmm.mixing import sampling
from bmm.mixing.sampling import _complete_part, sample
from bmm.mixing.settings import Sampler


@pytest.fixture(scope="module")
def model():
    with pm.Model() as made:
        pm.Normal("mu", 3.0, 2.0)
        pm.Normal("beta", shape=3)
    return made


@pytest.fixture
def interrupt_when(monkeypatch):
    """Press Ctrl-C as soon as the reported progress of the chains meets a condition."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)

    def arm(condition):
        pressed = []

        @contextmanager
        def progress(settings, console):
            def report(chains):
                if not pressed and condition(chains):
                    pressed.append(True)
                    os.kill(os.getpid(), signal.SIGINT)

            yield report

        monkeypatch.setattr(sampling, "_progress", progress)

    yield arm
    signal.signal(signal.SIGINT, previous)


def padded(lengths, draws=10):
    """A tree as nutpie leaves it: chains of these lengths, the rest NaN."""
    value = np.arange(draws) + 100.0 * np.arange(len(lengths))[:, None]
    value[np.arange(draws) >= np.array(lengths)[:, None]] = np.nan
    data = xr.Dataset({"logp": (("chain", "draw"), value)}, coords={"draw": np.arange(draws)})
    return xr.DataTree.from_dict({"posterior": data.rename(logp="mu"), "sample_stats": data})


def test_normal_draws_are_normal_and_the_same_for_the_same_seed(model):
    settings = Sampler(chains=2, draws=1000, tune=300)
    first, second, other = (sample(model, settings, seed) for seed in (1, 1, 2))
    assert not first.partial
    mu = first.tree["posterior"]["mu"]
    assert mu.shape == (2, 1000)
    assert float(mu.mean()) == pytest.approx(3, abs=0.5)
    assert float(mu.std()) == pytest.approx(2, abs=0.4)
    for name in ("mu", "beta"):
        draws = [each.tree["posterior"][name].to_numpy() for each in (first, second, other)]
        assert np.array_equal(draws[0], draws[1])
        assert not np.array_equal(draws[0], draws[2])
    assert first.tree["posterior"]["beta"].dtype == np.float32
    assert {"logp", "energy", "diverging", "maxdepth_reached"} <= set(
        first.tree["sample_stats"].data_vars
    )


def test_progress_is_shown_on_the_console(model):
    console = Console(record=True, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        sample(model, Sampler(chains=2, draws=20, tune=30), 0, console=console)
        text = console.export_text()
    assert "chain 1" in text
    assert "chain 2" in text


def test_control_c_keeps_the_draws_made_so_far(model, interrupt_when):
    interrupt_when(lambda chains: all(c.finished_draws > 300 and not c.tuning for c in chains))
    found = sample(model, Sampler(chains=2, draws=3_000_000, tune=200, cores=2), 0)
    assert found.partial
    posterior = found.tree["posterior"].to_dataset()
    assert 0 < posterior.sizes["draw"] < 3_000_000
    assert posterior.sizes["chain"] >= 1
    assert np.isfinite(posterior["mu"]).all()
    assert np.isfinite(found.tree["sample_stats"]["logp"]).all()


def test_control_c_drops_a_chain_that_has_not_begun(model, interrupt_when):
    interrupt_when(lambda chains: any(c.finished_draws > 300 and not c.tuning for c in chains))
    found = sample(model, Sampler(chains=2, draws=3_000_000, tune=200, cores=1), 0)
    assert found.partial
    assert found.tree["posterior"].sizes["chain"] == 1
    assert np.isfinite(found.tree["posterior"]["mu"]).all()


def test_control_c_during_warm_up_leaves_nothing(model, interrupt_when):
    interrupt_when(lambda chains: True)
    with pytest.raises(RunError, match="interrupted during warm-up"):
        sample(model, Sampler(chains=2, draws=10, tune=10_000_000), 0)


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
    kept = _complete_part(padded(lengths))
    expected = np.arange(draws) + 100.0 * np.array(chains)[:, None]
    assert np.array_equal(kept["posterior"]["mu"], expected)
    assert np.array_equal(kept["sample_stats"]["logp"], expected)


def test_no_draw_in_any_chain_is_an_error():
    with pytest.raises(RunError, match="no draw was made that could be kept"):
        _complete_part(padded([0, 0]))


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
