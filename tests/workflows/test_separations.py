"""What is learnt of the residuals for the report is kept, and read again."""

import numpy as np
import pytest

from bmm.errors import DamagedError
from bmm.prediction.local_draws import AVERAGE
from bmm.theory.adapters import prediction
from bmm.theory.correction import FittedHyperparameters
from bmm.theory.residual_field import Hyperparameters
from bmm.workflows import separations
from bmm.workflows.config import Chart, Data, RunConfig, Theory
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import select_measured

CONFIG = RunConfig(
    name="mine",
    data=Data(Z=(40, 42), N=(50, 54)),
    chart=Chart(Z=(40, 42), N=(50, 56)),
    theory=Theory(models=["DZ33", "FRDM2012"]),
)


def test_fields_are_learnt_once_and_kept(tmp_path, monkeypatch):
    plain = {
        name: dict.fromkeys(("smooth", "broad", "neutron_pairing", "proton_pairing", "both"), 1.0)
        for name in ("amplitude", "rho_Z", "rho_N")
    } | {"nugget": 0.1, "power": 0.0}
    learnt = FittedHyperparameters(Hyperparameters.from_dict(plain), 0.7)
    with RunFolder.begin(tmp_path / "run") as folder:
        folder.complete()
    calls = []
    monkeypatch.setattr(
        separations,
        "learn_fields",
        lambda *inputs: calls.append(inputs) or {"one": learnt, AVERAGE: learnt},
    )
    index = select_measured(CONFIG).index
    chart = prediction(index, CONFIG.theory.models, np.zeros((len(index), 2)))
    for _ in range(2):
        draws = separations.JointDraws(RunFolder.open(tmp_path / "run"), CONFIG, chart)
        found = draws.learnt()
        assert set(found) == {"one", AVERAGE}
        assert found[AVERAGE].factor == pytest.approx(0.7)
    assert len(calls) == 1
    folder.fields.write_text(folder.fields.read_text().replace("0.7", "0.8"))
    with pytest.raises(DamagedError, match=r"fields\.json is not the file that was written"):
        draws.learnt()
