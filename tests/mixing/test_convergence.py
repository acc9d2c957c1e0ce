import numpy as np
import pytest
import xarray as xr

from bmm.mixing.convergence import check_convergence
from bmm.mixing.fitted import convergence_of


def chains(seed=0, count=4, draws=600):
    """Independent draws: what a perfect sampler returns."""
    rng = np.random.default_rng(seed)
    shape = (count, draws)
    posterior = xr.Dataset(
        {
            "sigma": (("chain", "draw", "theory"), rng.normal(size=(*shape, 2))),
            "rho_Z": (("chain", "draw"), rng.normal(size=shape)),
        },
        coords={"theory": ["a", "b"]},
    )
    stats = {
        "energy": rng.normal(size=shape),
        "diverging": np.zeros(shape, dtype=bool),
        "maxdepth_reached": np.zeros(shape, dtype=bool),
    }
    return posterior, {name: (("chain", "draw"), value) for name, value in stats.items()}


def verdict(posterior, stats, **options):
    shape = (*stats["energy"][1].shape, 3)
    density = np.random.default_rng(9).normal(size=shape)
    likelihood = xr.Dataset({"mass_excess": (("chain", "draw", "nucleus"), density)})
    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": xr.Dataset(stats),
            "log_likelihood": likelihood,
        }
    )
    return check_convergence(tree, ["sigma", "rho_Z"], **options)


def test_perfect_chains_converged():
    found = verdict(*chains())
    assert found.converged
    assert found.failures == []
    assert list(found.table.index) == ["sigma[a]", "sigma[b]", "rho_Z", "log_likelihood"]
    assert found.as_dict()["max_r_hat"] < 1.01
    assert set(found.as_dict()["quantities"]["rho_Z"]) == {"r_hat", "ess_bulk", "ess_tail"}


def test_a_chain_elsewhere_is_found():
    posterior, stats = chains()
    posterior["sigma"][2, :, 1] += 1.0
    failures = verdict(posterior, stats).failures
    assert any(
        text.startswith("r_hat of 1 of 4") and "worst: sigma[b]" in text for text in failures
    )


def test_few_effective_draws_are_found():
    posterior, stats = chains()
    rng = np.random.default_rng(1)
    for t in range(1, 600):  # autoregression: (1 + 0.9) / (1 - 0.9) = 19 draws are worth one
        posterior["rho_Z"][:, t] = 0.9 * posterior["rho_Z"][:, t - 1] + rng.normal(size=4)
    assert any("ess_bulk of 1 of 4" in text for text in verdict(posterior, stats).failures)


@pytest.mark.parametrize(("number", "tolerated"), [(2, True), (3, False)])
def test_one_divergence_in_a_thousand_is_tolerated(number, tolerated):
    posterior, stats = chains()
    stats["diverging"][1][0, :number] = True
    found = verdict(posterior, stats)
    assert found.divergences == number
    assert found.converged == tolerated
    assert tolerated or found.failures == ["3 transitions diverged"]


def test_slow_energy_is_found():
    # Independent energies: E(difference squared) / variance = 2.  A random walk: near 0.
    posterior, stats = chains()
    assert verdict(posterior, stats).e_bfmi == pytest.approx([2] * 4, abs=0.3)
    stats["energy"][1][3] = np.random.default_rng(0).normal(size=600).cumsum()
    assert verdict(posterior, stats).failures[-1].startswith("E-BFMI is 0.0")


def test_interrupted_and_lone_chains_are_no_verdict():
    assert verdict(*chains(), partial=True).failures == [
        "sampling was interrupted: 4 chains of 600 draws were kept"
    ]
    assert "R-hat compares chains: expected at least 2" in verdict(*chains(count=1)).failures


@pytest.mark.parametrize("draws", [1, 2, 3, 5, 20])
def test_few_draws_are_not_converged(draws):
    found = verdict(*chains(draws=draws), partial=True)
    assert not found.converged
    assert any("ess_bulk of 4 of 4 quantities is below 400" in text for text in found.failures)


def test_a_quantity_that_never_moves_is_the_worst():
    posterior, stats = chains()
    posterior["rho_Z"][:] = 1.0
    (failure,) = (text for text in verdict(posterior, stats).failures if "r_hat" in text)
    assert "r_hat of 1 of 4" in failure
    assert "worst: rho_Z, nan" in failure


def test_verdict_on_a_fit_covers_its_hyperparameters(fitted):
    found = convergence_of(fitted)
    assert {
        "sigma[a]",
        "mu[b]",
        "eta[c]",
        "rho_Z",
        "rho_N",
        "nu",
        "A_power",
        "log_likelihood",
    } <= set(found.table.index)
    assert (found.chains, found.draws, found.partial) == (2, 250, False)
