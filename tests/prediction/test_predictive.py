import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import optimize, special, stats

from bmm.errors import DomainError
from bmm.mixing.settings import Noise
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import predict

DRAWS = 20_000
MU, SIGMA = np.log([0.5, 0.3, 0.2]), np.array([4.0, 8.0, 2.0])
WEIGHT = np.exp(MU)
STATED = 0.1  # MeV, of every model of the world


def repeated(constant_tree, chart, noise):
    """A posterior without uncertainty: every draw is the same."""
    return constant_tree(np.tile(MU, (DRAWS, 1)), np.tile(SIGMA, (DRAWS, 1)), chart, noise)


@pytest.fixture(scope="module")
def chart(world):
    """Two nuclei that all models cover and one that the third does not."""
    return world.chart.sel(nucleus=["Zn-66", "Ga-70", "Kr-78"])


NOISES = [
    Noise(nu=5.0),
    Noise(family="normal", A_power=1.0),
    Noise(nu=5.0, measurement=False),
]


def parts(chart, noise):
    """Weights, locations and scales of the mixture, by hand."""
    theory = chart["mass_excess"].to_numpy()
    weight = np.where(np.isfinite(theory), WEIGHT, 0)
    A = (chart["Z"] + chart["N"]).to_numpy()
    scale = 0.1 * SIGMA * (A[:, None] / 100) ** noise.A_power
    if noise.measurement:
        scale = np.hypot(scale, STATED)
    nu = np.inf if noise.family == "normal" else noise.nu
    weight /= weight.sum(axis=1, keepdims=True)
    return weight, np.nan_to_num(theory), np.broadcast_to(scale, theory.shape), nu


@pytest.mark.parametrize("noise", NOISES)
def test_summary_is_the_mixtures(constant_tree, chart, noise):
    weight, theory, scale, nu = parts(chart, noise)
    found = predict(repeated(constant_tree, chart, noise))
    summary = found.summary
    mean = (weight * theory).sum(axis=1)
    inflation = 1 if np.isinf(nu) else nu / (nu - 2)
    second = (weight * (inflation * scale**2 + theory**2)).sum(axis=1)
    np.testing.assert_allclose(summary["weight"], weight, rtol=1e-10)
    np.testing.assert_allclose(summary["mean"], mean, rtol=1e-10)
    np.testing.assert_allclose(summary["sd"], np.sqrt(second - mean**2), rtol=1e-8)
    for i in range(3):

        def below(y, i=i):
            y = np.asarray(y)[..., None]
            return (weight[i] * stats.t.cdf(y, nu, theory[i], scale[i])).sum(axis=-1)

        quantiles = {"median": 0.5, "lower_68": 0.16, "upper_68": 0.84}
        for name, q in (quantiles | {"lower_95": 0.025, "upper_95": 0.975}).items():
            assert below(float(summary[name][i])) == pytest.approx(q, abs=1e-10)
        drawn = stats.kstest(found.draws[:, i].to_numpy(), below)
        assert drawn.pvalue > 1e-4
        mode = optimize.minimize_scalar(
            lambda y, i=i: -(weight[i] * stats.t.pdf(y, nu, theory[i], scale[i])).sum(),
            bounds=(float(summary["mode"][i]) - 0.1, float(summary["mode"][i]) + 0.1),
            method="bounded",
            options={"xatol": 1e-8},
        )
        assert float(summary["mode"][i]) == pytest.approx(mode.x, abs=1e-6)


def test_variance_over_draws_is_the_total_variance(constant_tree, chart):
    # Two draws that disagree about the weights: their mixture is the mixture of mean weights.
    other = np.log([0.1, 0.1, 0.8])
    summary = predict(
        constant_tree([MU, other], [SIGMA, 2 * SIGMA], chart, Noise(family="normal"))
    ).summary.sel(nucleus="Zn-66")
    theory = chart["mass_excess"].sel(nucleus="Zn-66").to_numpy()
    weight = np.concatenate([WEIGHT, np.exp(other)]) / 2
    theory, scale = np.tile(theory, 2), np.concatenate([0.1 * SIGMA, 0.2 * SIGMA])
    mean = (weight * theory).sum()
    variance = (weight * (scale**2 + STATED**2 + (theory - mean) ** 2)).sum()
    assert float(summary["mean"]) == pytest.approx(mean, rel=1e-10)
    assert float(summary["sd"]) == pytest.approx(np.sqrt(variance), rel=1e-8)
    np.testing.assert_allclose(summary["weight"], weight.reshape(2, 3).sum(axis=0), rtol=1e-10)


def test_tails_without_a_variance_have_infinite_sd(constant_tree, chart):
    summary = predict(constant_tree(MU, SIGMA, chart, Noise(nu=1.5))).summary
    assert np.isinf(summary["sd"]).all()
    assert np.isfinite(summary["upper_95"]).all()


def test_log_density_of_fitted_masses_is_that_of_the_stored_likelihood(world, fitted):
    names = fitted["constant_data"]["nucleus"].to_numpy().tolist()
    found = predict(fitted, names, world.measured).summary["log_density"]
    stored = fitted["log_likelihood"]["mass_excess"].stack(s=("chain", "draw")).to_numpy()
    expected = special.logsumexp(stored, axis=1) - np.log(stored.shape[1])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_responsibilities_sum_to_one_where_there_is_a_mass(world, fitted):
    summary = predict(fitted, measured=world.measured).summary
    known = summary["nucleus"].isin(fitted["constant_data"]["nucleus"]).to_numpy()
    responsibility = summary["responsibility"].to_numpy()
    np.testing.assert_allclose(responsibility[known].sum(axis=1), 1, rtol=1e-9)
    missing = np.isnan(fitted["chart"]["mass_excess"].to_numpy())
    assert not responsibility[known][missing[known]].any()
    assert np.isnan(responsibility[~known]).all()
    assert np.isnan(summary["log_density"][~known]).all()
    assert np.isnan(predict(fitted).summary["responsibility"]).all()


@pytest.mark.parametrize("noise", NOISES)
def test_comparison_with_a_mass_allows_for_its_uncertainty(constant_tree, chart, noise):
    mass, uncertainty = -40.0, 0.7
    index = nuclide_index(chart)
    measured = pd.DataFrame(
        {"mass_excess": mass, "mass_excess_uncertainty": uncertainty}, index=index
    )
    weight, theory, scale, nu = parts(chart, noise)
    summary = predict(constant_tree(MU, SIGMA, chart, noise), measured=measured).summary
    spread = np.hypot(scale, uncertainty) if noise.measurement else scale
    with np.errstate(divide="ignore"):
        joint = np.log(weight) + stats.t.logpdf(mass, nu, theory, spread)
    np.testing.assert_allclose(summary["log_density"], special.logsumexp(joint, axis=1), rtol=1e-10)
    np.testing.assert_allclose(
        summary["responsibility"], special.softmax(joint, axis=1), rtol=1e-8, atol=1e-300
    )
    # The prediction is of the mass itself: no measurement widens it.
    assert summary["sd"].equals(predict(constant_tree(MU, SIGMA, chart, noise)).summary["sd"])


def test_a_model_that_covers_nothing_changes_nothing(constant_tree, chart):
    absent = chart.copy(deep=True)
    absent["mass_excess"][:, 2] = np.nan
    absent["mass_excess_sd"][:, 2] = np.nan
    noise = Noise()
    beside = predict(constant_tree(MU, SIGMA, absent, noise)).summary
    alone = predict(constant_tree(MU[:2], SIGMA[:2], chart.isel(theory=[0, 1]), noise)).summary
    assert not beside["weight"].sel(theory="c").any()
    for name in ("mean", "sd", "mode"):
        np.testing.assert_allclose(beside[name], alone[name], rtol=1e-10)
    xr.testing.assert_allclose(beside["weight"].isel(theory=[0, 1]), alone["weight"])


def test_summary_depends_neither_on_the_other_nuclei_asked_for_nor_on_the_seed(world, fitted):
    names = ["Zn-70", "Ge-72", "Zn-66"]
    every = predict(fitted, measured=world.measured).summary.sel(nucleus=names)
    some = predict(fitted, names, world.measured, seed=3).summary
    assert some["nucleus"].to_numpy().tolist() == names
    xr.testing.assert_allclose(some, every, rtol=1e-11)


def test_nuclei_are_asked_for_as_on_the_command_line(fitted):
    right = predict(fitted, ["Ge-70"]).summary
    for nuclei in ("Ge-70", "70ge", "32,38", (32, 38), [(32, 38)], nuclide_index([32], [38])):
        xr.testing.assert_identical(predict(fitted, nuclei).summary, right)
    chain = predict(fitted, "Z=32").summary
    assert set(chain["Z"].to_numpy()) == {32}
    assert chain.sizes["nucleus"] == 9


def test_same_seed_same_draws(fitted):
    one, again, other = (predict(fitted, ["Zn-70"], seed=seed).draws for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


def test_density_interval_and_number_come_from_one_distribution(world, fitted):
    found = predict(fitted, measured=world.measured)
    summary, distribution = found.summary, found.distribution
    for name, q in {"median": 0.5, "lower_68": 0.16, "upper_95": 0.975}.items():
        np.testing.assert_allclose(distribution.cdf(summary[name].to_numpy()), q, atol=1e-11)
    for name in ("mean", "sd", "mode"):
        np.testing.assert_array_equal(getattr(distribution, name), summary[name])
    # The log density of measured masses is averaged over the draws.
    known = np.isfinite(summary["log_density"]).to_numpy()
    measured = world.measured.reindex(
        pd.MultiIndex.from_arrays([summary["Z"].to_numpy(), summary["N"].to_numpy()])
    )
    wide = distribution.widened(measured["mass_excess_uncertainty"])
    density = wide.log_density(measured["mass_excess"])
    np.testing.assert_allclose(density[known], summary["log_density"][known], atol=1e-2)


def test_an_unknown_nucleus_is_named(fitted):
    with pytest.raises(DomainError, match=r"^Pb-208: not on .* nuclei with Z from 30 to 36"):
        predict(fitted, ["Zn-70", "Pb-208"])
