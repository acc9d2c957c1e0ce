import pytest

from bmm.data import load_measured
from bmm.measurement.posterior import infer_measurement_errors
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.library import load_model


@pytest.fixture(scope="package")
def region():
    """Masses of AME2003 from Br to Tc, where several turned out to be wrong, and two models."""
    measured = load_measured("AME2003")
    measured = measured[Domain(Z=(35, 43), N=(44, 70)).covers(measured.index)]
    models = [load_model(name).fit(measured) for name in ("FRDM2012", "DZ28")]
    return measured, predict_all(models, measured.index)


@pytest.fixture(scope="package")
def found(region):
    return infer_measurement_errors(*region)
