import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bmm.distributions.two_point import two_point_rule

points = st.lists(st.tuples(st.floats(-1, 1), st.floats(0.01, 1)), min_size=1, max_size=12)


@settings(deadline=None, derandomize=True)
@given(points)
def test_four_moments_are_kept_between_the_outermost_points(made):
    x, w = np.array(made).T
    moments = np.array([(w * x**j).sum() for j in range(4)])
    weight, two = two_point_rule(moments)
    np.testing.assert_allclose([(weight * two**j).sum() for j in range(4)], moments, atol=1e-9)
    assert (weight >= 0).all()
    assert x.min() - 1e-4 <= two.min() <= two.max() <= x.max() + 1e-4


def test_zero_weights_give_points_of_zero_weight():
    weight, two = two_point_rule(np.zeros((4, 3)))
    assert not weight.any()
    assert np.isfinite(two).all()
