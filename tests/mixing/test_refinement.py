"""A basis that does not resolve the fitted length scales is refined, unless its size was given."""

import logging
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from bmm.errors import RunError
from bmm.evaluation.kfold import kfold
from bmm.gp.basis import Axis
from bmm.mixing import refinement
from bmm.mixing.fit import checked_problem, fit
from bmm.mixing.fitted import read_settings
from bmm.mixing.refinement import MOST_FUNCTIONS, finer_axes
from bmm.mixing.resolution import basis_resolution
from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

RHO = 3.5  # nucleons, of the field that divides the chart; the prior expects ten
SECONDS = ("compile_seconds", "sample_seconds")


@pytest.fixture(scope="module")
def divided():
    """832 nuclei, each described by one of two models, as a field of short length scale has it."""
    rng = np.random.default_rng(3)
    Z, N = np.arange(30, 56), np.arange(34, 66)
    noise = rng.normal(size=(len(Z), len(N)))
    field = 3 * _root(Z) @ noise @ _root(N)
    Z, N = (each.ravel() for each in np.meshgrid(Z, N, indexing="ij"))
    first = rng.random(len(Z)) < 1 / (1 + np.exp(-field.ravel()))
    right, wrong = (-60 + rng.normal(scale=scale, size=len(Z)) for scale in (0.2, 3.0))
    theory = np.column_stack([np.where(first, right, wrong), np.where(first, wrong, right)])
    nuclei = nuclide_index(Z, N)
    return SimpleNamespace(
        measured=pd.DataFrame({"mass_excess": -60.0, "mass_excess_uncertainty": 0.01}, nuclei),
        theory=prediction(nuclei, ("a", "b"), theory, 0.0),
        settings=Mixing(basis=Basis(c_Z=2, c_N=2), sampler=Sampler(chains=2, draws=200, tune=200)),
    )


def _root(x):
    value, vector = np.linalg.eigh(np.exp(-0.5 * ((x[:, None] - x) / RHO) ** 2))
    return vector * np.sqrt(np.maximum(value, 0)) @ vector.T


def fitted(divided, settings=None, **options):
    settings = settings or divided.settings
    return fit(divided.measured, divided.theory, divided.theory, settings, seed=5, **options)


@pytest.fixture(scope="module")
def refined(divided, tmp_path_factory):
    """The refined fit, its folder of chains, and what was shown."""
    store = tmp_path_factory.mktemp("refined")
    console = Console(record=True, width=100)
    return fitted(divided, store=store, console=console), store, console.export_text()


def sizes(tree):
    return tree.attrs["m_Z"], tree.attrs["m_N"]


def lasting(tree):
    """The tree without what differs from one time to the next."""
    kept = tree.copy()
    kept.attrs = {name: each for name, each in tree.attrs.items() if name not in SECONDS}
    return kept


def test_a_coarse_basis_is_refined_until_it_resolves_the_length_scales(divided, refined):
    tree, _, shown = refined
    problem = divided.measured, divided.theory, divided.theory, divided.settings
    coarse = [axis.m for axis in checked_problem(*problem)[1]]
    assert tree.attrs["basis_refinements"] == 1
    assert sizes(tree)[0] >= coarse[0]
    assert sizes(tree)[1] > coarse[1]
    assert all(each["resolved"] for each in basis_resolution(tree).values())
    assert tree["posterior"].sizes["basis_N"] == sizes(tree)[1]
    rho = tree["posterior"]["rho_N"]
    assert abs(float(rho.mean()) - RHO) < 3 * float(rho.std())
    assert f"refining the basis to {sizes(tree)[0]} x {sizes(tree)[1]} functions" in shown


def test_a_refined_fit_is_that_of_its_sizes(divided, refined):
    tree = refined[0]
    settings = read_settings(tree)
    assert (settings.basis.m_Z, settings.basis.m_N) == sizes(tree)
    given = divided.settings.model_copy(
        update={"basis": Basis(c_Z=2, c_N=2, m_Z=sizes(tree)[0], m_N=sizes(tree)[1])}
    )
    explicit = lasting(fitted(divided, given))
    assert explicit.attrs.pop("basis_refinements") == 0
    expected = lasting(tree)
    assert expected.attrs.pop("basis_refinements") == 1
    assert explicit.identical(expected)


def test_sizes_that_were_given_are_kept(divided):
    settings = divided.settings.model_copy(update={"basis": Basis(c_Z=2, c_N=2, m_N=10)})
    tree = fitted(divided, settings)
    assert (tree.attrs["basis_refinements"], tree.attrs["m_N"]) == (0, 10)
    assert not basis_resolution(tree)["N"]["resolved"]
    assert read_settings(tree) == settings


def test_a_resolved_basis_is_fitted_once(divided, monkeypatch):
    settings = divided.settings.model_copy(
        update={"basis": Basis(c_Z=2, c_N=2, resolve=(0.001, 0.95))}
    )
    sampled = []
    sample = refinement._sample
    monkeypatch.setattr(
        refinement, "_sample", lambda *each, **how: sampled.append(each) or sample(*each, **how)
    )
    tree = fitted(divided, settings)
    assert (len(sampled), tree.attrs["basis_refinements"]) == (1, 0)
    assert read_settings(tree) == settings
    assert all(each["resolved"] for each in basis_resolution(tree).values())


@pytest.mark.parametrize("lost", [["free-0"], ["free-{}-0", "free-{}-1"], ["free-1", "free-{}-0"]])
def test_what_was_sampled_before_a_kill_is_not_sampled_again(divided, refined, lost, caplog):
    tree, store, _ = refined
    chains = {path.stem: path for path in store.glob("*.nc")}
    gone = [name.format("{}Z-{}N".format(*sizes(tree))) for name in lost]
    assert len(chains) == 4
    for name in gone:
        chains[name].unlink()
    with caplog.at_level(logging.INFO, "bmm"):
        again = fitted(divided, store=store)
    assert lasting(again).identical(lasting(tree))
    assert sum("is taken from the store" in each for each in caplog.messages) == 4 - len(gone)


def test_an_interruption_of_the_second_fit_leaves_the_first(divided, monkeypatch, caplog):
    sample = refinement._sample

    def interrupted(*arguments, refined=False):
        if refined:
            raise RunError("interrupted during warm-up")
        return sample(*arguments)

    monkeypatch.setattr(refinement, "_sample", interrupted)
    tree = fitted(divided)
    assert (tree.attrs["partial"], tree.attrs["basis_refinements"]) == (1, 0)
    assert "the fit with fewer functions is kept: interrupted during warm-up" in caplog.messages


def test_folds_are_fitted_with_the_basis_of_all(divided, refined, monkeypatch):
    used = []

    def noted(measured, theory, chart, settings, **options):
        used.append(settings.basis)
        return refined[0]

    monkeypatch.setattr("bmm.evaluation.kfold.fit", noted)
    kfold(divided.measured, divided.theory, divided.settings, folds=2)
    m_Z, m_N = sizes(refined[0])
    assert used == [divided.settings.basis] + 2 * [Basis(c_Z=2, c_N=2, m_Z=m_Z, m_N=m_N)]


AXES = (Axis("Z", 8, 120, 1.4, 26), Axis("N", 8, 200, 1.2, 39))


def posterior(rho_Z, rho_N):
    return xr.Dataset(
        {"rho_Z": (("chain", "draw"), [[rho_Z]]), "rho_N": (("chain", "draw"), [[rho_N]])}
    )


def test_a_refined_basis_is_bounded():
    assert finer_axes(posterior(8, 8), AXES) is None
    Z, N = finer_axes(posterior(3.1, 3.7), AXES)
    assert (Z.m, N.m) == (45, 55)
    assert Z.shortest_resolved <= 3.1
    assert N.shortest_resolved <= 3.7
    Z, N = finer_axes(posterior(1, 1), AXES)
    assert 0.95 * MOST_FUNCTIONS < Z.m * N.m <= MOST_FUNCTIONS
    # One that is as large already, as far as it goes.
    assert finer_axes(posterior(1, 1), (Z, N)) is None
    small = Axis("Z", 8, 12, 2, 6), AXES[1]
    assert finer_axes(posterior(0.2, 9), small)[0].m == 8


def test_functions_beyond_the_bound_repeat_others_at_whole_numbers():
    axis = Axis("Z", 8, 12, 2, 20)  # a box of eight
    values = np.abs(axis.functions(np.arange(8, 13)))
    for beyond in range(9, 16):
        np.testing.assert_allclose(values[:, beyond - 1], values[:, 16 - beyond - 1], atol=1e-12)
    np.testing.assert_allclose(values[:, 15], 0, atol=1e-12)


def test_matern_kernels_are_offered_their_own_number_of_functions():
    axes = tuple(Axis(axis.name, axis.low, axis.high, axis.c, axis.m, "matern32") for axis in AXES)
    for axis in finer_axes(posterior(8, 8), axes):
        assert axis.shortest_resolved <= 8


def test_auto_is_a_basis_without_sizes():
    assert Mixing(basis="auto") == Mixing()
    assert Mixing().basis.automatic
    assert Basis(c_Z=2).automatic
    assert not Basis(m_N=3).automatic
    with pytest.raises(ValueError, match="'auto' or a table of sizes, not 'automatic'"):
        Mixing(basis="automatic")
