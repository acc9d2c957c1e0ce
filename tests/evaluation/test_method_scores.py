import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from bmm.errors import ConfigError
from bmm.evaluation.comparison_tables import (
    LEAK_MARK,
    UNCONVERGED_MARK,
    comparison_tables,
    derived_screen,
    region_table,
)
from bmm.evaluation.method_scores import common_nuclei, compare
from bmm.evaluation.regions import distance_to, region_masks
from bmm.evaluation.scores import LEVELS
from bmm.nuclides import nuclide_index

LEVELS_SCORED = [0.68, 0.95]


def scores_of(error, scale=1.0):
    """Scores of normal forecasts with these errors."""
    Z, N = np.divmod(np.arange(len(error)), 10)
    table = pd.DataFrame(index=nuclide_index(20 + Z, 30 + N))
    table["error"] = table["median_error"] = error
    table["crps"] = np.abs(error)
    table["log_density"] = stats.norm.logpdf(error, 0, scale)
    table["pit"] = stats.norm.cdf(error, 0, scale)
    for level in LEVELS_SCORED:
        table[f"width_{100 * level:g}"] = 2 * scale * stats.norm.ppf((1 + level) / 2)
        table[f"interval_score_{100 * level:g}"] = 3.0
    return table


def test_scores_are_averages_and_differences_are_taken_to_the_reference():
    rng = np.random.default_rng(3)
    error = rng.normal(size=400)
    tables = {"a": scores_of(error), "b": scores_of(2 * error, 2.0)}
    whole = {"all": tables["a"].index, "none": tables["a"].index[:0]}
    table = compare(tables, whole, LEVELS_SCORED, "a").set_index("method")
    a, b = table.loc["a"], table.loc["b"]
    assert set(table["region"]) == {"all"}
    assert a["rms"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert b["rms"] == pytest.approx(2 * a["rms"])
    assert b["crps_diff"] == pytest.approx(a["crps"])
    assert a["crps_diff"] == a["crps_diff_se"] == 0
    # The same errors, doubled: a paired difference shows it, two separate errors do not.
    assert b["crps_diff_se"] == pytest.approx(a["crps_se"])
    assert a["coverage_68"] == np.mean(np.abs(error) < stats.norm.ppf(0.84))
    assert a["coverage_68"] == b["coverage_68"]
    off = [np.mean(np.abs(error) < stats.norm.ppf((1 + level) / 2)) - level for level in LEVELS]
    assert a["coverage_deviation"] == pytest.approx(np.mean(np.abs(off)))
    assert b["width_95_diff"] == pytest.approx(2 * stats.norm.ppf(0.975))


def test_standard_errors_account_for_correlated_errors_of_isotopes():
    rng = np.random.default_rng(4)
    shared = np.repeat(rng.normal(size=60), 10)  # one error for each chain of ten
    found = compare({"a": scores_of(shared)}, {"all": scores_of(shared).index}, [0.68, 0.95], "a")
    truth = shared.std() / np.sqrt(60)
    assert found["bias_se"][0] == pytest.approx(truth, rel=0.05)
    repeated = [np.abs(rng.normal(size=60)).mean() for _ in range(2000)]
    assert found["crps_se"][0] == pytest.approx(np.std(repeated), rel=0.25)


def test_one_chain_has_no_standard_error():
    table = scores_of(np.arange(5.0))
    found = compare({"a": table}, {"all": table.index}, LEVELS_SCORED, "a")
    assert found["rms"][0] == pytest.approx(np.sqrt(6))
    assert np.isnan(found["rms_se"][0])


def test_methods_are_scored_where_all_of_them_predict():
    a, b = scores_of(np.ones(20)), scores_of(np.ones(20))
    a.iloc[3] = np.nan
    b.iloc[7] = np.nan
    assert common_nuclei({"a": a, "b": b}).equals(a.index.delete([3, 7]))


def test_an_unknown_reference_is_named():
    table = scores_of(np.ones(20))
    with pytest.raises(ConfigError, match="'b'; expected one of a"):
        compare({"a": table}, {"all": table.index}, LEVELS_SCORED, "b")


def test_regions_of_the_chart():
    training = nuclide_index([50, 50, 20], [70, 71, 20])
    nuclei = nuclide_index([50, 52, 60, 20], [72, 70, 100, 21])
    masks = region_masks(nuclei, training)
    assert distance_to(nuclei, training).tolist() == [1, 2, 39, 1]
    expected = {
        "all": [True, True, True, True],
        "light": [False, False, False, True],
        "near magic": [True, True, False, True],
        "proton-rich": [False, True, False, True],
        "neutron-rich": [True, False, True, False],
        "1 step": [True, False, False, True],
        "2 steps": [False, True, False, False],
        "3 steps or more": [False, False, True, False],
    }
    assert {name: mask.tolist() for name, mask in masks.items()} == expected


def test_steps_to_the_data_are_the_fewest_to_any_training_nucleus():
    rng = np.random.default_rng(8)
    places = rng.choice(100 * 100, size=340, replace=False)
    every_one = nuclide_index(1 + places // 100, 1 + places % 100)
    nuclei, training = every_one[:300], every_one[300:]
    Z, N = (nuclei.get_level_values(name).to_numpy() for name in "ZN")
    known_Z, known_N = (training.get_level_values(name).to_numpy() for name in "ZN")
    every = np.abs(Z[:, None] - known_Z) + np.abs(N[:, None] - known_N)
    np.testing.assert_array_equal(distance_to(nuclei, training), every.min(axis=1))


def test_the_screen_ranks_by_crps_and_marks_what_is_doubtful():
    error = np.random.default_rng(6).normal(size=100)
    tables = {"[coarse]": scores_of(2 * error), "fine": scores_of(error), "plain": scores_of(error)}
    index = tables["fine"].index
    regions = {"all": index, "one": index[:10]}
    table = compare(tables, regions, LEVELS_SCORED, "plain")
    marks = {"[coarse]": LEAK_MARK, "fine": UNCONVERGED_MARK}
    seconds = dict.fromkeys(tables, 61.0)
    chances = [0.25, 0.5, 0.75]
    derived = pd.DataFrame({"method": list(tables), "quantity": "mass_excess", "chance": chances})
    accuracy, calibration = comparison_tables(table, derived, seconds, marks, "plain")
    first, second, third = (cells(each) for each in (accuracy, calibration, region_table(table)))
    ranked = [f"fine {UNCONVERGED_MARK}", "plain", rf"\[coarse] {LEAK_MARK}"]
    assert [row["method"] for row in first] == ranked == [row["method"] for row in second]
    crps, error_of_crps = table["crps"][1], table["crps_se"][1]
    assert first[0]["CRPS"] == f"{1000 * crps:.0f} ± {1000 * error_of_crps:.0f}"
    assert first[1]["ΔCRPS"] == ""
    assert first[2]["ΔCRPS"].startswith(f"+{1000 * crps:.0f} ± ")
    assert [row["p"] for row in second] == ["0.50", "0.75", "0.25"]
    assert [row["method"] for row in third] == ["fine", "plain", r"\[coarse]"]
    assert third[0]["one\n(10)"] == f"{1000 * np.abs(error[:10]).mean():.0f}"


def test_the_screen_names_models_whose_calibration_is_not_confirmed():
    tables = {"plain": scores_of(np.ones(20))}
    table = compare(tables, {"all": tables["plain"].index}, LEVELS_SCORED, "plain")
    derived = pd.DataFrame({"method": ["plain"], "quantity": "mass_excess", "chance": 0.5})
    for unconfirmed, note in ((["BCPM", "SLy4"], "not confirmed"), ([], "")):
        accuracy, _ = comparison_tables(table, derived, {"plain": 1.0}, {}, "plain", unconfirmed)
        assert ("not confirmed" in accuracy.caption) == bool(note)
        assert all(model in accuracy.caption for model in unconfirmed)


def test_a_narrow_screen_hides_nothing():
    error = np.random.default_rng(7).normal(size=100)
    names = ["corrected-mixture, uncertainties learnt from AME1995", "plain"]
    tables = dict.fromkeys(names, scores_of(error))
    index = tables["plain"].index
    regions = dict.fromkeys(("all", "neutron-rich", "3 steps or more"), index)
    table = compare(tables, regions, LEVELS_SCORED, "plain")
    columns = {"n": 298, "rms": 1.234, "crps": 0.218, "crps_alone": 0.222}
    columns |= {f"coverage_{PP}{end}": 0.93 for PP in (50, 68, 90, 95) for end in ("", "_alone")}
    derived = pd.DataFrame(
        {"method": [*names, "plain"], "quantity": ["mass_excess", "mass_excess", "pairing_gap_n"],
         "part": "all", **columns, "chance": 0.5, "chance_alone": 0.5}
    )  # fmt: skip
    console = Console(width=80, record=True)
    console.print(
        *comparison_tables(table, derived, dict.fromkeys(names, 1234.5), {}, "plain"),
        region_table(table),
        derived_screen(derived, "plain"),
    )
    text = console.export_text()
    assert "…" not in text
    assert text.count("AME1995") == 3
    assert re.search(r"pairing_gap_n +1\+ +298 +1234 +218/222( +93/93){4} +0.50/0.50", text)


def cells(table):
    """Rows of a table for the terminal, as dictionaries."""
    headings = [str(column.header) for column in table.columns]
    rows = zip(*(column.cells for column in table.columns), strict=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]
