import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmm.data import THEORY_TABLES, load_theory
from bmm.errors import DataError, DomainError
from bmm.nuclides import (
    MAGIC_NUMBERS,
    MAX_N,
    MAX_Z,
    chosen_nuclides,
    is_plausible,
    label,
    labels,
    nuclide_index,
    parse_nuclide,
    select_nuclei,
    symbol,
)

CHART = nuclide_index([50, 50, 50, 51, 52, 82], [80, 81, 82, 81, 82, 126])


def test_the_magic_numbers_are_the_usual_ones():
    assert MAGIC_NUMBERS == (8, 20, 28, 50, 82, 126, 184)


@pytest.mark.parametrize(
    ("Z", "name"),
    [
        (0, "n"),
        (1, "H"),
        (50, "Sn"),
        (74, "W"),
        (82, "Pb"),
        (118, "Og"),
        (119, "Uue"),
        (136, "Uth"),
    ],
)
def test_symbols_are_those_of_iupac(Z, name):
    assert symbol(Z) == name


def test_no_two_elements_share_a_symbol():
    assert len({symbol(Z) for Z in range(MAX_Z + 1)}) == MAX_Z + 1


@pytest.mark.parametrize("Z", [-1, MAX_Z + 1])
def test_elements_off_the_chart_have_no_symbol(Z):
    with pytest.raises(DomainError, match=f"Z = {Z} has no element symbol"):
        symbol(Z)


@pytest.mark.parametrize(
    "text", ["Sn-132", "Sn132", "132Sn", "132-Sn", "sn-132", "SN-132", "50,82", " 50, 82 "]
)
def test_every_usual_spelling_of_tin_132_is_read(text):
    assert parse_nuclide(text) == (50, 82)


@given(Z=st.integers(0, MAX_Z), N=st.integers(1, MAX_N))
def test_a_label_is_read_back_as_the_same_nuclide(Z, N):
    assert parse_nuclide(label(Z, N)) == (Z, N)


def test_lower_case_n_is_the_neutron_and_upper_case_nitrogen():
    assert parse_nuclide("n-1") == (0, 1)
    assert parse_nuclide("N-14") == (7, 7)


def test_labels_of_an_index():
    assert labels(CHART.get_level_values("Z"), CHART.get_level_values("N"))[-2:] == [
        "Te-134",
        "Pb-208",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Xx-100", "names no element"),
        ("tin", "is no nuclide; expected e.g."),
        ("", "is no nuclide"),
        ("Sn-49", "fewer nucleons than protons"),
        ("141,200", "lies off the chart"),
        ("0,0", "lies off the chart"),
        ("50,400", "lies off the chart"),
    ],
)
def test_what_is_no_nuclide_is_refused(text, message):
    with pytest.raises(DomainError, match=message):
        parse_nuclide(text)


def test_an_index_has_integer_levels_Z_and_N_and_keeps_the_order():
    index = nuclide_index(np.array([82.0, 50.0]), [126, 82])
    assert index.names == ["Z", "N"]
    assert list(index) == [(82, 126), (50, 82)]


def test_an_index_of_nothing_is_empty():
    assert len(nuclide_index([], [])) == 0


@pytest.mark.parametrize(
    ("Z", "N", "error", "message"),
    [
        ([50, 50], [82, 82], DataError, "Z = 50, N = 82 comes twice"),
        ([-1], [5], DomainError, "Z = -1 lies off the chart"),
        ([141], [5], DomainError, "Z = 141 lies off the chart"),
        ([50], [321], DomainError, "N = 321 lies off the chart"),
        ([50.5], [82], DataError, "Z must be whole numbers"),
        ([50], [np.nan], DataError, "N must be whole numbers"),
        ([50], ["82"], DataError, "N must be whole numbers"),
    ],
)
def test_an_index_refuses_impossible_nuclides(Z, N, error, message):
    with pytest.raises(error, match=message):
        nuclide_index(Z, N)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("Sn-132", [(50, 82)]),
        ("82,126", [(82, 126)]),
        ("Z=50", [(50, 80), (50, 81), (50, 82)]),
        ("z=51-52", [(51, 81), (52, 82)]),
        ("N=82", [(50, 82), (52, 82)]),
        ("A=132", [(50, 82), (51, 81)]),
    ],
)
def test_selections_pick_nuclides_and_chains(selection, expected):
    assert list(select_nuclei(selection, CHART)) == expected


@pytest.mark.parametrize("selection", ["Z=51-50", "Z=20", "Ca-48"])
def test_a_selection_of_nothing_is_refused(selection):
    with pytest.raises(DomainError, match="selects none of the 6 available nuclei"):
        select_nuclei(selection, CHART)


def test_a_selection_that_is_not_understood_is_refused():
    with pytest.raises(DomainError, match="is no nuclide"):
        select_nuclei("Q=3", CHART)


@pytest.mark.parametrize(
    ("nuclides", "expected"),
    [
        ("132Sn", [(50, 82)]),
        ("sn132", [(50, 82)]),
        ("50,82", [(50, 82)]),
        ((50, 82), [(50, 82)]),
        (np.array([50, 82]), [(50, 82)]),
        (["82,126", (50, 82), "Sn-132"], [(82, 126), (50, 82)]),
        ([[50, 82], [82, 126]], [(50, 82), (82, 126)]),
        (pd.Index(["Sn-132", "208Pb"]), [(50, 82), (82, 126)]),
        (pd.Series(["Sn-132", "208Pb"]), [(50, 82), (82, 126)]),
        (pd.MultiIndex.from_tuples([(50, 82), (8, 8)], names=["Z", "N"]), [(50, 82), (8, 8)]),
        (pd.MultiIndex.from_tuples([(50, 82)]), [(50, 82)]),
        (iter(["Sn-132"]), [(50, 82)]),
    ],
)
def test_python_calls_may_name_nuclides_in_any_way(nuclides, expected):
    chosen = chosen_nuclides(nuclides)
    assert list(chosen) == expected
    assert list(chosen.names) == ["Z", "N"]


def test_chains_are_chosen_where_there_is_something_to_choose_from():
    assert list(chosen_nuclides(["N=82", "Sn-131"], CHART)) == [(50, 82), (52, 82), (50, 81)]
    with pytest.raises(DomainError, match="'N=82' is no nuclide"):
        chosen_nuclides("N=82")


@pytest.mark.parametrize(
    ("nuclides", "message"),
    [
        ([], "no nucleus is asked for"),
        (50, "50 is no nuclide"),
        (None, "None is no nuclide"),
        ([50, 82, 83], "50 is no nuclide"),
        ([(50, 82.5)], "is no nuclide"),
        ([("50", "82")], "is no nuclide"),
        ({"Z": 50, "N": 82}, "is no nuclide"),
        ((-1, 82), "is no nuclide"),
        (10**4000, "is no nuclide"),
        ("Sn-132" * 1000, "is no nuclide"),
        ("Sn-١٣٢", "is no nuclide"),
        (pd.MultiIndex.from_tuples([(82, 50)], names=["N", "Z"]), "indexed by .* not by"),
    ],
)
def test_what_names_no_nuclide_is_refused_in_one_line(nuclides, message):
    with pytest.raises(DomainError, match=message) as error:
        chosen_nuclides(nuclides)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("nucleus", "plausible"),
    [((50, 82), True), ((2, 0), True), ((0, 1), True), ((118, 180), True), ((140, 320), True),
     ((140, 0), False), ((82, 50), False), ((50, 5), False), ((20, 100), False), ((0, 0), False)],
)  # fmt: skip
def test_the_region_of_mass_tables(nucleus, plausible):
    assert is_plausible(*nucleus) == plausible


@pytest.mark.parametrize("name", THEORY_TABLES)
def test_every_shipped_nucleus_is_plausible(name):
    assert is_plausible(*zip(*load_theory(name).index, strict=True)).all()


def test_a_selection_is_an_index_like_the_one_it_came_from():
    assert isinstance(select_nuclei("Z=50", CHART), pd.MultiIndex)
    assert select_nuclei("Z=50", CHART).names == ["Z", "N"]
