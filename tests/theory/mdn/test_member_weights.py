"""New measurements by Bayes' theorem: against the product of densities, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from bmm.errors import DataError
from bmm.theory.mdn.member_weights import reweight, update_model
from bmm.theory.mdn.model_file import write_ensemble


@pytest.fixture
def new(masses, training):
    return masses.drop(training.index).iloc[[5]]


def test_weights_follow_bayes_theorem(small, new, tmp_path):
    ensemble = small.ensemble
    said = ensemble.predict(new.index)
    C, members = ensemble.settings.components, len(ensemble.skip)
    mass, uncertainty = new["mass_excess"].item(), new["mass_excess_uncertainty"].item()
    evidence = np.zeros(members)
    for i, (mean, sd, weight) in enumerate(
        zip(said.means[:, 0], said.sds[:, 0], said.weights[:, 0], strict=True)
    ):
        evidence[i // C] += weight * members * stats.norm.pdf(mass, mean, np.hypot(sd, uncertainty))
    expected = evidence / evidence.sum()
    path = tmp_path / "net.npz"
    write_ensemble(path, ensemble)
    update = update_model(path, new)
    np.testing.assert_allclose(np.exp(update.ensemble.log_weight), expected, rtol=1e-8)
    assert update.effective == pytest.approx(1 / (expected**2).sum())
    assert special.logsumexp(update.ensemble.log_weight) == pytest.approx(0, abs=1e-12)


def test_one_after_the_other_is_both_at_once(small, masses, training):
    new = masses.drop(training.index).iloc[[3, 30]]
    both = reweight(small.ensemble, new)
    first = reweight(small.ensemble, new.iloc[:1])
    second = reweight(first.ensemble, new.iloc[1:])
    np.testing.assert_allclose(
        both.ensemble.log_weight, second.ensemble.log_weight, rtol=1e-8, atol=1e-10
    )


def test_a_precise_measurement_moves_the_prediction_towards_it(small, new):
    update = reweight(small.ensemble, new)
    mass = new["mass_excess"].item()
    change = abs(update.after["mass_excess"].item() - mass)
    assert change < abs(update.before["mass_excess"].item() - mass)


def test_too_few_effective_members_recommend_retraining(small, masses, training):
    rest = masses.drop(training.index)
    many = reweight(small.ensemble, rest)
    assert many.needs_retraining == (many.effective < 1)
    worse = rest.assign(mass_excess_uncertainty=1e3)
    assert not reweight(small.ensemble, worse).needs_retraining
    assert reweight(small.ensemble, worse).effective == pytest.approx(4, rel=0.01)


def test_the_verdict_recommends_retraining(small, new):
    update = reweight(small.ensemble, new)
    from dataclasses import replace

    few = replace(update, effective=0.9)
    assert "retrain with bmm train-mdn" in few.verdict
    assert "retrain" not in replace(update, effective=4.0).verdict


def test_measurements_that_cannot_be_used_are_named(small, new, training):
    with pytest.raises(DataError, match=r"the model has learnt from it, and a mass must not count"):
        reweight(small.ensemble, training.iloc[:1])
    with pytest.raises(DataError, match="expected at least one nucleus"):
        reweight(small.ensemble, new.iloc[:0])
    with pytest.raises(DataError, match="need a column mass_excess_uncertainty"):
        reweight(small.ensemble, new[["mass_excess"]])
    with pytest.raises(DataError, match="expected a finite mass excess"):
        reweight(small.ensemble, new.assign(mass_excess=np.nan))
    with pytest.raises(DataError, match="expected each nucleus once"):
        reweight(small.ensemble, pd.concat([new, new]))
