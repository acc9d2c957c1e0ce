"""What is learnt of the residuals for the report is kept, and read again if it is complete."""

import pytest

from bmm.prediction.local_draws import AVERAGE
from bmm.theory.correction import FittedHyperparameters
from bmm.theory.residual_field import Hyperparameters
from bmm.workflows import separations
from bmm.writing import write_json


def test_fields_without_the_average_are_learnt_anew_and_then_kept(tmp_path, monkeypatch):
    plain = {
        name: dict.fromkeys(("smooth", "broad", "neutron_pairing", "proton_pairing", "both"), 1.0)
        for name in ("amplitude", "rho_Z", "rho_N")
    } | {"nugget": 0.1, "power": 0.0}
    learnt = FittedHyperparameters(Hyperparameters.from_dict(plain), 0.7)
    draws = separations.JointDraws.__new__(separations.JointDraws)
    draws._file, draws._measured, draws.chart = tmp_path / "fields.json", None, None
    write_json(draws._file, {"one": {"factor": 0.9, **plain}})
    calls = []
    monkeypatch.setattr(
        separations,
        "learn_fields",
        lambda *inputs: calls.append(inputs) or {"one": learnt, AVERAGE: learnt},
    )
    for _ in range(2):
        found = draws.learnt()
        assert set(found) == {"one", AVERAGE}
        assert found[AVERAGE].factor == pytest.approx(0.7)
    assert len(calls) == 1
