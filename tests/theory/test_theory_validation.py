"""Datasets of theoretical masses that anyone may bring, alone and beside measured masses."""

import numpy as np
import pytest
import xarray as xr

from bmm.data import load_measured
from bmm.errors import DataError
from bmm.mixing.fit import fit
from bmm.theory.adapters import predict_all
from bmm.theory.correction import correct_theory
from bmm.theory.library import load_model
from bmm.theory.validation import check_agreement, check_theory


@pytest.fixture(scope="module")
def measured():
    return load_measured("AME2020").query("48 <= Z <= 52")


@pytest.fixture(scope="module")
def theory(measured):
    models = [load_model(name).fit(measured) for name in ("FRDM2012", "HFB26", "UNEDF1")]
    return predict_all(models, measured.index)


def test_what_the_adapters_predict_is_what_is_expected(measured, theory):
    xr.testing.assert_identical(check_theory(theory), theory)
    check_agreement(measured, theory)


def test_the_order_of_dimensions_does_not_matter(theory):
    xr.testing.assert_identical(check_theory(theory.transpose("theory", "nucleus")), theory)


def one(theory, factor, k=1):
    """Multiply the masses of a model."""
    factors = xr.DataArray(np.where(np.arange(3) == k, factor, 1.0), dims="theory")
    return theory.assign(mass_excess=theory["mass_excess"] * factors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda theory: theory["mass_excess"], r"a Dataset as bmm\.predict_all .* DataArray"),
        (lambda theory: theory.drop_vars("mass_excess_sd"), "no variable 'mass_excess_sd'"),
        (lambda theory: theory.rename(theory="model"), r"dimensions \('nucleus', 'model'\)"),
        (lambda theory: theory.isel(theory=0), r"has the dimensions \('nucleus',\)"),
        (lambda theory: theory.drop_vars("Z"), "no coordinate 'Z' along 'nucleus'"),
        (lambda theory: theory.rename(Z="N", N="Z"), "called 'Cd-97' has the Z and N of In-97"),
        (lambda theory: theory.assign_coords(theory=["a", "b", "a"]), "'a' comes twice"),
        (lambda theory: xr.concat([theory, theory], "nucleus"), "Z = 48, N = 49 comes twice"),
        (lambda theory: one(theory, 1000), r"'HFB26' has .* \(is it in keV"),
        (lambda theory: one(theory, np.inf), "'HFB26' has -inf for Cd-97; expected a mass excess"),
        (lambda theory: theory.assign(mass_excess_sd=theory["mass_excess_sd"] - 1),
         "'FRDM2012' has -1 for Cd-97; expected a standard deviation from 0 to 100 MeV"),
        (lambda theory: theory.assign(mass_excess=theory["mass_excess"].astype(str) + "x"),
         "expected numbers in 'mass_excess'"),
    ],
)  # fmt: skip
def test_what_is_no_such_dataset_is_refused_in_one_sentence(theory, change, message):
    with pytest.raises(DataError, match=message):
        check_theory(change(theory))


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (
            -1.0,
            "masses of 'HFB26' do not agree with the measured ones: .*; they seem to be of the o",
        ),
        (0.001, "the masses of 'HFB26' do not agree with the measured ones: expected mass exc"),
        (20.0, "the masses of 'HFB26' do not agree with the measured ones: expected mass exc"),
    ],
)
def test_a_model_in_another_unit_is_named(measured, theory, factor, message):
    with pytest.raises(DataError, match=message):
        check_agreement(measured, one(theory, factor))


def test_measured_masses_that_no_model_agrees_with_are_refused(measured, theory):
    flipped = measured.assign(mass_excess=-measured["mass_excess"])
    with pytest.raises(DataError, match=r"measured masses do not agree with any model: .* other"):
        check_agreement(flipped, theory)
    alone = theory.isel(theory=[0])
    with pytest.raises(DataError, match="masses of 'FRDM2012' and the measured ones do not agree"):
        check_agreement(flipped, alone)


def test_a_model_that_is_off_by_a_constant_is_accepted(measured, theory):
    check_agreement(measured, theory + 20.0)


@pytest.mark.parametrize("use", [lambda *each: fit(*each, each[1]), correct_theory])
def test_fits_and_corrections_take_nothing_else(measured, theory, use):
    with pytest.raises(DataError, match="measured masses need a column 'mass_excess'"):
        use(measured.rename(columns={"mass_excess": "M"}), theory)
    with pytest.raises(DataError, match="no variable 'mass_excess'"):
        use(measured, theory.rename(mass_excess="M"))
    with pytest.raises(DataError, match=r"expected an uncertainty from 0 to 5 MeV"):
        use(measured.assign(mass_excess_uncertainty=-1.0), theory)
    with pytest.raises(DataError, match="measured masses do not agree with any model"):
        use(measured.assign(mass_excess=-measured["mass_excess"]), theory)


def test_a_fit_takes_a_chart_of_the_same_models_only(measured, theory):
    for chart in (theory.isel(theory=[1, 0, 2]), theory.assign_coords(theory=["a", "b", "c"])):
        with pytest.raises(DataError, match="expected those of theory, 'FRDM2012, HFB26, UNEDF1'"):
            fit(measured, theory, chart)


def test_a_fit_takes_no_model_that_has_nothing_to_learn_from(measured, theory):
    idle = theory.assign(mass_excess=theory["mass_excess"].where(theory["theory"] != "HFB26"))
    with pytest.raises(DataError, match="model 'HFB26' covers none of the 173 measured nuclei"):
        fit(measured, idle, idle)
