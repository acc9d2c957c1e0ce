import numpy as np
import pytest
import xarray as xr

from bmm.mixing.modes import find_modes, group_chains, stacked_posterior, weigh_modes


def tree_of(centres, density, draws=300):
    """Chains around given centres; density (chain, nucleus) is their mean log likelihood."""
    rng = np.random.default_rng(4)
    n = len(centres)
    density = np.asarray(density, dtype=float)
    dims = ("chain", "draw")
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {"sigma": (dims, np.asarray(centres)[:, None] + rng.normal(size=(n, draws)))},
                coords={"chain": np.arange(n), "draw": np.arange(draws)},
            ),
            "log_likelihood": xr.Dataset(
                {
                    "mass_excess": (
                        (*dims, "nucleus"),
                        density[:, None] + 0.1 * rng.normal(size=(n, draws, density.shape[1])),
                    )
                },
                coords={"chain": np.arange(n), "draw": np.arange(draws)},
            ),
        }
    )


def test_chains_that_agree_are_one_group():
    tree = tree_of([0, 0, 0], np.zeros((3, 5)))
    assert group_chains(tree, ["sigma"]) == [[0, 1, 2]]
    assert find_modes(tree, ["sigma"]) is None


def test_chains_of_different_modes_are_separated_largest_group_first():
    assert group_chains(tree_of([9, 0, 9, 0, 0], np.zeros((5, 5))), ["sigma"]) == [
        [1, 3, 4],
        [0, 2],
    ]


def test_chains_may_be_connected_by_a_third():
    # R-hat of neighbours is below 1.1, that of the two ends is not.
    apart = [0.0, 1.1, 0.55]
    assert len(group_chains(tree_of(apart[:2], np.zeros((2, 5))), ["sigma"])) == 2
    assert group_chains(tree_of(apart, np.zeros((3, 5))), ["sigma"]) == [[0, 1, 2]]


def test_modes_are_separated_by_the_log_likelihood_too():
    tree = tree_of([0, 0], np.array([np.zeros(5), np.full(5, 6.0)]))
    assert group_chains(tree, ["sigma"]) == [[0], [1]]


def test_chains_too_short_to_separate_are_one_group():
    assert find_modes(tree_of([0, 0], np.zeros((2, 5)), draws=10), ["sigma"]) is None


def test_the_mode_that_predicts_better_gets_the_weight():
    tree = tree_of([0, 0, 9], np.repeat([-3.0, -3.0, -1.0], 40).reshape(3, 40))
    modes = find_modes(tree, ["sigma"])
    assert modes["mode_of_chain"].to_numpy().tolist() == [0, 0, 1]
    np.testing.assert_allclose(modes["weight"], [0, 1], atol=1e-3)
    np.testing.assert_allclose(modes["elpd"], [-120, -40], atol=1)


def test_modes_that_predict_different_halves_share_the_weight():
    # Stacking maximises the sum of log(w p + (1 - w) q); by symmetry w = 1/2.
    first = np.repeat([-1.0, -3.0], 30)
    table = weigh_modes(tree_of([0, 9], [first, first[::-1]]), [[0], [1]])
    np.testing.assert_allclose(table["weight"], 0.5, atol=0.02)
    assert table["chains"].tolist() == [[0], [1]]


def test_a_single_mode_has_all_the_weight():
    table = weigh_modes(tree_of([0, 0], np.zeros((2, 5))), [[0, 1]])
    assert table["weight"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("weight", "counts"),
    [([0.25, 0.75], [225, 675]), ([0.0, 1.0], [0, 900]), ([1 / 2, 1 / 2], [450, 450])],
)
def test_stacked_posterior_takes_draws_in_proportion(weight, counts):
    posterior = tree_of([0, 100, 0], np.zeros((3, 5)))["posterior"].to_dataset()
    modes = xr.Dataset({"weight": ("mode", weight), "mode_of_chain": ("chain", [0, 1, 0])})
    stacked = stacked_posterior(posterior, modes)
    assert dict(stacked.sizes) == {"chain": 1, "draw": 900}
    sigma = stacked["sigma"].to_numpy()
    assert [int((sigma < 50).sum()), int((sigma > 50).sum())] == counts


@pytest.mark.parametrize("weights", [[0.5, 0.5], [1 / 3] * 3, [0.1, 0.2, 0.7]])
def test_stacked_posterior_has_as_many_draws_as_before(weights):
    posterior = tree_of([0] * 3, np.zeros((3, 5)), draws=101)["posterior"].to_dataset()
    groups = [0, 1, len(weights) - 1]
    modes = xr.Dataset({"weight": ("mode", weights), "mode_of_chain": ("chain", groups)})
    assert stacked_posterior(posterior, modes).sizes["draw"] == 303
