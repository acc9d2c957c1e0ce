"""A small world with known truth, and the mixture fitted to it."""

import json
import os
import tempfile
from types import SimpleNamespace

# Before NumPy is loaded: tests run in two processes, whose threads would wait for each other.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# Commands of tests that run side by side do not warn of each other.
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.mixing.fit import fit
from bmm.mixing.settings import Basis, Mixing, Noise, Sampler
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

MODELS = ("a", "b", "c")


def _block(Z, N):
    return nuclide_index(*(x.ravel() for x in np.meshgrid(Z, N, indexing="ij")))


@pytest.fixture(scope="session")
def world():
    """48 nuclei, each described by one of three models; ragged coverage, two noise sizes."""
    rng = np.random.default_rng(20261122)
    chart = _block(np.arange(30, 37), np.arange(34, 43))
    inner = _block(np.arange(30, 36), np.arange(34, 42))
    Z, N = (chart.get_level_values(name).to_numpy() for name in ("Z", "N"))
    sigma = np.array([4.0, 8.0, 12.0])
    weight = np.array([0.5, 0.3, 0.2])
    truth = -60 + 0.5 * (Z - 33) ** 2 + 0.4 * (N - 38) ** 2
    theory = truth[:, None] + rng.normal(scale=3.0, size=(len(chart), 3))
    theory[Z > 34, 2] = np.nan
    theory[N < 36, 0] = np.nan
    covered = np.where(np.isfinite(theory), weight, 0)
    describes = np.array([rng.choice(3, p=p / p.sum()) for p in covered])
    scale = 0.1 * sigma[describes]
    mass = theory[np.arange(len(chart)), describes] + scale * rng.standard_t(4, size=len(chart))
    uncertainty = rng.choice([0.002, 0.2], size=len(chart))
    measured = pd.DataFrame(
        {"mass_excess": mass, "mass_excess_uncertainty": uncertainty}, index=chart
    )
    everywhere = prediction(chart, MODELS, theory, 0.1)
    fitted = chart.isin(inner)
    settings = Mixing(
        noise=Noise(nu="learn", A_power="learn"),
        basis=Basis(m_Z=4, m_N=5, c_Z=4, c_N=3),
        sampler=Sampler(chains=2, draws=250, tune=250),
    )
    return SimpleNamespace(
        measured=measured[fitted],
        theory=everywhere.isel(nucleus=fitted),
        chart=everywhere,
        settings=settings,
        sigma=sigma,
    )


@pytest.fixture(scope="session")
def fitted(world):
    return fit(world.measured, world.theory, world.chart, world.settings, seed=5)


@pytest.fixture(scope="session")
def constant_tree():
    """Make a posterior in which every draw of a field is the same all over the chart."""

    def make(mu, sigma, chart, noise=Noise(), likelihood="density", **learned):  # noqa: B008
        mu, sigma = np.atleast_2d(mu), np.atleast_2d(sigma)
        draws, K = mu.shape
        scalars = {"rho_Z": np.ones(draws), "rho_N": np.ones(draws)} | learned
        posterior = xr.Dataset(
            {
                "mu": (("chain", "draw", "theory"), mu[None]),
                "eta": (("chain", "draw", "theory"), np.ones((1, draws, K))),
                "sigma": (("chain", "draw", "theory"), sigma[None]),
                "beta": (
                    ("chain", "draw", "theory", "basis_Z", "basis_N"),
                    np.zeros((1, draws, K, 1, 1)),
                ),
            }
            | {name: (("chain", "draw"), np.asarray(x)[None]) for name, x in scalars.items()},
            coords={"theory": chart["theory"].to_numpy()},
        )
        tree = xr.DataTree.from_dict({"posterior": posterior, "chart": chart})
        tree.attrs = {
            f"axis_{x}": json.dumps([int(chart[x].min()), int(chart[x].max()), 1.2, 1])
            for x in "ZN"
        } | {"mixing": Mixing(noise=noise, likelihood=likelihood).model_dump_json()}
        return tree

    return make


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with entry points on the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(package, code, entries):
        (tmp_path / f"{package}.py").write_text(code)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entries)
        # The path is another, and so is what is on it.
        monkeypatch.syspath_prepend(tmp_path)

    return install
