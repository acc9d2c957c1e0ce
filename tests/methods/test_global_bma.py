"""Global BMA: one weight per model, by its evidence on the nuclei that all models cover."""

import numpy as np
import pytest

from bmm.errors import ConfigError, DataError
from bmm.methods.averaging import global_bma
from bmm.methods.evidence import NoiseFamily, log_evidence

MODELS = ("good", "fair", "bad")


@pytest.fixture
def charted(chart):
    """Make measured masses and three models, some with gaps, of 100 nuclei."""
    truth = np.random.default_rng(3).normal(-80, 5, 100)

    def make(sizes=(0.2, 0.5, 2.0), gaps=(), sd=0.0, uncertainty=0.01):
        masses = truth[:, None] + np.random.default_rng(4).normal(size=(100, 3)) * sizes
        for nucleus, model in gaps:
            masses[nucleus, model] = np.nan
        return chart(masses, truth, MODELS, uncertainty=uncertainty, sd=sd)

    return make


def test_a_clearly_better_model_takes_all_the_weight(charted):
    weights = global_bma(*charted()).facts["weights"]
    assert list(weights) == list(MODELS)
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["good"] == pytest.approx(1, abs=1e-6)


def test_evidence_uses_the_nuclei_that_all_models_cover(charted):
    measured, theory = charted(gaps=[(0, 2), (7, 0)])
    bma = global_bma(measured.iloc[:50], theory)
    assert bma.facts["n_training"] == 48
    kept = ~np.isin(np.arange(50), [0, 7])
    without = global_bma(measured.iloc[:50][kept], theory)
    assert bma.log_weights.to_dict() == pytest.approx(without.log_weights.to_dict())


def test_the_spread_a_model_states_counts_as_noise(charted):
    measured, theory = charted(sd=0.3)
    deviation = measured["mass_excess"] - theory["mass_excess"].to_numpy()[:, 1]
    A = theory["Z"] + theory["N"]
    for switch, known in ((True, np.hypot(0.01, 0.3)), (False, 0.0)):
        bma = global_bma(measured, theory, NoiseFamily(measurement=switch))
        expected = log_evidence(deviation, np.full(100, known), A, NoiseFamily())
        assert bma.log_weights["fair"] == pytest.approx(expected)


def test_without_measurement_noise_the_forecast_has_the_spread_of_the_models_alone(charted):
    measured, theory = charted(sd=0.3)
    with_noise, without = (
        global_bma(measured, theory, NoiseFamily(nu=np.inf, measurement=switch))
        for switch in (True, False)
    )
    unstated = theory.assign(mass_excess_sd=0 * theory["mass_excess_sd"])
    exact = measured.assign(mass_excess_uncertainty=0.0)
    bare = global_bma(exact, unstated, NoiseFamily(nu=np.inf))
    sd = [each.forecast(theory, 1).distribution.sd for each in (with_noise, without)]
    assert sd[1] == pytest.approx(bare.forecast(unstated, 1).distribution.sd)
    assert (sd[0] >= 0.3).all()
    assert without.models.leave_one_out() == pytest.approx(bare.models.leave_one_out())


def test_no_common_training_nucleus_is_refused(charted):
    with pytest.raises(DataError, match="no measured nucleus is covered by every model"):
        global_bma(*charted(gaps=[(i, 1) for i in range(100)]))


def test_a_model_that_reproduces_the_masses_exactly_is_named(charted):
    with pytest.raises(ConfigError, match="model good: the evidence integral"):
        global_bma(*charted(sizes=(0.0, 0.5, 2.0), uncertainty=0.0))
