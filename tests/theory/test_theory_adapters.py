"""The interface between theory models and the mixture."""

import numpy as np
import pandas as pd
import pytest

from bmm.errors import ConfigError, DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain, predict_all, prediction, training_masses
from bmm.theory.tabulated import TableModel

NUCLEI = nuclide_index([50, 82, 8], [82, 126, 8])


def table(name, masses):
    frame = pd.DataFrame({"mass_excess": masses}, index=NUCLEI[: len(masses)])
    return TableModel(name, frame, Domain())


def test_prediction_is_labelled():
    predicted = prediction(
        NUCLEI, ["a", "b"], np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]), 0.5
    )
    assert predicted["mass_excess"].dims == ("nucleus", "theory")
    assert predicted["mass_excess"].attrs["units"] == "MeV"
    assert list(predicted["nucleus"].to_numpy()) == ["Sn-132", "Pb-208", "O-16"]
    assert predicted["mass_excess"].sel(nucleus="O-16", theory="b") == 6.0
    assert list(predicted["Z"].to_numpy()) == [50, 82, 8]
    sd = predicted["mass_excess_sd"].to_numpy()
    np.testing.assert_array_equal(sd, [[0.5, 0.5], [0.5, np.nan], [0.5, 0.5]])


def test_a_nucleus_missing_in_one_model_keeps_the_others():
    predicted = predict_all([table("long", [1.0, 2.0, 3.0]), table("short", [4.0])], NUCLEI)
    np.testing.assert_array_equal(
        predicted["mass_excess"], [[1.0, 4.0], [2.0, np.nan], [3.0, np.nan]]
    )
    assert list(predicted["theory"].to_numpy()) == ["long", "short"]
    assert predicted["mass_excess"].attrs["units"] == "MeV"
    assert predicted["Z"].dims == ("nucleus",)


def test_order_of_the_nuclei_is_kept():
    model = table("a", [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        model.predict(NUCLEI[::-1])["mass_excess"], model.predict(NUCLEI)["mass_excess"][::-1]
    )


def test_a_table_does_not_learn():
    model = table("a", [1.0])
    assert model.fit(pd.DataFrame({"mass_excess": [100.0]}, index=NUCLEI[:1])) is model


def test_components_need_different_names():
    with pytest.raises(ConfigError, match="component 'a' appears 2 times"):
        predict_all([table("a", [1.0]), table("a", [2.0])], NUCLEI)
    with pytest.raises(ConfigError, match="no theory model was given"):
        predict_all([], NUCLEI)


def test_training_masses_are_checked():
    domain = Domain(Z=(20, 140))
    frame = pd.DataFrame({"mass_excess": [1.0, 2.0, np.nan]}, index=NUCLEI)
    assert list(training_masses(frame, domain)) == [1.0, 2.0]
    with pytest.raises(DataError, match="training nucleus Z=8, N=8: expected one finite mass"):
        training_masses(frame, Domain())
    with pytest.raises(DataError, match="training nucleus Z=50, N=82: expected one finite mass"):
        training_masses(frame.iloc[[0, 0]], domain)
    with pytest.raises(DataError, match="training masses need a column mass_excess"):
        training_masses(frame.rename(columns={"mass_excess": "mass"}), domain)
    with pytest.raises(DataError, match="must be indexed by "):
        training_masses(frame.reset_index(drop=True), domain)
