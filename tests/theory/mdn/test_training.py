"""Training: numpy and JAX agree, the network learns, stops, and its loss is the loss."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bmm.nuclides import numbers
from bmm.theory.mdn.adapter import Diverged, MdnModel
from bmm.theory.mdn.features import feature_matrix
from bmm.theory.mdn.mdn_settings import Constraint
from bmm.theory.mdn.network import start
from bmm.theory.mdn.training import _finish, train, violation_cost
from bmm.theory.mdn.training_data import pose


def test_numpy_and_jax_evaluate_the_same_network(training, chart, settings):
    problem = pose(training, chart, settings)
    members = start(settings, problem.x.shape[1])
    ensemble = _finish(problem, settings, members)
    features = feature_matrix(*numbers(training.index), settings.features)
    means, sds, shares = ensemble.raw(features)
    x = jnp.asarray(problem.x[problem.rows])
    linear = problem.mass - problem.scale * problem.target
    for m in range(settings.members):
        arrays, static = eqx.partition(members, eqx.is_array)
        one = eqx.combine(_pick(arrays, m), static)(x)
        mean = linear + problem.scale * np.asarray(one.mean)
        np.testing.assert_allclose((shares[m] * means[m]).sum(axis=0), mean, atol=1e-3)
        np.testing.assert_allclose(sds[m].T, problem.scale * np.asarray(one.sds), rtol=1e-4)
        np.testing.assert_allclose(shares[m].T, np.asarray(one.shares), rtol=1e-4)


def _pick(arrays, m):
    return jax.tree.map(lambda each: each[m], arrays)


def test_the_output_is_a_density(training, chart, settings):
    problem = pose(training, chart, settings)
    arrays, static = eqx.partition(start(settings, problem.x.shape[1]), eqx.is_array)
    said = eqx.combine(_pick(arrays, 0), static)(jnp.asarray(problem.x[:1]))
    grid = np.linspace(-20, 20, 8001)
    log_density = [float(said.log_density(jnp.array([y]))[0]) for y in grid[::200]]
    shares, means, sds = (np.asarray(each)[0] for each in (said.shares, said.means, said.sds))
    expected = (shares * stats.norm.pdf(grid[::200, None], means, sds)).sum(axis=1)
    np.testing.assert_allclose(
        np.exp(np.array(log_density)) / np.sqrt(2 * np.pi), expected, rtol=1e-4, atol=1e-12
    )
    density = (shares * stats.norm.pdf(grid[:, None], means, sds)).sum(axis=1)
    mean = np.trapezoid(grid * density, grid)
    assert float(said.mean[0]) == pytest.approx(mean, abs=1e-4)
    variance = np.trapezoid((grid - mean) ** 2 * density, grid)
    assert float(said.variance[0]) == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize("robust", [True, False])
def test_the_constraint_is_a_log_density(robust):
    constraint = Constraint(robust=robust, scale=0.2, nu=3)
    violation = np.array([0.0, 0.1, -0.5, 4.0])
    law = stats.t(3, scale=0.2) if robust else stats.norm(scale=0.2)
    expected = law.logpdf(0) - law.logpdf(violation)
    np.testing.assert_allclose(violation_cost(violation, constraint), expected, rtol=1e-5)


def test_a_small_network_learns_with_calibrated_uncertainty(small, masses, training):
    rest = masses.drop(training.index)
    said = small.ensemble.predict(rest.index)
    error = said.mean - rest["mass_excess"].to_numpy()
    x = feature_matrix(*numbers(rest.index), "M12")
    net = small.ensemble
    linear = net.offset + (x - net.centre) / net.spread @ net.coefficients
    by_line = linear - rest["mass_excess"].to_numpy()
    assert np.sqrt((error**2).mean()) < 0.6 * np.sqrt((by_line**2).mean())
    mass, sd = (rest[name].to_numpy() for name in ("mass_excess", "mass_excess_uncertainty"))
    assert 0.5 < said.coverage(mass, sd, 0.68) < 0.9


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(training, chart, settings):
    brief = settings.model_copy(update={"epochs": 20})
    problem = pose(training, chart, brief)
    one, other = (train(problem, brief).ensemble for _ in range(2))
    np.testing.assert_array_equal(one.matrices[0], other.matrices[0])
    assert not np.array_equal(one.matrices[0][0], one.matrices[0][1])


def test_training_stops_when_nothing_improves(training, chart, settings):
    # At this rate nothing is learnt.
    stubborn = settings.model_copy(
        update={"epochs": 2000, "patience": 200, "learning_rate": 1e-12, "weight_decay": 0.0}
    )
    assert train(pose(training, chart, stubborn), stubborn).epochs <= 600


def test_a_loss_that_is_no_number_stops_the_training(training, domain, settings, caplog):
    wild = settings.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(
        Diverged, match=r"net: the loss is not finite at epoch 100; expected a small"
    ) as caught:
        MdnModel("net", wild, domain).fit(training)
    assert "the loss is not finite at epoch 100" in caplog.text
    kept = caught.value.ensemble
    assert all(np.isfinite(each).all() for each in kept.matrices)
    assert np.isfinite(kept.predict(training.index).mean).all()


@pytest.mark.slow
def test_the_relations_bind(training, chart, settings):
    spreads = []
    for strength in (0.0, 10.0):
        bound = settings.model_copy(update={"lambda_phys": strength, "members": 2})
        problem = pose(training, chart, bound)
        ensemble = train(problem, bound).ensemble
        whole = chart.union(training.index)
        spreads.append(np.abs(problem.relations.violation(ensemble.predict(whole).mean)).mean())
    assert spreads[1] < 0.7 * spreads[0]
