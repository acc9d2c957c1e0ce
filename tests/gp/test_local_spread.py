"""The local spread: rough regions are found, and a nucleus does not change its own."""

import numpy as np
import pytest
from scipy import stats

from bmm.gp.kernels import Constant
from bmm.gp.lattice_field import LatticeField
from bmm.gp.lattice_kernel import LatticeKernel
from bmm.gp.local_spread import LENGTH, PRIOR_COUNT, local_spread
from bmm.gp.nonstationary import Growth
from bmm.gp.stationary import SquaredExponential

NU = 4.0
KERNEL = LatticeKernel(Constant(0.5) * SquaredExponential((3.0, 4.0)), Growth(-0.2), nugget=0.2)
Z, N = (each.ravel() for each in np.mgrid[40:60, 50:74])


def field_of(values, noise, kept=slice(None)):
    return LatticeField(KERNEL, Z[kept], N[kept], values[kept], noise[kept])


@pytest.fixture(scope="module")
def world():
    """Scatter of 0.1 MeV, of 0.4 MeV where Z >= 50, about a smooth field."""
    rng = np.random.default_rng(5)
    smooth = 0.5 * np.sin(Z / 4) * np.cos(N / 6)
    scatter = np.where(Z < 50, 0.1, 0.4)
    return smooth + scatter * rng.standard_normal(len(Z)), rng.uniform(1e-4, 4e-3, len(Z))


def test_a_rough_region_has_the_larger_spread(world):
    tau = local_spread(field_of(*world), Z, N, NU)
    inside = (Z < 47) | (Z > 52)
    rough = tau[inside & (Z >= 50)].mean() / tau[inside & (Z < 50)].mean()
    # The prior draws both towards 1, and the share of the field in the deviations is equal.
    assert 2.0 < rough < 4.0


def test_left_out_deviations_have_equal_spread_after_division(world):
    field = field_of(*world)
    mean, sd = field.left_out(np.arange(len(Z)))
    z = (world[0] - mean) / sd
    tau = local_spread(field, Z, N, NU)

    def ratio(each):
        return each[Z >= 50].std() / each[Z < 50].std()

    assert ratio(z) > 2.5
    assert ratio(z / tau) < 1.6


def test_the_spread_at_an_observed_nucleus_is_learnt_with_its_value_left_out(world):
    values, noise = world
    i = 237
    others = np.arange(len(Z)) != i
    without = field_of(values, noise, others)
    near = np.flatnonzero((Z[others] - Z[i]) ** 2 + (N[others] - N[i]) ** 2 <= 36)
    mean, sd = without.left_out(np.arange(len(Z) - 1))
    whole = field_of(values, noise)
    all_mean, all_sd = whole.left_out(np.arange(len(Z)))
    common = stats.t.fit((values - all_mean) / all_sd, fdf=NU, floc=0)[-1]
    squared = ((values[others] - mean) / sd / common)[near] ** 2
    distance = (Z[others][near] - Z[i]) ** 2 + (N[others][near] - N[i]) ** 2
    # Shares as with the nucleus; it changes them little.
    share = 1 - (noise / all_sd**2)[others][near]
    weight = share * np.exp(-distance / (2 * LENGTH**2))
    variance = 1.0
    for _ in range(50):
        robust = (NU + 1) / (NU + squared / variance)
        variance = (PRIOR_COUNT + (weight * robust * squared).sum()) / (PRIOR_COUNT + weight.sum())
    found = local_spread(whole, Z[[i]], N[[i]], NU)
    np.testing.assert_allclose(found, [np.sqrt(variance)], rtol=1e-4)


def test_a_changed_value_changes_the_spread_of_its_neighbours_but_not_its_own(world):
    values, noise = world
    moved = values.copy()
    moved[237] += 3.0
    before, after = (local_spread(field_of(each, noise), Z, N, NU) for each in (values, moved))
    near = (Z[237] == Z) & (np.abs(N - N[237]) == 1)
    assert (after[near] > 1.2 * before[near]).all()
    assert after[237] == pytest.approx(before[237], rel=0.02)  # the common scale changes a little


def test_far_from_the_data_and_for_noisy_data_the_spread_is_that_of_the_chart(world):
    far = local_spread(field_of(*world), np.array([30, 59]), np.array([50, 100]), NU)
    np.testing.assert_array_equal(far, [1.0, 1.0])
    drowned = local_spread(field_of(world[0], np.full(len(Z), 1e4)), Z, N, NU)
    np.testing.assert_allclose(drowned, 1.0, atol=1e-3)


def test_a_covariance_of_the_noise_that_is_diagonal_is_its_variances(world):
    values, noise = world
    dense = LatticeField(KERNEL, Z, N, values, np.diag(noise))
    np.testing.assert_allclose(
        local_spread(dense, Z, N, NU), local_spread(field_of(values, noise), Z, N, NU), rtol=1e-9
    )
