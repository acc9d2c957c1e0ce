"""The mixture of Student-t's and normals against scipy, quadrature, draws and identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from bmm.distributions import StudentTMixture
from bmm.errors import DataError

NU = np.array([np.inf, 4.0, 7.0, 2.5])


def random_mixture(seed, n=6, nu=NU):
    """Parameters of n mixtures of four components, like models of a mass, MeV."""
    rng = np.random.default_rng(seed)
    weight = rng.dirichlet(np.full(4, 0.7), size=n)
    location = rng.normal(-70, 1.5, size=(n, 4))
    scale = np.exp(rng.normal(-1, 1, size=(n, 4)))
    return weight, location, scale, nu


def density_of(y, weight, location, scale, nu):
    """Density of one mixture at y (point,), by scipy."""
    return (weight * stats.t.pdf(y[:, None], nu, location, scale)).sum(axis=1)


def cdf_of(y, weight, location, scale, nu):
    return (weight * stats.t.cdf(np.asarray(y)[..., None], nu, location, scale)).sum(axis=-1)


@pytest.fixture
def made():
    return random_mixture(3)


@pytest.fixture
def mixture(made):
    weight, location, scale, nu = made
    return StudentTMixture(location, scale, 3 * weight, nu)


def test_density_and_cdf_are_the_weighted_sums(made, mixture):
    weight, location, scale, nu = made
    y = np.linspace(-76, -64, 41) + np.zeros((6, 1))
    for i in range(6):
        one = weight[i], location[i], scale[i], nu
        np.testing.assert_allclose(
            mixture.log_density(y)[i], np.log(density_of(y[i], *one)), rtol=1e-11
        )
        np.testing.assert_allclose(mixture.cdf(y)[i], cdf_of(y[i], *one), rtol=1e-11)
    np.testing.assert_array_equal(mixture.log_density(y[:, 7]), mixture.log_density(y)[:, 7])


def test_density_integrates_to_one_with_these_moments(mixture):
    one = mixture[:1]

    def moment(power):
        def integrand(y):
            return (y - one.mean[0]) ** power * np.exp(one.log_density(np.array([y])))[0]

        inner = integrate.quad(integrand, -90, -50, points=list(one.location[0]), limit=500)[0]
        outer = (integrate.quad(integrand, *ends)[0] for ends in ((-np.inf, -90), (-50, np.inf)))
        return inner + sum(outer)

    assert moment(0) == pytest.approx(1, abs=1e-8)
    assert moment(1) == pytest.approx(0, abs=1e-6)
    assert np.sqrt(moment(2)) == pytest.approx(one.sd[0], rel=1e-3)  # nu = 2.5 converges slowly


def test_mean_and_sd_are_those_of_the_components(made, mixture):
    weight, location, scale, nu = made
    mean, variance = (np.stack([stats.t.stats(nu, location[i], scale[i])[j] for i in range(6)])
                      for j in (0, 1))  # fmt: skip
    expected = (weight * mean).sum(axis=1)
    np.testing.assert_allclose(mixture.mean, expected, rtol=1e-12)
    second = (weight * (variance + (mean - expected[:, None]) ** 2)).sum(axis=1)
    np.testing.assert_allclose(mixture.sd, np.sqrt(second), rtol=1e-11)


def test_a_component_without_a_variance_makes_the_sd_infinite():
    assert StudentTMixture([[0.0, 1.0]], 0.5, nu=[[4.0, 2.0]]).sd.tolist() == [np.inf]
    # One without a weight does not.
    assert np.isfinite(StudentTMixture([[0.0, 1.0]], 0.5, [[1, 0]], nu=[[4.0, 2.0]]).sd).all()


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(seed=seeds, distance=st.floats(0, 1e4), narrow=st.floats(1e-5, 1))
def test_quantiles_invert_the_cdf_however_far_apart_and_narrow(seed, distance, narrow):
    weight, location, scale, nu = random_mixture(seed, n=3)
    location[:, 0] += distance
    scale[:, :2] *= narrow
    mixture = StudentTMixture(location, scale, weight, nu)
    p = np.array([1e-4, 0.0015, 0.025, 0.16, 0.5, 0.84, 0.975, 0.9985])
    found = mixture.quantile(p)
    assert (np.diff(found, axis=1) > 0).all()
    # Where the mixture is dense it is the mass that can be exact only to its last digits.
    last_digit = 4 * np.spacing(np.abs(found))
    height = np.exp(mixture.log_density(found))
    allowed = height * (1e-10 * scale.max(axis=1, keepdims=True) + last_digit) + 1e-14
    assert (np.abs(mixture.cdf(found) - p) <= allowed).all()


def test_quantiles_of_one_component_are_scipys():
    for nu in (3.0, 4.0, np.inf):
        mixture = StudentTMixture([[-88.0], [4.0]], [[0.3], [2.0]], nu=nu)
        p = np.array([0.001, 0.4, 0.9])
        expected = np.stack([stats.t.ppf(p, nu, -88, 0.3), stats.t.ppf(p, nu, 4, 2)])
        np.testing.assert_allclose(mixture.quantile(p), expected, rtol=1e-11)


def test_a_quantile_does_not_depend_on_what_else_is_asked(mixture):
    p = [0.025, 0.5, 0.8]
    whole = mixture.quantile(p)
    for i in range(6):
        np.testing.assert_allclose(mixture[i : i + 1].quantile(p[1:2]), whole[i : i + 1, 1:2],
                                   rtol=1e-12)  # fmt: skip


def test_the_median_between_two_equal_components_far_apart_is_in_the_gap():
    mixture = StudentTMixture([[0.0, 100.0]], 0.1, nu=np.inf)
    assert 1 < mixture.median[0] < 99
    assert mixture.cdf(mixture.median)[0] == pytest.approx(0.5, abs=1e-12)


def test_measurements_widen_every_component(made, mixture):
    weight, location, scale, nu = made
    sd = np.array([0.0, 0.1, 0.5, np.nan, 2.0, 0.3])
    wide = mixture.widened(sd)
    expected = np.hypot(scale, np.nan_to_num(sd)[:, None])
    y = np.full(6, -70.2)
    for i in range(6):
        density = density_of(y[:1], weight[i], location[i], expected[i], nu)
        assert wide.log_density(y)[i] == pytest.approx(np.log(density[0]))
    np.testing.assert_allclose(wide.mean, mixture.mean)
    assert mixture.scale is not wide.scale


def test_for_normals_widening_is_the_convolution_with_a_normal_error():
    rng = np.random.default_rng(8)
    mixture = StudentTMixture([[-1.0, 2.0]], [[0.3, 0.6]], [[0.4, 0.6]])
    noisy = mixture.sample(20_000, rng)[:, 0] + rng.normal(scale=0.5, size=20_000)
    assert stats.kstest(noisy, lambda y: mixture.widened(0.5).cdf(y[None])[0]).pvalue > 0.001


def test_draws_follow_the_cdf(mixture):
    draws = mixture.sample(20_000, np.random.default_rng(5))
    for i in range(6):
        assert stats.kstest(draws[:, i], lambda y, i=i: mixture[i : i + 1].cdf(y[None])[0]).pvalue \
            > 0.001  # fmt: skip


def test_the_seed_decides_the_draws(mixture):
    one, again, other = (mixture.sample(50, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_what_is_missing_leaves_its_weight_to_the_others():
    location = np.array([[0.0, 1.0], [np.nan, 1.0], [np.nan, np.nan]])
    # The second weight is too small for a float; alone, it still is the whole.
    mixture = StudentTMixture(location, 0.5, log_weight=[[0.0, -5000.0]])
    assert mixture.mean.tolist() == pytest.approx([0, 1, np.nan], nan_ok=True)
    assert mixture.median.tolist() == pytest.approx([0, 1, np.nan], nan_ok=True)
    assert mixture.known.tolist() == [True, True, False]
    y = np.array([-1.0, -1.0, -1.0])
    expected = [*stats.norm.logpdf(-1, [0, 1], 0.5), np.nan]
    assert mixture.log_density(y).tolist() == pytest.approx(expected, nan_ok=True)
    for found in (mixture.sd, mixture.mode, mixture.cdf(y), mixture.crps(y),
                  mixture.sample(2, np.random.default_rng(1))[0]):  # fmt: skip
        assert np.isfinite(found).tolist() == [True, True, False]


def test_a_component_that_is_missing_needs_no_scale():
    mixture = StudentTMixture([[1.0, 3.0], [np.nan, 4.0]], [[0.5, 0.5], [np.nan, 0.5]])
    expected = stats.norm.logpdf(4.2, 4.0, 0.5)
    assert mixture.log_density(np.array([0.0, 4.2]))[1] == pytest.approx(expected)


def test_an_unmeasured_nucleus_has_no_score(mixture):
    y = np.full(6, -70.0)
    y[2] = np.nan
    for found in (mixture.log_density(y), mixture.cdf(y), mixture.crps(y)):
        assert np.isnan(found).tolist() == [False, False, True, False, False, False]


def test_mixtures_longer_than_what_is_worked_on_at_a_time(monkeypatch):
    weight, location, scale, nu = random_mixture(9, n=40)
    whole = StudentTMixture(location, scale, weight, nu)
    y = np.linspace(-73, -68, 40)
    expected = [whole.quantile([0.1]), whole.cdf(y), whole.crps(y), whole.mode]
    monkeypatch.setattr("bmm.distributions.mixture._TOGETHER", 29)
    monkeypatch.setattr("bmm.distributions.crps._TOGETHER", 29)
    monkeypatch.setattr("bmm.distributions.quantile._TOGETHER", 29)
    for one, other in zip(
        [whole.quantile([0.1]), whole.cdf(y), whole.crps(y), whole.mode], expected, strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("location", [np.zeros(3), np.zeros((3, 0)), 1.0])
def test_locations_must_be_a_table(location):
    with pytest.raises(DataError, match=r"expected locations \(nucleus, component\)"):
        StudentTMixture(location, 1.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_scales_must_be_positive(scale):
    with pytest.raises(DataError, match="nucleus 1 of a mixture: expected positive scales"):
        StudentTMixture([[1.0], [2.0]], [[1.0], [scale]])


@pytest.mark.parametrize("p", [[0.0], [1.0], [0.5, np.nan], 0.5])
def test_probabilities_must_lie_between_zero_and_one(mixture, p):
    with pytest.raises(DataError, match="probabilities between 0 and 1"):
        mixture.quantile(p)


def test_summary_has_one_set_of_names_and_units(mixture):
    Z = np.arange(6)
    found = mixture.summary({"Z": ("nucleus", Z)}, (0.68, 0.997))
    assert list(found) == [
        "mean", "median", "sd", "lower_68", "upper_68", "lower_99.7", "upper_99.7",
    ]  # fmt: skip
    assert {each.attrs["units"] for each in found.data_vars.values()} == {"MeV"}
    assert found["Z"].to_numpy().tolist() == Z.tolist()
    expected = mixture.quantile([0.5, 0.16, 0.84, 0.0015, 0.9985])
    names = ["median", "lower_68", "upper_68", "lower_99.7", "upper_99.7"]
    np.testing.assert_allclose(np.stack([found[name] for name in names], axis=1), expected)
