import numpy as np
import pytest

from bmm.prediction.dirichlet import dirichlet_weights
from bmm.prediction.predictive import predict

DRAWS = 20_000


def weights(constant_tree, world, alpha, seed=0):
    """Draws at Zn-66, which all models cover, and Kr-78, which the third does not."""
    mu = np.tile(np.log(alpha), (DRAWS, 1))
    chart = world.chart.sel(nucleus=["Zn-66", "Kr-78"])
    return dirichlet_weights(constant_tree(mu, np.ones((DRAWS, 3)), chart), seed=seed)


@pytest.mark.parametrize("alpha", [[0.2, 1.0, 3.0], [0.01, 0.02, 0.03], [40.0, 50.0, 10.0]])
def test_moments_are_the_dirichlets(constant_tree, world, alpha):
    drawn = weights(constant_tree, world, alpha)
    np.testing.assert_allclose(drawn.sum("theory"), 1, rtol=1e-6)
    for nucleus, kept in (("Zn-66", [0, 1, 2]), ("Kr-78", [0, 1])):
        a = np.array(alpha)[kept]
        mean = a / a.sum()
        variance = mean * (1 - mean) / (a.sum() + 1)
        values = drawn.sel(nucleus=nucleus).to_numpy()[:, kept]
        error = np.sqrt(variance / DRAWS)
        assert (np.abs(values.mean(axis=0) - mean) < 4.5 * error).all()
        fourth = ((values - mean) ** 4).mean(axis=0)
        error = np.sqrt((fourth - variance**2) / DRAWS)
        assert (np.abs(values.var(axis=0) - variance) < 4.5 * error).all()
    assert not drawn.sel(nucleus="Kr-78", theory="c").any()


def test_tiny_alpha_gives_all_the_weight_to_one_model(constant_tree, world):
    drawn = weights(constant_tree, world, [1e-4, 3e-4, 6e-4]).sel(nucleus="Zn-66")
    assert np.isfinite(drawn).all()
    # P(largest < 0.99) is of order alpha_0.
    assert float((drawn.max("theory") > 0.99).mean()) > 0.98
    assert drawn.mean("draw").to_numpy() == pytest.approx([0.1, 0.3, 0.6], abs=0.02)


def test_mean_over_draws_is_the_weight_of_the_prediction(fitted):
    drawn = dirichlet_weights(fitted)
    difference = drawn.mean("draw") - predict(fitted).summary["weight"]
    assert float(np.abs(difference).max()) < 4.5 * 0.5 / np.sqrt(drawn.sizes["draw"])


def test_same_seed_same_weights(fitted):
    one, again, other = (dirichlet_weights(fitted, seed=seed) for seed in (3, 3, 4))
    assert one.equals(again)
    assert not one.equals(other)
