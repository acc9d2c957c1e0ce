"""The combination of principal components is conjugate: everything has a closed form."""

import numpy as np
import pytest
from scipy import stats

from bmm.data import load_measured
from bmm.errors import ConfigError
from bmm.evaluation.splits import edition_split
from bmm.methods.averages import LeastSquares
from bmm.methods.components import PrincipalComponents
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.library import load_model

RNG = np.random.default_rng(31)
TRUTH = RNG.normal(-50, 10, 60)
THEORY = TRUTH[:, None] + RNG.normal(scale=[0.3, 0.5, 0.8], size=(60, 3)) + [0.1, -0.2, 0.0]


def marginal(theory, mass, directions, n):
    """Log density of masses with coefficients and noise integrated out: a multivariate t."""
    average = theory.mean(axis=1)
    design = (theory - average[:, None]) @ directions
    shape = 0.1**2 * (np.eye(len(mass)) + n * design @ design.T)
    return stats.multivariate_t(average, shape, df=2).logpdf(mass)


@pytest.mark.parametrize("components", [0, 1, 2])
def test_evidence_and_prediction_are_the_multivariate_t(chart, components):
    measured, theory = chart(THEORY, TRUTH, measured=slice(40))
    fitted = PrincipalComponents(components=components).fit(measured, theory)
    whole = marginal(THEORY[:40], TRUTH[:40], fitted.directions, 40)
    assert fitted.facts["log_evidence_by_components"][components] == pytest.approx(whole)
    density = fitted.forecast(theory, 1).distribution.log_density(TRUTH)
    for i in (45, 59):
        rows = [*range(40), i]
        more = marginal(THEORY[rows], TRUTH[rows], fitted.directions, 40)
        assert density[i] == pytest.approx(more - whole)


def test_all_components_are_constrained_least_squares_but_for_the_prior(chart):
    measured, theory = chart(THEORY, TRUTH)
    fitted = PrincipalComponents(components=2).fit(measured, theory)
    squares = LeastSquares(sum_to_one=True).fit(measured, theory)
    weights = np.array(list(fitted.facts["weights"].values()))
    assert (weights - 1 / 3) * 61 / 60 == pytest.approx(squares.weights - 1 / 3)
    assert weights.sum() == pytest.approx(1)


def test_the_number_of_components_has_the_best_evidence(chart):
    # One direction helps: model b is exact.  The other two directions are noise.
    useless = RNG.normal(size=(60, 2))
    theory = np.stack([TRUTH + 3 * RNG.normal(size=60), *(TRUTH + x for x in useless.T)], axis=1)
    exact = np.append(theory, TRUTH[:, None] + 0.01 * RNG.normal(size=(60, 1)), axis=1)
    measured, labelled = chart(exact, TRUTH, ("a", "b", "c", "d"))
    fitted = PrincipalComponents().fit(measured, labelled)
    evidence = fitted.facts["log_evidence_by_components"]
    assert fitted.facts["components"] == int(np.argmax(evidence)) == 3
    assert fitted.facts["weights"]["d"] == pytest.approx(1, abs=0.05)


def test_equal_models_have_no_components(chart):
    measured, theory = chart(np.repeat(TRUTH[:, None], 3, axis=1) + 0.5, TRUTH)
    fitted = PrincipalComponents().fit(measured, theory)
    assert fitted.facts["components"] == 0
    with pytest.raises(ConfigError, match="at most 0"):
        PrincipalComponents(components=1).fit(measured, theory)


@pytest.mark.parametrize(
    ("components", "weights", "sd"),
    # pybmc 0.4.1 (MIT), its Gibbs sampler with 20000 draws and its own prior, on the same nuclei.
    [
        (
            3,
            [0.13938491, -0.01462843, 0.70365347, 0.10351652, 0.06807353],
            [0.00538126, 0.0079226, 0.01436908, 0.01005185, 0.01187285],
        ),
        (
            4,
            [0.03284606, 0.07365995, 0.7271596, 0.09802636, 0.06830804],
            [0.02420906, 0.02100609, 0.01513877, 0.01006374, 0.01184145],
        ),
    ],
)
def test_weights_are_those_of_pybmc(components, weights, sd):
    split = edition_split("AME2003", "AME2020", Domain(Z=(8, 100), N=(8, 320)))
    # Its table of FRDM2012 ends with AME2020, which no longer counts a few of these as measured.
    training = split.training[split.training.index.isin(load_measured("AME2020").index)]
    names = ("FRDM2012", "FRDM1995", "DZ28", "HFB14", "KTUY05")
    models = [load_model(name).fit(training) for name in names]
    theory = predict_all(models, nuclide_index(training.index))
    fitted = PrincipalComponents(components=components).fit(training, theory)
    found = np.array([fitted.facts["weights"][name] for name in names])
    assert (np.abs(found - weights) < 0.05 * np.array(sd)).all()
    spread = np.sqrt(fitted.scale / fitted.shape * fitted.shrinkage)
    deviation = spread * np.linalg.norm(fitted.directions, axis=1)
    assert deviation == pytest.approx(sd, rel=0.03)
