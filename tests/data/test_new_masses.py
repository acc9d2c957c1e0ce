"""New masses are compared with what is forecast and with AME2020; the absurd is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bmm.conversions import binding_energy
from bmm.data import check_new_masses, load_measured
from bmm.data.expected_masses import expected_masses
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

NEW = (49, 86)  # In-135: estimated in AME2020
CLOSE = (49, 88)  # In-137: also estimated
EXOTIC = (49, 90)  # not even that


@pytest.fixture(scope="module")
def forecast():
    """What a good mixture says around tin: AME2020 where it has masses, with 0.3 to 1 MeV."""
    known = load_measured("AME2020", estimated=True).query("48 <= Z <= 52")
    forecast = pd.DataFrame({"mean": known["mass_excess"] + 0.2, "sd": 0.3})
    forecast.loc[known["estimated"], "sd"] = 1.0
    forecast.loc[EXOTIC, :] = (-17.9, 1.2)
    forecast.loc[(49, 94), :] = (10.0, 2.0)
    return forecast


def check(forecast, nucleus, mass, uncertainty=0.02):
    frame = pd.DataFrame(
        {"mass_excess": [mass], "mass_excess_uncertainty": [uncertainty]},
        index=nuclide_index(*([number] for number in nucleus)),
    )
    check_new_masses(Path("new.csv"), frame, forecast)


@pytest.mark.parametrize("nucleus", [NEW, CLOSE, (50, 82)])
@pytest.mark.parametrize("surprise", [-2.5, 0.0, 2.5])
def test_an_unexpected_mass_within_the_limits_is_accepted(forecast, nucleus, surprise):
    check(forecast, nucleus, forecast["mean"][nucleus] - 0.2 + surprise)


def of(nucleus, forecast):
    return float(forecast["mean"][nucleus])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda M, B, A: 1000 * M, 'MeV; it would fit with unit = "keV"'),
        (lambda M, B, A: -M, "MeV; it would fit with sign = -1"),
        (lambda M, B, A: B, 'MeV; it would fit with quantity = "binding_energy"'),
        (lambda M, B, A: 1000 * B,
         'MeV; it would fit with quantity = "binding_energy" and unit = "keV"'),
        (lambda M, B, A: B / A, 'MeV; it would fit with quantity = "binding_energy_per_nucleon"'),
        (lambda M, B, A: M + 25, r": expected a mass excess in MeV$"),
        (lambda M, B, A: 1e300, r": expected a mass excess in MeV$"),
        (lambda M, B, A: -1e300, r": expected a mass excess in MeV$"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("nucleus", [NEW, (49, 82)])
def test_absurd_masses_are_refused_with_a_fitting_reading(forecast, nucleus, value, message):
    mass = of(nucleus, forecast)
    energy = float(binding_energy(*nucleus, mass))
    with pytest.raises(DataError, match=rf"new\.csv: In-\d+ \(Z=49, N=\d+\): .*{message}"):
        check(forecast, nucleus, value(mass, energy, sum(nucleus)))


def test_an_uncertainty_in_keV_beside_a_mass_in_keV_names_the_unit(forecast):
    """As where a table of AME is copied: In-135, -46520 keV +- 20 keV."""
    with pytest.raises(
        DataError, match=r'not 20, beside .* -46520 MeV; it would fit with unit = "keV"'
    ):
        check(forecast, NEW, -46520.0, 20.0)


def test_where_nothing_is_known_models_decide(forecast):
    nucleus = (62, 107)  # Sm-169: neither in AME2020 nor in this forecast
    check(forecast, nucleus, -20.0)
    with pytest.raises(
        DataError, match=r'where models expect -\d+\.\d+ \+- 10 MeV; .* unit = "keV"'
    ):
        check(forecast, nucleus, -20000.0)


def test_where_ame_has_nothing_the_forecast_decides(forecast):
    known = nuclide_index([49], [90])
    assert not known.isin(load_measured("AME2020", estimated=True).index).any()
    check(forecast, EXOTIC, -20.0)
    with pytest.raises(DataError, match=r"where the forecast is -17\.900 \+- 1\.2 MeV"):
        check(forecast, EXOTIC, -30.0)


def test_an_evaluated_nucleus_may_not_be_far_off(forecast):
    with pytest.raises(DataError, match=r"where AME2020 has -76\.5\d+ \+- 0\.00\d+ MeV"):
        check(forecast, (50, 82), -51.5)


def test_swapped_numbers_are_named(forecast):
    tellurium = expected_masses(np.array([52]), np.array([49])).mass_excess.item()
    with pytest.raises(DataError, match="it would fit with Z and N swapped"):
        check(forecast, (49, 52), tellurium)


@pytest.mark.parametrize("uncertainty", [0.0, -0.02, 1e-300, 1e9, 20.0])
def test_an_impossible_uncertainty_is_refused(forecast, uncertainty):
    with pytest.raises(DataError, match=r"In-135 .*: expected an uncertainty from 1e-09 to 5 MeV"):
        check(forecast, NEW, of(NEW, forecast), uncertainty)


def test_a_swapped_uncertainty_is_named(forecast):
    with pytest.raises(DataError, match=r"not -4\d\.\d+ \(is it swapped with the mass\?\)"):
        check(forecast, NEW, 0.02, of(NEW, forecast))


def test_nobody_has_measured_a_nucleus_far_from_all_known_ones(forecast):
    with pytest.raises(DataError, match="is 4 nucleons from the nearest nuclide of AME2020"):
        check(forecast, (49, 94), 10.0)
    with pytest.raises(DataError, match=r"Og-298 .* is 3 nucleons from the nearest"):
        check(forecast, (118, 180), 200.0)


def test_every_mass_measured_since_2016_is_taken():
    # Against AME2016 with its own uncertainties, estimated values among them.
    before = load_measured("AME2016", estimated=True)
    now = load_measured("AME2020")
    both = now.index.intersection(before.index[before["estimated"]])
    assert len(both) > 50
    forecast = pd.DataFrame(
        {"mean": before["mass_excess"][both], "sd": before["mass_excess_uncertainty"][both]}
    )
    check_new_masses(Path("new.csv"), now.loc[both], forecast)
    assert np.abs(now["mass_excess"][both] - forecast["mean"]).max() > 1.0


def test_several_are_counted(forecast):
    nuclei = nuclide_index([49, 49], [86, 88])
    masses = 1000 * forecast["mean"].reindex(nuclei).to_numpy()
    frame = pd.DataFrame({"mass_excess": masses, "mass_excess_uncertainty": 0.02}, index=nuclei)
    with pytest.raises(DataError, match=r"In-135 .* \(and 1 more\); it would fit with unit"):
        check_new_masses(Path("new.csv"), frame, forecast)
