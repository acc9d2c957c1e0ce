"""Fits for a forecast, with errors of the masses as stated or as learnt from history."""

import gc
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.data import load_measured
from bmm.errors import ConfigError, DataError
from bmm.measurement.treatment import errors_of_all
from bmm.mixing import corrected_fit
from bmm.mixing.corrected_fit import average_of, fit_forecast, recorrected
from bmm.mixing.fit import fit
from bmm.mixing.fitted import fitted_masses
from bmm.mixing.reweighting import update
from bmm.mixing.settings import FORECAST, Sampler
from bmm.theory.adapters import Domain, predict_all
from bmm.theory.correction import correct_theory
from bmm.theory.library import load_model
from bmm.theory.residual_field import ResidualField

SETTINGS = FORECAST.model_copy(update={"sampler": Sampler(draws=100, tune=200, chains=2)})


@pytest.fixture(scope="module")
def region():
    """Masses of AME2003 from Br to Tc, and two models there and beyond."""
    measured = load_measured("AME2003")
    measured = measured[Domain(Z=(35, 43), N=(44, 70)).covers(measured.index)]
    later = load_measured("AME2020")
    later = later[Domain(Z=(35, 43), N=(44, 70)).covers(later.index)]
    models = [load_model(name).fit(measured) for name in ("FRDM2012", "DZ28")]
    return measured, predict_all(models, measured.index.union(later.index)), later


@pytest.fixture(scope="module")
def trees(region):
    measured, theory, _ = region
    return {
        kind: fit_forecast(measured, theory, SETTINGS, measurement_errors=kind, seed=1)
        for kind in ("stated", "learnt")
    }


def test_learnt_errors_are_kept_with_the_fit(trees):
    assert "measurement_errors" not in trees["stated"].children
    assert json.loads(trees["stated"].attrs["measurement_errors"]) == {}
    facts = json.loads(trees["learnt"].attrs["measurement_errors"])
    assert facts["kinds"]["beta-"]["revised"] == 92


@pytest.mark.parametrize("kind", ["stated", "learnt"])
def test_no_residual_field_is_held_while_the_sampler_runs(region, monkeypatch, kind):
    # Each holds matrices of all pairs of nuclei: together half a gigabyte on the whole chart.
    measured, theory, _ = region

    def held():
        gc.collect()
        return {id(each) for each in gc.get_objects() if type(each) is ResidualField}

    class SamplingBeginsError(Exception):
        pass

    def stop(*_args, **_options):
        assert held() <= before
        raise SamplingBeginsError

    monkeypatch.setattr(corrected_fit, "fit", stop)
    before = held()
    with pytest.raises(SamplingBeginsError):
        fit_forecast(measured, theory, SETTINGS, measurement_errors=kind, seed=1)


def test_the_chart_is_that_of_fields_conditioned_with_these_errors(region, trees):
    measured, theory, _ = region
    tree = trees["learnt"]
    errors = errors_of_all(tree["measurement_errors"].to_dataset(), measured)
    block = measured.index.get_level_values("Z").to_numpy() // 16
    expected = correct_theory(measured, theory, block=block, errors=errors).theory
    found = tree["chart"].to_dataset()
    assert found["mass_excess"].to_numpy() == pytest.approx(
        expected["mass_excess"].to_numpy(), abs=1e-9
    )
    apart = found["mass_excess"] - trees["stated"]["chart"].to_dataset()["mass_excess"]
    assert 0.02 < float(np.abs(apart).max()) < 2.0


def test_conditioning_again_on_the_same_masses_changes_nothing(trees):
    for tree in trees.values():
        again = recorrected(tree, fitted_masses(tree))["chart"].to_dataset()
        before = tree["chart"].to_dataset()
        assert again["mass_excess"].to_numpy() == pytest.approx(
            before["mass_excess"].to_numpy(), abs=1e-8
        )


def test_the_average_is_conditioned_with_the_same_errors(trees):
    tree = trees["learnt"]
    measured = fitted_masses(tree)
    field = average_of(tree, measured).field
    errors = errors_of_all(tree["measurement_errors"].to_dataset(), measured)
    plain = average_of(trees["stated"], measured).field
    assert field.residual - plain.residual == pytest.approx(errors.shift, abs=1e-6)


def test_an_update_takes_a_new_mass_as_stated_beside_learnt_errors(region, trees):
    measured, _, later = region
    new = later.loc[later.index.difference(measured.index)].iloc[[0]]
    updated = update(trees["learnt"], new).tree
    assert "measurement_errors" in updated.children
    before, after = (
        tree["chart"].to_dataset().sel(nucleus=str(name))["mass_excess"].mean("theory")
        for tree in (trees["learnt"], updated)
        for name in [
            updated["observed_data"]["nucleus"].to_numpy()[
                list(fitted_masses(updated).index).index(new.index[0])
            ]
        ]
    )
    # A nucleus is corrected by the others only: the new mass moves its neighbours, not itself.
    assert float(after) == pytest.approx(float(before), abs=1e-6)
    apart = (
        updated["chart"].to_dataset()["mass_excess"]
        - trees["learnt"]["chart"].to_dataset()["mass_excess"]
    )
    assert float(np.abs(apart).max()) > 1e-3


def test_measurement_errors_need_masses_of_an_evaluation(region):
    measured, theory, _ = region
    moved = measured.assign(mass_excess=measured["mass_excess"] + 0.01)
    with pytest.raises(DataError, match="of a shipped evaluation"):
        fit_forecast(moved, theory, SETTINGS, measurement_errors="learnt")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"settings": {"likelihood": "linear"}},
            r"^settings: expected bmm.Mixing\(...\), not dict$",
        ),
        ({"seed": -1}, r"^seed = -1: expected a whole number from 0 on$"),
        ({"seed": "a"}, r"^seed = 'a': expected"),
        ({"seed": True}, r"^seed = True: expected"),
    ],
)
def test_settings_and_seeds_of_another_kind_are_refused_before_anything_is_learnt(
    arguments, message
):
    nothing = pd.DataFrame(), xr.Dataset()
    with pytest.raises(ConfigError, match=message):
        fit_forecast(*nothing, **arguments)
    with pytest.raises(ConfigError, match=message):
        fit(*nothing, xr.Dataset(), **arguments)
