"""Bias and rms by region: against averages written out, and the page of a model."""

import numpy as np
import pytest

from bmm.data import load_measured, load_theory
from bmm.errors import DataError
from bmm.evaluation.model_page import model_page
from bmm.evaluation.region_scores import calibration_regions, chart_regions, region_scores
from bmm.nuclides import nuclide_index
from bmm.theory.library import find_card


def test_every_nucleus_lies_in_one_range_of_each_kind():
    nuclei = load_measured("AME2020").index
    regions = chart_regions(nuclei)
    for kinds in (
        [name for name in regions if name.startswith("Z ")],
        [name for name in regions if name.startswith("N ")],
        ["light", "medium", "heavy"],
        ["even-even", "odd A", "odd-odd"],
        ["proton-rich", "neutron-rich"],
    ):
        assert (np.sum([regions[name] for name in kinds], axis=0) == 1).all()


def test_lead_lies_where_it_should():
    regions = chart_regions(nuclide_index([82, 50], [126, 82]))
    of_lead = {name for name, mask in regions.items() if mask[0]}
    assert {"heavy", "even-even", "near magic", "Z 82-125", "N 126-183"} <= of_lead
    assert {name for name, mask in regions.items() if mask[1]} >= {"medium", "Z 50-81", "N 82-125"}


def test_bias_and_rms_are_those_of_the_predicted_nuclei():
    errors = np.array([1.0, -2.0, np.nan, 4.0])
    regions = {
        "all": np.ones(4, dtype=bool),
        "two": np.array([True, False, True, True]),
        "one": np.array([False, True, False, False]),
        "none": np.array([False, False, True, False]),
    }
    scores = region_scores(errors, regions)
    assert scores.index.tolist() == ["all", "two", "one"]
    assert scores["n"].tolist() == [3, 2, 1]
    np.testing.assert_allclose(scores["bias_MeV"], [1.0, 2.5, -2.0])
    np.testing.assert_allclose(scores["rms_MeV"], [np.sqrt(7), np.sqrt(8.5), 2.0])
    np.testing.assert_allclose(scores["bias_se_MeV"][:2], [np.sqrt(3.0), 1.5])
    assert np.isnan(scores["bias_se_MeV"]["one"])


def test_what_was_measured_later_is_told_apart():
    nuclei = load_measured("AME2020").index
    known, later = calibration_regions(nuclei, "AME2012", "AME2020").values()
    assert (known ^ later).all()
    assert known.sum() == nuclei.isin(load_measured("AME2012").index).sum()
    assert calibration_regions(nuclei, "training", "AME2020") == {}


def test_the_page_of_a_table():
    page = model_page(find_card("FRDM2012"), "AME2020")
    (component,) = page.components
    assert len(page.table) == len(load_theory("FRDM2012"))
    assert component.regions.loc["all", "n"] == 2457
    # As published with AME2020: Moller et al. state 0.57 MeV for AME2003.
    assert component.regions.loc["all", "rms_MeV"] == pytest.approx(0.606, abs=5e-4)
    total = component.calibration
    assert total["n"].sum() == 2457
    assert (total["n"] * total["rms_MeV"] ** 2).sum() / 2457 == pytest.approx(
        component.regions.loc["all", "rms_MeV"] ** 2
    )
    assert len(page.suspects) > 0


def test_a_formula_that_learns_has_no_later_nuclei_and_a_network_no_page():
    page = model_page(find_card("DZ10-refit"), "AME2020")
    assert page.table is None
    assert page.components[0].calibration.empty
    with pytest.raises(DataError, match="MDN-refit is trained, which takes minutes"):
        model_page(find_card("MDN-refit"), "AME2020")
