import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.errors import ConfigError, DataError
from bmm.evaluation.splits import (
    Split,
    block_folds,
    chain_ends,
    edition_split,
    find_leaks,
    random_folds,
    refuse_leaks,
)
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain
from bmm.theory.library import find_cards


@pytest.fixture(scope="module")
def measured():
    table = load_measured("AME2020")
    return table[Domain(Z=(8, 140), N=(8, 320)).covers(table.index)]


@pytest.mark.parametrize(
    ("train", "Z", "training", "test"),
    # 322, 121 and 71 nuclei were not measured in the older evaluation; of these, 0, 9 and 3 had
    # been in a still earlier one.
    [
        ("AME2003", 140, None, 322),
        ("AME2012", 140, None, 112),
        ("AME2016", 140, None, 68),
        ("AME2003", 100, 2135, 298),
        ("AME1995", 140, 1768, 682),
    ],
)
def test_new_nuclei_of_a_later_evaluation(train, Z, training, test):
    split = edition_split(train, "AME2020", Domain(Z=(8, Z), N=(8, 320)))
    assert len(split.test) == test
    assert training is None or len(split.training) == training


def test_training_masses_are_those_of_the_older_evaluation():
    split = edition_split("AME2003", "AME2020")
    older, newer = load_measured("AME2003"), load_measured("AME2020")
    assert split.training["mass_excess"].equals(older["mass_excess"])
    revised = newer["mass_excess"].reindex(older.index) - older["mass_excess"]
    assert revised.abs().max() > 0.5  # the choice matters
    assert split.test["mass_excess"].equals(newer.loc[split.test.index, "mass_excess"])


def test_what_ame2003_withdrew_counts_as_new():
    withdrawn = [(40, 42), (43, 46), (44, 47), (56, 91), (60, 95), (73, 88)]
    split = edition_split("AME2003", "AME2020")
    known = split.test.index.intersection(load_measured("AME1995").index)
    assert known.to_list() == withdrawn
    cards = find_cards()
    early = {name: cards[name] for name in ("FRDM1995", "DZ28", "DZ10")}
    assert not find_leaks(split, early)
    # Trained on AME1995, these are blind; what was adjusted to AME2003 is not.
    split = edition_split("AME1995", "AME2003")
    assert not find_leaks(split, early)
    (leak,) = find_leaks(split, {"FRDM2012": cards["FRDM2012"]})
    assert leak.seen == len(split.test)


@pytest.mark.parametrize(("train", "test"), [("AME2020", "AME2003"), ("AME2016", "AME2016")])
def test_the_test_must_be_later(train, test):
    with pytest.raises(DataError, match="earlier training evaluation"):
        edition_split(train, test)


@pytest.mark.parametrize(
    "make",
    [
        lambda table: random_folds(table, 4, seed=3),
        lambda table: block_folds(table, 4, 12, seed=3),
    ],
    ids=["random", "blocks"],
)
def test_folds_test_every_nucleus_once_and_are_repeatable(measured, make):
    folds = make(measured)
    tested = folds[0].test.index.append([fold.test.index for fold in folds[1:]])
    assert tested.sort_values().equals(measured.index)
    for fold, again in zip(folds, make(measured), strict=True):
        assert len(fold.training) + len(fold.test) == len(measured)
        assert fold.test.equals(again.test)


def test_a_block_is_never_divided(measured):
    for fold in block_folds(measured, 3, 10, seed=0):
        sides = [{(Z // 10, N // 10) for Z, N in part.index} for part in (fold.training, fold.test)]
        assert not sides[0] & sides[1]


@pytest.mark.parametrize("folds", [1, 7])
def test_folds_need_nuclei(measured, folds):
    with pytest.raises(DataError, match="folds"):
        random_folds(measured.iloc[:6], folds, seed=0)


@pytest.mark.parametrize("depth", [1, 3])
def test_chain_ends_are_the_outermost_of_each_chain(measured, depth):
    split = chain_ends(measured, depth, "neutron-rich")
    held = split.test.reset_index().groupby("Z")["N"]
    kept = split.training.reset_index().groupby("Z")["N"]
    assert (held.size() == depth).all()
    assert (held.min() > kept.max().reindex(held.min().index)).all()
    both = chain_ends(measured, depth)
    assert set(split.test.index) & set(both.training.index) == {
        # Chains that holding out both ends would empty are kept whole.
        nucleus
        for nucleus in split.test.index
        if nucleus[0] not in both.test.index.get_level_values("Z")
    }


def test_a_short_chain_stays_in_training():
    index = nuclide_index([20, 20, 20, 21, 21], [20, 21, 22, 21, 22])
    table = pd.DataFrame({"mass_excess": np.arange(5.0)}, index=index)
    assert chain_ends(table, 1).test.index.tolist() == [(20, 20), (20, 22)]


def test_a_split_refuses_what_is_no_test(measured):
    with pytest.raises(DataError, match="at least one test"):
        Split("none", measured, measured.iloc[:0])
    with pytest.raises(DataError, match="is a training and a test nucleus"):
        Split("same", measured, measured.iloc[3:4])


def test_models_calibrated_later_have_seen_test_nuclei():
    cards = find_cards()
    chosen = {name: cards[name] for name in ("FRDM2012", "FRDM1995", "HFB26", "DZ33-refit")}
    split = edition_split("AME2003", "AME2020")
    (leak,) = find_leaks(split, chosen)
    seen = split.test.index.isin(load_measured("AME2012").index).sum()
    assert (leak.model, leak.calibrated_on, leak.seen) == ("HFB26", "AME2012", seen)
    assert not find_leaks(edition_split("AME2012", "AME2020"), chosen)
    with pytest.raises(ConfigError, match=rf"not blind: HFB26 \({seen} of {len(split.test)}\)"):
        refuse_leaks(split, [leak])
    refuse_leaks(split, [])


def test_inside_one_evaluation_only_models_that_learn_are_blind(measured):
    cards = find_cards()
    chosen = {name: cards[name] for name in ("FRDM1995", "DZ28", "DZ33-refit")}
    fold = random_folds(measured, 5, seed=1)[0]
    assert {leak.model for leak in find_leaks(fold, chosen)} == {"FRDM1995", "DZ28"}


def test_a_file_with_new_masses_is_later_than_every_shipped_evaluation(tmp_path):
    shipped = load_measured("AME2020")
    one_more = pd.DataFrame(
        {"mass_excess": [-40.9], "mass_excess_uncertainty": [0.1]}, index=nuclide_index([50], [89])
    )
    file = tmp_path / "new.csv"
    pd.concat([shipped, one_more]).reset_index()[
        ["Z", "N", "mass_excess", "mass_excess_uncertainty"]
    ].to_csv(file, index=False)
    split = edition_split("AME2020", str(file))
    assert split.name == "AME2020-new.csv"
    assert split.test.index.tolist() == [(50, 89)]
    with pytest.raises(DataError, match="needs an earlier training evaluation"):
        edition_split(str(file), "AME2020")
