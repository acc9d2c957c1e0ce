import numpy as np
import pytest

from bmm.data import MEASURED_TABLES, load_measured
from bmm.errors import DataError


def nuclei_from(name, least):
    """Nuclei measured in an edition, with Z and N at least `least`."""
    index = load_measured(name).index
    return index[(index.get_level_values("Z") >= least) & (index.get_level_values("N") >= least)]


@pytest.mark.parametrize(
    ("name", "entries", "measured"),
    [
        ("AME1983", 2209, 1589),
        ("AME1993", 2650, 1825),
        ("AME1995", 2931, 1844),
        ("AME2003", 3179, 2228),
        ("AME2012", 3353, 2438),
        ("AME2016", 3436, 2498),
        ("AME2020", 3558, 2550),
    ],
)
def test_an_edition_has_its_published_number_of_masses(name, entries, measured):
    everything = load_measured(name, estimated=True)
    assert len(everything) == entries
    assert (~everything["estimated"]).sum() == measured
    assert len(load_measured(name)) == measured


def test_ame2020_measured_2457_nuclei_from_oxygen_and_2094_from_nickel():
    assert len(nuclei_from("AME2020", 8)) == 2457
    assert len(nuclei_from("AME2020", 28)) == 2094


@pytest.mark.parametrize(
    ("older", "least", "count"), [("AME2003", 8, 322), ("AME2003", 28, 277), ("AME2016", 8, 71)]
)
def test_nuclei_measured_since_an_older_edition(older, least, count):
    # Measured later: they are not measured in the older edition (it may hold an estimate).
    assert len(nuclei_from("AME2020", least).difference(load_measured(older).index)) == count


def test_every_digit_of_lead_208_survives():
    row = load_measured("AME2020").loc[(82, 126)]
    assert row["mass_excess"] == -21.748519
    assert row["mass_excess_uncertainty"] == 0.001148
    assert row["binding_energy_per_nucleon"] == 7.867453
    assert row["binding_energy_per_nucleon_uncertainty"] == 0.0000055


def test_the_binding_energy_of_a_whole_nucleus_is_shared_out():
    # 28295.673 keV with 0.005 keV, as AME1995 prints them.
    row = load_measured("AME1995").loc[(2, 2)]
    assert row["binding_energy_per_nucleon"] == pytest.approx(28.295673 / 4, rel=1e-15)
    assert row["binding_energy_per_nucleon_uncertainty"] == pytest.approx(5e-6 / 4, rel=1e-15)


def test_ame1995_is_the_recommended_table():
    # The experimental one has -53.938(0.268) MeV for Zn-79 and -52.072(0.058) for As-66.
    everything = load_measured("AME1995", estimated=True)
    assert everything.loc[[(30, 49), (33, 33)], "estimated"].all()
    assert everything.loc[[(30, 49), (33, 33)], "mass_excess"].to_list() == [-53.398, -51.821]


def test_an_estimate_is_marked_and_dropped_by_default():
    everything = load_measured("AME2020", estimated=True)
    assert everything.loc[(118, 176), "estimated"]
    assert everything.loc[(118, 176), "mass_excess"] == 199.320
    assert (118, 176) not in load_measured("AME2020").index


@pytest.mark.parametrize("name", MEASURED_TABLES)
def test_an_edition_is_sorted_complete_and_agrees_with_itself(name):
    table = load_measured(name)
    assert table.index.is_monotonic_increasing
    assert table.notna().all(axis=None)
    assert (table["mass_excess_uncertainty"] >= 0).all()
    A = table.index.get_level_values("Z") + table.index.get_level_values("N")
    # Both uncertainties are one number; the files print that of B/A to 1 eV (before AME2020).
    rounding = np.maximum(2e-3, 2e-3 * table["mass_excess_uncertainty"])
    difference = A * table["binding_energy_per_nucleon_uncertainty"]
    difference -= table["mass_excess_uncertainty"]
    assert (difference.abs() <= rounding + A * 1e-6).all()


def test_the_isomers_and_pions_of_ame1983_are_left_out():
    everything = load_measured("AME1983", estimated=True)
    assert everything.index.is_unique
    assert everything.loc[(13, 13), "mass_excess"] == -12.209911  # the isomer has -11.981601
    assert everything.index.get_level_values("N").min() == 0


@pytest.mark.parametrize(
    ("name", "nucleus", "origin"),
    [
        ("AME2003", (30, 49), "+"),
        ("AME2003", (35, 39), "-"),
        ("AME2003", (30, 41), "-n"),
        ("AME2003", (82, 126), ""),
        ("AME2020", (50, 84), "x"),
        ("AME1983", (3, 7), "p-2n"),
        ("AME1995", (36, 38), "4n"),
    ],
)
def test_each_mass_has_its_origin_in_the_evaluation(name, nucleus, origin):
    assert load_measured(name, estimated=True).loc[nucleus, "origin"] == origin


def test_changing_a_loaded_table_changes_no_other():
    table = load_measured("AME2020")
    table.loc[(6, 6), "mass_excess"] = 1.0
    assert load_measured("AME2020").loc[(6, 6), "mass_excess"] == 0


def test_an_unknown_edition_is_refused_with_the_nearest_one():
    with pytest.raises(DataError, match=r"'ame2003' \(nearest: 'AME2003'\).*AME2020"):
        load_measured("ame2003")
