import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bmm.errors import ConfigError, DataError
from bmm.evaluation import scores as sc

finite = st.floats(-1e3, 1e3, width=32)


@pytest.fixture
def rng():
    return np.random.default_rng(20261103)


def test_point_scores_of_known_deviations():
    predicted, observed = [1.0, 2.0, -3.0], [0.0, 0.0, 1.0]
    assert sc.rms(predicted, observed) == pytest.approx(np.sqrt(21 / 3))
    assert sc.mean_absolute_error(predicted, observed) == pytest.approx(7 / 3)
    assert sc.bias(predicted, observed) == pytest.approx(-1 / 3)


def test_rms_standard_error_is_the_scatter_of_repeated_samples(rng):
    samples = rng.normal(0.1, 0.6, size=(4000, 300))
    truth = np.std([sc.rms(sample, np.zeros(300)) for sample in samples])
    errors = [sc.rms_standard_error(sample, np.zeros(300)) for sample in samples[:200]]
    assert np.mean(errors) == pytest.approx(truth, rel=0.05)


def test_rms_standard_error_at_the_edges():
    assert np.isnan(sc.rms_standard_error([1.0], [0.0]))
    assert sc.rms_standard_error([1.0, 2.0], [1.0, 2.0]) == 0


def test_levels_are_sorted_and_hold_68_and_99_percent():
    assert np.array_equal(sc.LEVELS, np.unique([*np.arange(5, 96, 5) / 100, 0.68, 0.99]))


def test_coverage_and_pit_of_calibrated_draws(rng):
    centre = rng.normal(size=1500) * 5
    draws = (centre + rng.normal(size=(1000, 1500))).astype(np.float32)
    observed = centre + rng.normal(size=1500)
    off = np.abs(sc.coverage(draws, observed) - sc.LEVELS)
    assert (off < 4 * sc.coverage_standard_error(sc.LEVELS, 1500)).all()
    assert stats.kstest(sc.pit(draws, observed), "uniform").pvalue > 0.001


def test_coverage_tells_narrow_from_wide(rng):
    draws, observed = rng.normal(size=(1000, 600)), rng.normal(size=600)
    assert (sc.coverage(draws / 2, observed) < sc.LEVELS).all()
    assert (sc.coverage(draws * 2, observed) > sc.LEVELS).all()


def test_coverage_counts_observations_between_quantiles():
    draws = np.tile(np.arange(101.0)[:, None], 4)
    observed = [50.0, 24.0, 76.0, 25.0]
    assert sc.coverage(draws, observed, [0.5]) == pytest.approx([0.5])


def test_pit_is_the_share_below_with_half_the_ties():
    draws = np.array([[0.0], [1.0], [1.0], [2.0]])
    assert sc.pit(draws, [1.0]) == pytest.approx([0.5])
    assert sc.pit(draws, [2.5]) == pytest.approx([1.0])


def test_crps_of_a_normal_is_the_closed_form(rng):
    sd, observed = 0.7, np.array([-1.0, 0.0, 0.3, 2.5])
    draws = rng.normal(0.0, sd, size=(200_000, 4))
    z = observed / sd
    exact = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    np.testing.assert_allclose(sc.crps(draws, observed), exact, atol=5e-3)


def test_crps_is_that_of_scoringrules(rng):
    draws, observed = rng.standard_t(3, size=(151, 600)), rng.normal(size=600)
    expected = scoringrules.crps_ensemble(observed, draws, m_axis=0, estimator="fair")
    np.testing.assert_allclose(sc.crps(draws, observed), expected, rtol=1e-9, atol=1e-12)


def test_crps_does_not_depend_on_the_number_of_draws_on_average(rng):
    few = sc.crps(rng.normal(size=(2, 200_000)), np.full(200_000, 0.5))
    exact = scoringrules.crps_normal(0.5, 0.0, 1.0)
    assert few.mean() == pytest.approx(exact, abs=5 * few.std() / np.sqrt(few.size))


def test_crps_of_a_certain_value_is_the_absolute_error():
    assert sc.crps(np.full((5, 2), 3.0), [1.0, 3.5]) == pytest.approx([2.0, 0.5])


def test_crps_keeps_its_digits_far_from_zero(rng):
    draws, observed = rng.normal(size=(100, 3)).round(6), np.zeros(3)
    far = sc.crps(draws + 2.0**20, observed + 2.0**20)
    np.testing.assert_allclose(far, sc.crps(draws, observed), rtol=1e-8)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, (7, 3), elements=finite),
    arrays(np.float64, 3, elements=finite),
    finite,
    st.floats(0.1, 10),
)
def test_scores_shift_and_scale_with_the_unit(draws, observed, shift, scale):
    size = 1e-9 * (1 + np.abs(draws).max() + np.abs(observed).max() + abs(shift)) * scale
    moved = sc.crps(scale * (draws + shift), scale * (observed + shift))
    np.testing.assert_allclose(moved, scale * sc.crps(draws, observed), atol=size)
    centre = draws.mean(axis=0)
    assert sc.rms(scale * (centre + shift), scale * (observed + shift)) == pytest.approx(
        scale * sc.rms(centre, observed), abs=size
    )
    np.testing.assert_allclose(sc.pit(-draws, -observed) + sc.pit(draws, observed), 1)


@pytest.mark.parametrize(
    ("draws", "observed", "message"),
    [
        (np.zeros((4, 3)), np.zeros(2), r"shapes \(4, 3\) and \(2,\)"),
        (np.zeros((0, 3)), np.zeros(3), "at least one each"),
        (np.full((4, 1), np.nan), np.zeros(1), "must be finite"),
        (np.zeros((4, 1)), [np.inf], "must be finite"),
    ],
)
def test_unusable_draws_are_refused(draws, observed, message):
    for score in (sc.crps, sc.pit, sc.coverage):
        with pytest.raises(DataError, match=message):
            score(draws, observed)


def test_other_unusable_input_is_refused():
    with pytest.raises(DataError, match="at least two draws"):
        sc.crps(np.zeros((1, 1)), [0.0])
    with pytest.raises(ConfigError, match="between 0 and 1"):
        sc.coverage(np.zeros((2, 1)), [0.0], [1.0])
    with pytest.raises(DataError, match="of one length"):
        sc.rms([1.0], [1.0, 2.0])
    with pytest.raises(DataError, match="must be finite"):
        sc.bias([np.nan], [1.0])


def test_an_observation_is_inside_the_interval_that_its_pit_says():
    assert sc.inside_intervals([0.02, 0.5, 0.84, 0.99], [0.68, 0.96]).tolist() == [
        [False, True], [True, True], [True, True], [False, False],
    ]  # fmt: skip
    pit = np.random.default_rng(3).uniform(size=20_000)
    assert sc.inside_intervals(pit).mean(axis=0) == pytest.approx(np.array(sc.LEVELS), abs=0.02)
