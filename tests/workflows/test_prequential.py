"""Transitions in turn: what is chosen when, and scores of all together."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.distributions import StudentTMixture
from bmm.errors import ConfigError
from bmm.evaluation.method_scores import compare
from bmm.evaluation.prequential import (
    Known,
    coverage_chance,
    follow_leader,
    inside_counts,
    spread_factor,
)
from bmm.evaluation.splits import edition_split
from bmm.theory.adapters import Domain
from bmm.workflows.compare_config import load_comparison, shipped_comparisons
from bmm.workflows.prequential import run_prequential

CONFIGURATION = """
reference = "equal-weights"
methods = [
    "equal-weights",
    "least-squares",
    { method = "single-model", model = "FRDM2012" },
    "ame-extrapolation",
    { method = "corrected-mixture", measurement_errors = "factor" },
]
[split]
kind = "prequential"
Z = [68, 90]
N = [90, 150]
transitions = [
    { train = "AME1995", test = "AME2003", models = ["FRDM1995", "DZ28"] },
    { train = "AME2003", test = "AME2012", models = ["FRDM2012", "DZ28"] },
]
choices = [
    { name = "chosen", among = ["equal-weights", "least-squares"] },
    { name = "stretched", among = ["equal-weights"], spread = "learnt" },
]
[theory]
models = ["FRDM1995", "FRDM2012", "DZ28"]
"""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    path = tmp_path_factory.mktemp("prequential") / "small.toml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture(scope="module")
def result(configuration):
    return run_prequential(load_comparison(configuration), configuration.parent / "out")


def test_every_transition_has_the_models_and_nuclei_of_its_time(result):
    domain = Domain(Z=(68, 90), N=(90, 150))
    for each, (train, test) in zip(
        result.transitions, [("AME1995", "AME2003"), ("AME2003", "AME2012")], strict=True
    ):
        split = edition_split(train, test, domain)
        whole = each.table[each.table["region"] == "all"]
        assert (whole["n"] == len(split.test)).all()
    labels = [set(each.summary["methods"]) for each in result.transitions]
    assert labels[1] - labels[0] == {"FRDM2012"}


def test_all_together_are_the_transitions_pooled(result):
    first, second, total = (each.table for each in result.scored)
    parts = [each[each["region"] == "all"].set_index("method") for each in (first, second)]
    whole = total[total["region"] == "all"].set_index("method")
    assert set(whole.index) == set(parts[0].index)
    assert "ame-extrapolation" not in whole.index
    n = [each.loc["equal-weights", "n"] for each in parts]
    for method in whole.index:
        assert whole.loc[method, "n"] == sum(n)
        mean = sum(part.loc[method, "crps"] * m for part, m in zip(parts, n, strict=True)) / sum(n)
        assert whole.loc[method, "crps"] == pytest.approx(mean)
    apart = total[total["region"] == "predicted by ame-extrapolation"].set_index("method")
    assert 0 < apart["n"].iloc[0] < sum(n)
    assert {"ame-extrapolation", "equal-weights", "chosen"} <= set(apart.index)
    # Errors of transitions are independent of each other.
    se = np.hypot(
        *(part.loc["equal-weights", "crps_se"] * m for part, m in zip(parts, n, strict=True))
    )
    assert whole.loc["equal-weights", "crps_se"] == pytest.approx(se / sum(n), rel=0.1)


def test_a_choice_follows_what_did_best_before(result):
    first, second, _ = (each.table for each in result.scored)
    crps = [each[each["region"] == "all"].set_index("method")["crps"] for each in (first, second)]
    best = crps[0][["equal-weights", "least-squares"]].idxmin()
    learnt = result.learnt["choices"]["chosen"]
    assert learnt["chosen"] == {"AME1995-AME2003": "equal-weights", "AME2003-AME2012": best}
    assert crps[0]["chosen"] == crps[0]["equal-weights"]
    assert crps[1]["chosen"] == crps[1][best]
    assert learnt["next"] in learnt["crps_sums_MeV"]


def test_a_spread_is_learnt_from_earlier_transitions(result):
    learnt = result.learnt["choices"]["stretched"]
    factors = learnt["spread_factor"]
    assert factors["AME1995-AME2003"] == 1
    assert factors["AME2003-AME2012"] not in (1.0, learnt["next_spread_factor"])
    first, second, _ = (each.table for each in result.scored)
    whole = [each[each["region"] == "all"].set_index("method") for each in (first, second)]
    assert whole[0].loc["stretched", "crps"] == whole[0].loc["equal-weights", "crps"]
    # Centres stay; widths follow the factor where measurements are exact, and nearly so here.
    assert whole[1].loc["stretched", "rms"] == pytest.approx(whole[1].loc["equal-weights", "rms"])
    ratio = whole[1].loc["stretched", "width_95"] / whole[1].loc["equal-weights", "width_95"]
    assert ratio == pytest.approx(factors["AME2003-AME2012"], rel=0.05)


def test_the_factor_of_a_spread_is_recovered():
    rng = np.random.default_rng(5)
    truth = 1.7 * rng.standard_normal(4000)
    known = Known(StudentTMixture(np.zeros((4000, 1)), 1.0), truth, np.zeros(4000))
    assert spread_factor([known]) == pytest.approx(1.7, rel=0.05)
    assert spread_factor([]) == 1
    half = Known(known.distribution[:2000], truth[:2000], np.zeros(2000))
    rest = Known(known.distribution[2000:], truth[2000:], np.zeros(2000))
    assert spread_factor([half, rest]) == pytest.approx(spread_factor([known]), rel=1e-3)


def test_what_is_learnt_is_written(result):
    written = json.loads((result.folder.path / "learnt.json").read_text())
    assert written["after"] == "AME2012"
    assert written["uncertainty_factor"]["evaluation"] == "AME2003"
    assert written["extrapolation_factor"]["nuclei"] > 300
    assert set(written["measurement_errors"]["kinds"]) > {"beta-", "alpha"}
    scores = pd.read_csv(result.folder.path / "comparison.csv")
    assert set(scores["transition"]) == {"AME1995-AME2003", "AME2003-AME2012", "all transitions"}
    chances = scores.loc[scores["region"] == "all", "chance"]
    assert ((chances > 0) & (chances <= 1)).all()
    assert (result.folder.path / "transitions" / "AME2003-AME2012" / "comparison.json").is_file()
    assert (result.folder.path / "figures" / "comparison.png").is_file()


def test_a_choice_is_the_method_with_the_smallest_sum_of_crps_so_far():
    tables = [
        {"a": pd.DataFrame({"crps": [0.3, 0.1]}), "b": pd.DataFrame({"crps": [0.1, 0.1]})},
        {"a": pd.DataFrame({"crps": [0.1]}), "b": pd.DataFrame({"crps": [0.4]})},
    ]
    chosen, sums = follow_leader(tables, ["a", "b"])
    assert chosen == ["a", "b", "a"]
    assert sums[-1] == pytest.approx({"a": 0.5, "b": 0.6})


def test_a_chain_is_another_one_in_another_transition():
    index = pd.MultiIndex.from_arrays([[50] * 6, np.arange(70, 76)], names=["Z", "N"])
    columns = dict.fromkeys(("median_error", "log_density", "pit", "width_50"), 0.5)
    table = pd.DataFrame(columns | {"interval_score_50": 1.0}, index=index).assign(
        error=[0.1, 0.1, 0.1, 0.5, 0.5, 0.5], crps=0.1
    )
    strata = pd.Series(["one"] * 3 + ["two"] * 3, index=index)
    found = compare({"m": table}, {"all": index}, [0.5], "m", strata)
    assert np.isnan(found["rms_se"]).all()  # one chain in each
    without = compare({"m": table}, {"all": index}, [0.5], "m")
    assert without["rms"].to_list() == found["rms"].to_list()


def chances(width):
    """p of 200 forecasts of neighbours that err together, too narrow by a factor."""
    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_arrays([np.arange(40), np.arange(40)], names=["Z", "N"])
    measured = pd.DataFrame({"mass_excess_uncertainty": 0.0}, index=index)
    coords = {"Z": ("nucleus", np.arange(40)), "N": ("nucleus", np.arange(40))}
    found = []
    for _ in range(200):
        shared = rng.standard_normal((501, 1))
        draws = 0.8 * shared + 0.6 * rng.standard_normal((501, 40))
        truth, draws = draws[0], width * draws[1:]
        forecast = xr.Dataset({"draws": (("draw", "nucleus"), draws)}, coords=coords)
        inside = inside_counts(forecast, index, measured, [0.5, 0.9], seed=1)
        found.append(coverage_chance([inside], (draws < truth).mean(axis=0), [0.5, 0.9]))
    return np.array(found)


def test_a_calibrated_forecast_is_rarely_rejected_and_a_narrow_one_often():
    right = chances(1.0)
    for p in (0.05, 0.2, 0.5):  # ties make it smaller
        assert np.mean(right <= p) < p + 3 * np.sqrt(p * (1 - p) / 200)
    assert np.median(right) < 0.8
    assert np.mean(chances(0.4) < 0.2) > 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"DZ28"] },\n]', '"DZ33"] },\n]', "'DZ33' is not among the models"),
        ('among = ["equal-weights", "least-squares"]', 'among = ["equal-weights", "stacking"]',
         "'stacking' is no method that every transition has"),
        ('train = "AME2003", test = "AME2012"', 'train = "AME1995", test = "AME2012"',
         "begins before the end of AME1995-AME2003"),
        ('test = "AME2012"', 'test = "AME2013"', "not 'AME2013'"),
        ('reference = "equal-weights"', 'reference = "FRDM2012"', "'FRDM2012' is no method that"),
        ('reference = "equal-weights"', 'reference = "ame-extrapolation"', "some nuclei only"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(tmp_path, old, new, message):
    path = tmp_path / "wrong.toml"
    assert old in CONFIGURATION
    path.write_text(CONFIGURATION.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        load_comparison(path)


def test_the_shipped_transitions_use_models_of_their_time():
    from bmm.data import MEASURED_TABLES
    from bmm.theory.library import find_cards

    config = load_comparison("prequential")
    assert "prequential" in shipped_comparisons()
    cards = find_cards()
    for each in config.split.transitions:
        for model in each.models:
            known = cards[model].calibrated_on.removeprefix("before ")
            assert MEASURED_TABLES.index(known) <= MEASURED_TABLES.index(each.train)
    splits = config.split.splits(0)
    assert [len(each.test) for each in splits] == [374, 206, 50, 58]
    tested = pd.concat([each.test for each in splits])
    assert tested.index.is_unique
