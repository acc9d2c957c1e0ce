"""Garvey-Kelson relations: measured violations, cancellation, a second implementation."""

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.nuclides import nuclide_index
from bmm.theory.mdn.garvey_kelson import find_relations, iterate


def masses(query):
    return load_measured("AME2020").query(query)["mass_excess"]


def by_hand(table, *, mirror):
    """The longitudinal relation, written out; N < Z mirrored or not."""
    M = table.to_dict()
    found = []
    for Z, N in M:
        if mirror and N < Z:
            terms = [(Z + 2, N - 2), (Z, N), (Z, N - 1), (Z + 1, N - 2), (Z + 1, N), (Z + 2, N - 1)]
        else:
            terms = [(Z - 2, N + 2), (Z, N), (Z - 1, N), (Z - 2, N + 1), (Z, N + 1), (Z - 1, N + 2)]
        if all(term in M for term in terms):
            a, b, c, d, e, f = (M[term] for term in terms)
            found.append(a - b + c - d + e - f)
    return 1000 * np.array(found)


@pytest.mark.parametrize(
    ("query", "n", "mean", "rms", "median"),
    [
        ("Z >= 8 and N >= 8", 1911, 11.7, 265, 105),
        ("Z >= 20", 1753, 7.7, 189, 98),
        ("Z >= 28 and N >= 28", 1616, 6.3, 171, 93),
    ],
)
def test_the_transverse_relation_is_broken_as_measured(query, n, mean, rms, median):
    table = masses(query)
    broken = 1000 * find_relations(table.index, ("transverse",)).violation(table.to_numpy())
    assert len(broken) == n
    assert broken.mean() == pytest.approx(mean, abs=0.05)
    assert np.sqrt((broken**2).mean()) == pytest.approx(rms, abs=0.5)
    assert np.median(np.abs(broken)) == pytest.approx(median, abs=0.5)


@pytest.mark.parametrize(
    ("query", "n", "mean", "rms", "median"),
    [
        ("Z >= 8 and N >= 8", 1859, -3.6, 375, 113),
        ("Z >= 20", 1712, -3.0, 272, 105),
        ("Z >= 28 and N >= 28", 1579, -2.8, 214, 101),
    ],
)
def test_the_longitudinal_relation_is_better_mirrored(query, n, mean, rms, median):
    table = masses(query)
    plain = by_hand(table, mirror=False)
    assert (len(plain), round(plain.mean(), 1)) == (n, mean)
    assert np.sqrt((plain**2).mean()) == pytest.approx(rms, abs=0.5)
    assert np.median(np.abs(plain)) == pytest.approx(median, abs=0.6)
    ours = 1000 * find_relations(table.index, ("longitudinal",)).violation(table.to_numpy())
    np.testing.assert_allclose(np.sort(ours), np.sort(by_hand(table, mirror=True)), atol=1e-9)
    assert ours.std() < plain.std()


def test_functions_of_single_numbers_cancel():
    Z, N = (each.ravel() for each in np.meshgrid(np.arange(30, 40), np.arange(40, 52)))
    index = nuclide_index(Z, N)
    rng = np.random.default_rng(3)
    of_Z, of_N, of_A, of_difference = rng.normal(size=(4, 400))
    longitudinal = find_relations(index, ("longitudinal",))
    transverse = find_relations(index, ("transverse",))
    assert not longitudinal.transverse.any()
    assert transverse.transverse.all()
    separate = of_Z[Z] + of_N[N]
    np.testing.assert_allclose(longitudinal.violation(separate + of_A[Z + N]), 0, atol=1e-12)
    np.testing.assert_allclose(transverse.violation(separate + of_difference[N - Z]), 0, atol=1e-12)
    assert np.abs(longitudinal.violation(separate + of_difference[N - Z])).max() > 0.1


def test_too_few_neighbours_make_no_relation():
    assert len(find_relations(nuclide_index([50, 50], [82, 83]))) == 0


def test_iterated_where_the_relations_hold_they_are_exact():
    Z, N = (each.ravel() for each in np.meshgrid(np.arange(30, 50), np.arange(30, 70)))
    index = nuclide_index(Z, N)
    truth = pd.Series(np.sin(Z) + np.cos(1.3 * N), index=index)
    known = truth[np.abs(N - Z - 10) <= 5]
    filled = iterate(known, index, 50)
    assert (filled["round"] > 0).sum() > 200
    np.testing.assert_allclose(filled["mass_excess"], truth.loc[filled.index], atol=1e-8)


def test_iterated_garvey_kelson_relations_diverge():
    table = masses("Z >= 28 and N >= 28")
    N = table.index.get_level_values("N").to_series(index=table.index)
    middle = N.groupby(level="Z").transform("median")
    filled = iterate(table[(N - middle).abs() <= 4], table.index, 40)
    error = (filled["mass_excess"] - table.loc[filled.index]).abs()
    spread = error.groupby(filled["round"]).median()
    assert spread.loc[1] < 0.1
    assert spread.loc[5] > 2 * spread.loc[1]
    assert spread.loc[10] > 10 * spread.loc[1]
