import numpy as np
import pandas as pd
import pytest

from bmm.data import THEORY_TABLES, find_suspects, load_measured, load_theory
from bmm.nuclides import nuclide_index

# Looked at one by one: border nuclei and lone jumps, in the source as in the shipped table.
KNOWN = {
    "BCPM": {(13, 3), (14, 3), (15, 3), (16, 4), (120, 201), (120, 202)},
    "DZ28": {(80, 192), (80, 191), (81, 192), (47, 128), (81, 193)},
    "FRDM1995": {(134, 200)},
    "FRDM2012": {
        (99, 129), (100, 129), (102, 130), (105, 187), (107, 189), (108, 189), (108, 190),
        (128, 199), (128, 200), (129, 199), (129, 200),
    },
    "HFB24": {(8, 25), (8, 26)},
    "HFB26": {(8, 26), (21, 15), (86, 185)},
    "KTUY05": {(112, 141)},
    "UNEDF2": {(10, 37), (11, 2), (12, 2)},
}  # fmt: skip


def nuclei(suspects):
    return set(zip(suspects["Z"], suspects["N"], strict=True))


def frdm():
    """FRDM2012 where masses are measured: there, none is out of line."""
    table = load_theory("FRDM2012")["mass_excess"]
    return table[table.index.isin(load_measured("AME2020").index)]


@pytest.mark.parametrize("name", THEORY_TABLES)
def test_shipped_tables_are_smooth_but_for_known_nuclei(name):
    assert nuclei(find_suspects(load_theory(name)["mass_excess"])) == KNOWN.get(name, set())


def test_measured_masses_are_smooth():
    assert find_suspects(load_measured("AME2020", estimated=True)["mass_excess"]).empty


@pytest.mark.parametrize("error", [-14.0, 14.0])
@pytest.mark.parametrize("nucleus", [(50, 82), (82, 126), (63, 91), (92, 146)])
def test_a_single_wrong_mass_is_found_and_its_neighbours_are_not(nucleus, error):
    table = frdm()
    table[nucleus] += error
    suspects = find_suspects(table)
    assert nuclei(suspects) == {nucleus}
    # A doubly magic nucleus is bound by some 3 MeV more than its neighbours say.
    assert suspects.loc[0, "deviation"] == pytest.approx(error, abs=4)
    assert suspects.loc[0, "neighbours"] >= 7
    assert suspects.loc[0, "scale"] < 1.1


def test_swapped_masses_are_both_found():
    table = frdm()
    table[(60, 80)], table[(60, 90)] = table[(60, 90)], table[(60, 80)]
    assert nuclei(find_suspects(table)) == {(60, 80), (60, 90)}


@pytest.mark.parametrize(("name", "suspects"), [("ETFSI", 372), ("HFB14", 391), ("KTUY05", 284)])
def test_the_rows_that_masstable_files_under_a_wrong_N_stand_out(name, suspects):
    whole = load_theory(name)["mass_excess"]
    Z, N = (whole.index.get_level_values(level).to_numpy() for level in "ZN")
    filed = np.where(Z > 100, N - N % 10 + (Z + N) % 10, N)
    wrong = pd.Series(whole.to_numpy(), index=nuclide_index(Z, filed)).sort_index()
    found = nuclei(find_suspects(wrong))
    assert len(found) == suspects
    misfiled = set(zip(Z[filed != N], filed[filed != N], strict=True))
    assert {(101, 150), (102, 150), (102, 151)} <= found
    assert len(found & misfiled) > 0.97 * len(found)
    # Not every misfiled row: the chain is a saw-tooth, and along a tooth it is smooth.
    assert {Z for Z, _ in found} >= set(range(101, 110))


def test_few_or_isolated_nuclei_are_not_suspects():
    lonely = pd.Series([-88.0, -21.7], index=nuclide_index([50, 82], [70, 126]))
    assert find_suspects(lonely).empty
