"""Predictive groups: their content, their thinning, and ArviZ's functions on them."""

import arviz as az
import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats

import bmm
from bmm.errors import ConfigError
from bmm.mixing.settings import Noise

mpl.use("agg")


@pytest.fixture(scope="module")
def whole(fitted):
    return bmm.add_groups(fitted, draws=None)


def test_a_fit_holds_the_small_groups(fitted, world):
    assert {"prior", "log_prior", "log_likelihood"} <= set(fitted.children)
    assert "beta" not in fitted["prior"]
    assert set(fitted["observed_data"].data_vars) == {"mass_excess"}
    uncertainty = fitted["constant_data"]["mass_excess_uncertainty"]
    assert uncertainty.sizes == {"nucleus": len(world.measured)}


def test_predictive_draws_follow_the_predictive_density(whole, fitted, world):
    """Probabilities of smaller masses by draws are those of the analytic distribution."""
    found = bmm.predict(fitted, world.measured.index).distribution
    found = found.widened(world.measured["mass_excess_uncertainty"].to_numpy())
    drawn = whole["posterior_predictive"]["mass_excess"]
    assert drawn.dims == ("chain", "draw", "nucleus")
    order = bmm.predict(fitted, world.measured.index).summary["nucleus"].to_numpy()
    values = drawn.sel(nucleus=order).to_numpy().reshape(-1, len(order))
    for q in (0.1, 0.5, 0.9):
        below = (values < found.quantile(np.array([q]))[:, 0]).mean(axis=0)
        assert below.mean() == pytest.approx(q, abs=0.01)
        assert below == pytest.approx(q, abs=5 * 0.5 / np.sqrt(len(values)))


def test_all_groups_are_thinned_alike_and_the_tree_stays(fitted):
    before = set(fitted.children)
    thinned = bmm.add_groups(fitted, draws=100)
    assert set(fitted.children) == before
    step = fitted["posterior"].sizes["draw"] // thinned["posterior"].sizes["draw"]
    for name in ("posterior", "sample_stats", "log_likelihood", "log_prior"):
        assert (
            thinned[name]
            .to_dataset()
            .equals(fitted[name].to_dataset().isel(draw=slice(None, None, step)))
        )
    sizes = thinned["posterior_predictive"].sizes
    assert sizes["chain"] * sizes["draw"] <= 100
    assert thinned["prior_predictive"].sizes["draw"] == 100
    assert thinned.attrs == fitted.attrs
    only = bmm.add_groups(fitted, ["prior_predictive"], draws=50)
    assert "posterior_predictive" not in only.children
    with pytest.raises(ConfigError, match="no group is called 'posterior'"):
        bmm.add_groups(fitted, ["posterior"])


# ArviZ's own use of xarray.
@pytest.mark.filterwarnings("ignore:Deleting a single level of a MultiIndex:FutureWarning")
def test_arviz_works_on_the_tree_as_it_comes(whole):
    names = ["sigma", "rho_Z", "rho_N"]
    assert np.isfinite(float(az.loo(whole).elpd))
    pit = az.loo_pit(whole)["mass_excess"]
    assert pit.sizes == {"nucleus": whole["observed_data"].sizes["nucleus"]}
    assert stats.kstest(pit.to_numpy(), "uniform").pvalue > 1e-3
    table = az.psense_summary(whole, var_names=names)
    assert len(table) == 5
    assert np.isfinite(table[["prior", "likelihood"]].to_numpy()).all()
    for plot in (
        lambda: az.plot_ppc_dist(whole, num_samples=20),
        lambda: az.plot_ppc_dist(whole, num_samples=20, group="prior_predictive"),
        lambda: az.plot_loo_pit(whole),
        lambda: az.plot_prior_posterior(whole, var_names=names),
        lambda: az.plot_psense_dist(whole, var_names=["rho_Z"]),
        lambda: az.plot_forest({"one": whole, "other": whole}, var_names=names),
    ):
        plot()
        mpl.pyplot.close("all")


def test_arviz_compares_two_fits(whole, fitted):
    table = az.compare({"one": whole, "other": fitted})
    assert float(table["elpd"].iloc[0]) == pytest.approx(float(table["elpd"].iloc[1]))


@pytest.mark.parametrize("form", ["density", "linear"])
def test_prior_predictive_weights_and_masses(world, form):
    settings = world.settings.model_copy(update={"likelihood": form, "noise": Noise()})
    tree = bmm.sample_prior_predictive(world.theory, settings, draws=4000, seed=2)
    found = tree["prior_predictive"]
    np.testing.assert_allclose(found["weight"].sum("theory"), 1, rtol=1e-5)
    covers = np.isfinite(world.theory["mass_excess"])
    assert not found["weight"].where(~covers, 0).any()
    # Models that are alike in the prior have equal weights on the average.
    everywhere = covers.all("theory")
    places = everywhere.to_numpy()
    mean = found["weight"].mean(("chain", "draw")).isel(nucleus=places)
    np.testing.assert_allclose(mean, 1 / 3, atol=0.03)
    again = bmm.sample_prior_predictive(world.theory, settings, draws=4000, seed=2)
    assert again["prior_predictive"].to_dataset().equals(found.to_dataset())
    location = (mean * world.theory["mass_excess"].isel(nucleus=everywhere.to_numpy())).sum(
        "theory"
    )
    median = found["mass_excess"].sel(nucleus=location["nucleus"]).median(("chain", "draw"))
    assert float(np.abs(median - location).max()) < 3
