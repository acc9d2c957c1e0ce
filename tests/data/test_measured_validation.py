"""Frames of measured masses that anyone may bring."""

import numpy as np
import pandas as pd
import pytest

from bmm.data import check_measured, load_measured
from bmm.errors import BmmError, DataError


@pytest.fixture
def measured():
    columns = ["mass_excess", "mass_excess_uncertainty"]
    return load_measured("AME2020").query("48 <= Z <= 52")[columns]


def test_an_evaluation_is_what_is_expected():
    whole = load_measured("AME2020")
    pd.testing.assert_frame_equal(check_measured(whole), whole)


def test_integers_become_floats(measured):
    whole = measured.round().astype(int)
    checked = check_measured(whole)
    assert (checked.dtypes == np.float64).all()
    assert (whole.dtypes == np.int64).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame["mass_excess"], "expected a DataFrame indexed .* not Series"),
        (lambda frame: None, "not NoneType"),
        (lambda frame: frame.reset_index(), r"expected \('Z', 'N'\), such as measured\.set_index"),
        (lambda frame: frame.swaplevel(), r"\('N', 'Z'\): expected .*reorder_levels"),
        (lambda frame: frame.T, r"expected \('Z', 'N'\)"),
        (lambda frame: frame[[]], r"need a column 'mass_excess' \(MeV\); expected it among none"),
        (lambda frame: frame[["mass_excess"]], "need a column 'mass_excess_uncertainty'"),
        (lambda frame: frame.rename(columns={"mass_excess": "M"}), "among 'M', 'mass_excess_unc"),
        (lambda frame: pd.concat([frame, frame[:1]]), "Z = 48, N = 49 comes twice"),
        (lambda frame: frame.assign(mass_excess="x"), "expected numbers in the column 'mass_exc"),
        (lambda frame: frame.assign(mass_excess=np.nan), "Cd-97 has nan and .* finite numbers"),
        (lambda frame: frame.assign(mass_excess=np.inf), "Cd-97 has inf and"),
        (lambda frame: frame.assign(mass_excess=frame["mass_excess"] * 1000),
         r"Cd-97 has -60734\.?\d*; expected a mass excess of at most 2000 MeV \(is it in keV"),
        (lambda frame: -frame.abs(), "Cd-97 has -0.4.*; expected an uncertainty from 0 to 5"),
        (lambda frame: frame.assign(mass_excess_uncertainty=12.0), r"Cd-97 has 12; .*it in keV"),
        (lambda frame: frame.assign(mass_excess_uncertainty=1e9), r"Cd-97 has 1e\+09; expected an"),
        (lambda frame: frame.set_axis(frame.index.set_levels([0.5, 1, 2, 3, 4], level="Z")),
         "Z must be whole numbers"),
        (lambda frame: frame.set_axis(frame.index.set_levels([*range(400, 447)], level="N")),
         "N = 400 lies off the chart"),
    ],
)  # fmt: skip
def test_what_is_no_such_frame_is_refused_in_one_sentence(measured, change, message):
    levels = measured.index.remove_unused_levels()
    with pytest.raises(BmmError, match=message):
        check_measured(change(measured.set_axis(levels)))


def test_uncertainties_are_optional_where_not_needed(measured):
    assert len(check_measured(measured[["mass_excess"]], uncertainty=False)) == len(measured)
    with pytest.raises(DataError, match="'mass_excess_uncertainty'"):
        check_measured(measured[["mass_excess"]])
