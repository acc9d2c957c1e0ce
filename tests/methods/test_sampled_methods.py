"""Rivals that are sampled: against quadrature and simulated truth."""

import numpy as np
import pytest
from scipy import stats

from bmm.methods.hierarchical import HierarchicalStacking, features
from bmm.methods.local import LocalMixture
from bmm.methods.sampled_weights import EnsembleBMA, FittedEnsemble, GlobalDirichlet
from bmm.mixing.fit import fit
from bmm.mixing.settings import Sampler
from bmm.nuclides import nuclide_index
from bmm.prediction.predictive import predict
from bmm.theory.adapters import prediction

RNG = np.random.default_rng(51)
QUICK = Sampler(draws=400, tune=400, target_accept=0.9)


def converged(facts):
    found = facts["convergence"]
    good = found["max_r_hat"] < 1.02 and found["min_ess_bulk"] > 200
    return good and found["divergences"] <= 2


def test_global_dirichlet_is_the_posterior_on_a_grid(chart):
    n = 30
    truth = RNG.normal(-50, 10, n)
    theory = truth[:, None] + RNG.normal(scale=[0.5, 0.8], size=(n, 2))
    measured, labelled = chart(theory, truth, ("a", "b"), uncertainty=0.1)
    fitted = GlobalDirichlet(sampler=QUICK).fit(measured, labelled, seed=1)
    assert converged(fitted.facts)
    w, sigma = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0.005, 2, 400), indexing="ij")
    residual = (truth[:, None] - theory).T
    mean = w[..., None] * residual[0] + (1 - w[..., None]) * residual[1]
    log_p = stats.norm.logpdf(mean, 0, np.hypot(sigma, 0.1)[..., None]).sum(axis=-1)
    log_p += stats.halfnorm.logpdf(sigma)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    sd = np.sqrt((p * w**2).sum() - (p * w).sum() ** 2)
    assert fitted.weights[:, 0].mean() == pytest.approx((p * w).sum(), abs=0.15 * sd)
    assert fitted.weights[:, 0].std() == pytest.approx(sd, rel=0.15)
    assert fitted.sigma.mean() == pytest.approx((p * sigma).sum(), rel=0.05)
    centre = fitted.forecast(labelled, seed=1).distribution.mean
    assert centre == pytest.approx(theory @ fitted.weights.mean(axis=0))


def test_ensemble_bma_recovers_weights_and_widths(chart):
    weights, widths = np.array([0.5, 0.3, 0.2]), np.array([0.3, 1.0, 0.1])
    theory = RNG.normal(-50, 10, (300, 3))
    described = RNG.choice(3, p=weights, size=300)
    mass = RNG.normal(theory[np.arange(300), described], np.hypot(widths[described], 0.05))
    measured, labelled = chart(theory, mass, uncertainty=0.05)
    fitted = EnsembleBMA(sampler=QUICK).fit(measured, labelled, seed=1)
    assert converged(fitted.facts)
    for found, truth in ((fitted.weights, weights), (fitted.sigma, widths)):
        assert (np.abs(found.mean(axis=0) - truth) < 3.5 * found.std(axis=0)).all()
        assert (found.std(axis=0) < 0.25 * truth).all()


def test_an_ensemble_renormalises_every_draw():
    theory = prediction(
        nuclide_index([50, 50], [70, 71]), ["a", "b"], np.array([[1.0, 3.0], [1.0, np.nan]])
    )
    fitted = FittedEnsemble(
        np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.5, 1.0], [2.0, 1.0]]), {}
    )
    forecast = fitted.forecast(theory, seed=1)
    assert forecast.distribution.mean == pytest.approx([2.0, 1.0])
    # Without b, the two draws count alike: their weights of a do not.
    expected = stats.norm.pdf(0.5, 0, [0.5, 2.0]).mean()
    density = forecast.distribution.log_density([1.5, 1.5])
    assert density[1] == pytest.approx(np.log(expected))


@pytest.mark.slow
def test_hierarchical_stacking_finds_where_each_model_is_right(chart):
    Z = 30 + np.arange(300) // 20
    heavy = Z >= 38
    noise = RNG.normal(scale=0.3, size=(300, 2))
    theory = np.where(np.stack([heavy, ~heavy], axis=1), 4.0, 0.0) + noise
    measured, labelled = chart(theory, np.zeros(300), ("light", "heavy"))
    fitted = HierarchicalStacking(sampler=QUICK).fit(measured, labelled, seed=1)
    assert converged(fitted.facts)
    weight = fitted.weights(labelled["Z"].to_numpy(), labelled["N"].to_numpy())
    assert weight.sum(axis=1) == pytest.approx(1)
    assert weight[Z < 36, 0].min() > 0.9
    assert weight[Z > 40, 1].min() > 0.9
    mean = fitted.forecast(labelled, seed=1).distribution.mean
    assert mean == pytest.approx((weight * theory).sum(axis=1), abs=1e-5)


def test_features_depend_on_the_shells():
    found = features(np.array([50, 47]), np.array([82, 60]))
    assert found.tolist() == [
        [50, 82, 2500, 4100, 6724, 0, 0],
        [47, 60, 2209, 2820, 3600, 3, 10],
    ]


def test_the_local_mixture_is_that_of_bmm(world):
    gone = world.chart["nucleus"].to_numpy()[-1]
    theory = world.chart.where(world.chart["nucleus"] != gone)
    theory = theory.assign_coords(world.chart.coords)
    fitted = LocalMixture(mixing=world.settings).fit(world.measured, theory, seed=5)
    forecast = fitted.forecast(theory, seed=7)
    tree = fit(
        world.measured, world.theory, world.chart.isel(nucleus=slice(-1)), world.settings, seed=5
    )
    direct = predict(tree, seed=7)
    for name in ("mean", "median"):
        found = getattr(forecast.distribution, name)
        np.testing.assert_allclose(found[:-1], direct.summary[name], rtol=1e-12)
        assert np.isnan(found[-1])
    sd = forecast.draws.to_numpy()[:, :-1].std(axis=0)
    assert sd == pytest.approx(direct.summary["sd"].to_numpy(), rel=0.25)
    assert np.isnan(forecast.draws[:, -1]).all()
    assert forecast.draws["Z"].to_numpy()[-1] == world.chart["Z"].to_numpy()[-1]
    assert fitted.facts["n_training"] == len(world.measured)


def test_an_ensembles_forecast_is_as_wide_as_the_models_say(chart):
    masses = np.array([[1.0], [2.0]])
    _, labelled = chart(masses, masses[:, 0], ("a",), uncertainty=0.1)
    labelled = labelled.assign(mass_excess_sd=(("nucleus", "theory"), np.array([[0.0], [0.4]])))
    fitted = FittedEnsemble(np.ones((1, 1)), np.array([[0.3]]), {})
    spread = fitted.forecast(labelled, 1).draws.to_numpy().std(axis=0)
    np.testing.assert_allclose(spread, [0.3, 0.5], rtol=0.05)
