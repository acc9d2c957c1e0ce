"""The field of residuals against its definition, written out, and against simulated truth."""

from functools import cache

import numpy as np
import pytest
from scipy import optimize, stats

from bmm.data import load_measured, load_theory
from bmm.errors import DataError
from bmm.gp.lattice_kernel import lattice_likelihood, lattice_points
from bmm.gp.optimisation import NormalPrior, most_probable
from bmm.theory.residual_field import (
    PRIOR,
    TERMS,
    Hyperparameters,
    ResidualField,
    fit_residuals,
)

RNG = np.random.default_rng(7)
Z, N = 30 + np.arange(300) // 20, 40 + np.arange(300) % 20
CENTRES = np.log([0.6, 3, 4, 0.6, 12, 12, 0.2, 10, 10, 0.2, 10, 10, 0.1, 10, 10, 0.3])
VECTOR = np.append(
    np.log([0.8, 2, 5, 0.5, 9, 14, 0.3, 6, 9, 0.2, 4, 7, 0.15, 3, 3, 0.2]),
    -0.4,
)
KNOWN = RNG.uniform(0, 0.2, len(Z))


def kernel(vector, one, other, *, nugget=False):
    """Covariance of two nuclei, written for itself."""
    total = 0.0
    for t in range(5):
        a, rho_Z, rho_N = np.exp(vector[3 * t : 3 * t + 3])
        shape = np.exp(
            -((one[0] - other[0]) ** 2) / (2 * rho_Z**2) - (one[1] - other[1]) ** 2 / (2 * rho_N**2)
        )
        odd = [(0, 0, each[1], each[0], sum(each))[t] for each in (one, other)]
        total += a**2 * shape * (-1.0) ** (odd[0] + odd[1])
    if nugget:
        total += np.exp(2 * vector[15])
    return total * (sum(one) / 100) ** vector[16] * (sum(other) / 100) ** vector[16]


def matrix(vector, first, second):
    return np.array([[kernel(vector, a, b) for b in second] for a in first])


NUCLEI = list(zip(Z.tolist(), N.tolist(), strict=True))


@cache
def at_the_truth():
    return noisy(VECTOR)


def noisy(vector):
    own = [kernel(vector, each, each, nugget=True) - kernel(vector, each, each) for each in NUCLEI]
    return matrix(vector, NUCLEI, NUCLEI) + np.diag(np.array(own) + KNOWN**2)


@pytest.fixture(scope="module")
def residual():
    return RNG.multivariate_normal(np.zeros(len(Z)), at_the_truth())


@pytest.fixture(scope="module")
def field(residual):
    return fit_residuals(Z, N, residual, KNOWN)


def at_truth(residual):
    return ResidualField.conditioned(Hyperparameters.of(VECTOR), Z, N, residual, KNOWN)


def test_the_prior_is_normal_around_typical_values():
    other = VECTOR + 0.2
    penalty = 0.5 * ((other[:16] - CENTRES) ** 2).sum() / 1.5**2 + 0.5 * other[16] ** 2
    assert PRIOR.penalty(other)[0] == pytest.approx(penalty)


def test_the_vector_is_that_of_the_kernel():
    np.testing.assert_allclose(Hyperparameters.of(VECTOR).kernel.parameters, VECTOR, atol=1e-12)
    again = Hyperparameters.from_dict(Hyperparameters.of(VECTOR).as_dict())
    np.testing.assert_allclose(again.kernel.parameters, VECTOR, atol=1e-12)


def test_the_evidence_is_that_of_the_normal_of_the_definition(residual):
    exact = stats.multivariate_normal(cov=at_the_truth()).logpdf(residual)
    assert at_truth(residual).log_evidence == pytest.approx(exact, rel=1e-9)


def test_hyperparameters_are_recovered(residual, field):
    truth = Hyperparameters.of(VECTOR)
    assert field.hyperparameters.amplitude[0] == pytest.approx(truth.amplitude[0], rel=0.4)
    assert field.hyperparameters.rho_Z[0] == pytest.approx(truth.rho_Z[0], rel=0.3)
    assert field.hyperparameters.rho_N[0] == pytest.approx(truth.rho_N[0], rel=0.3)
    assert field.hyperparameters.nugget == pytest.approx(truth.nugget, rel=0.3)
    exact = stats.multivariate_normal(cov=at_the_truth()).logpdf(residual)
    assert exact - 1 < field.log_evidence < exact + 15
    assert set(field.hyperparameters.as_dict()["rho_Z"]) == set(TERMS)


def test_prediction_is_the_conditional_normal(residual):
    new = [(33, 61), (46, 50), (90, 131)]
    across = matrix(VECTOR, new, NUCLEI)
    inverse = np.linalg.inv(at_the_truth())
    mean, sd = at_truth(residual).at(*np.array(new).T)
    assert mean == pytest.approx(across @ inverse @ residual, abs=1e-8)
    prior = np.array([kernel(VECTOR, each, each, nugget=True) for each in new])
    assert sd**2 == pytest.approx(prior - np.diag(across @ inverse @ across.T))
    assert (mean[2], sd[2] ** 2) == pytest.approx((0, prior[2]))


def test_too_few_nuclei_are_refused():
    with pytest.raises(DataError, match="at least 20 measured nuclei; the model covers 19"):
        fit_residuals(Z[:19], N[:19], np.zeros(19), np.zeros(19))


def test_hyperparameters_of_separate_blocks_are_those_of_all_nuclei():
    far_Z, far_N = np.append(Z[:60], Z[:60] + 60), np.append(N[:60], N[:60] + 90)
    residual = RNG.normal(0, 0.5, 120) + np.sin(far_N / 4)
    known, block = np.full(120, 0.1), np.repeat([0, 1], 60)
    whole = fit_residuals(far_Z, far_N, residual, known)
    parts = fit_residuals(far_Z, far_N, residual, known, block)
    one, other = whole.hyperparameters, parts.hyperparameters
    assert other.nugget == pytest.approx(one.nugget, rel=0.02)
    assert other.amplitude[0] == pytest.approx(one.amplitude[0], rel=0.05)
    assert parts.log_evidence == pytest.approx(whole.log_evidence, abs=0.1)
    assert parts.precision.shape == (120, 120)


def test_a_search_that_starts_from_blocks_ends_where_one_from_the_prior_does(residual, field):
    points = lattice_points(Z, N)

    def objective(vector):
        found = lattice_likelihood(Hyperparameters.of(vector).kernel, points, residual, KNOWN**2)
        return -found.value, -found.by_parameters

    found = most_probable(objective, PRIOR.centre, PRIOR, reach=4.0, evaluations=80)
    mine = field.kernel.parameters
    value = objective(mine)[0] + PRIOR.penalty(mine)[0]
    assert value == pytest.approx(found.value, abs=0.05)
    assert field.hyperparameters.nugget == pytest.approx(np.exp(found.parameters[-2]), rel=0.02)


def test_the_same_deviations_are_learnt_once_in_a_process(residual, field, monkeypatch):
    monkeypatch.setattr(optimize, "minimize", None)
    again = fit_residuals(Z, N, residual.copy(), KNOWN)
    assert again.hyperparameters is field.hyperparameters
    assert again.log_evidence == field.log_evidence
    with pytest.raises(TypeError, match="not callable"):
        fit_residuals(Z, N, residual + 1e-9, KNOWN)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FRDM2012", "DZ28"])
def test_two_length_scales_describe_what_a_theory_gets_wrong_in_heavy_nuclei_better_than_one(name):
    measured = load_measured("AME2003").query("60 <= Z <= 100")
    error = measured["mass_excess"] - load_theory(name)["mass_excess"].reindex(measured.index)
    part = (
        *(measured.index.get_level_values(axis).to_numpy() for axis in "ZN"),
        error.to_numpy(),
        measured["mass_excess_uncertainty"].to_numpy(),
    )
    free = np.delete(np.arange(17), [3, 4, 5])

    def without_the_broad_field(values):
        vector = PRIOR.centre.copy()
        vector[3], vector[free] = np.log(1e-4), values
        return vector

    points = lattice_points(*part[:2])

    def objective(values):
        kernel = Hyperparameters.of(without_the_broad_field(values)).kernel
        found_there = lattice_likelihood(kernel, points, part[2], part[3] ** 2)
        return -found_there.value, -found_there.by_parameters[free]

    prior = NormalPrior(PRIOR.centre[free], PRIOR.spread[free])
    found = most_probable(objective, prior.centre, prior, reach=4.0, evaluations=200).parameters
    one = ResidualField.conditioned(Hyperparameters.of(without_the_broad_field(found)), *part)
    assert fit_residuals(*part).log_evidence > one.log_evidence + 3
