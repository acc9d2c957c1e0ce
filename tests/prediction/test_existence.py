"""Existence on surfaces whose drip lines are known, and on the masses that are measured."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.conversions import mass_excess
from bmm.data import load_measured
from bmm.nuclides import labels
from bmm.prediction.derived import derive
from bmm.prediction.existence import (
    bound,
    count_bound,
    drip_lines,
    existence,
    existence_rises,
)

Z, N = (each.ravel() for each in np.meshgrid(range(6, 30), range(4, 60), indexing="ij"))
SHIFTS = np.array([0.0, 0.0, 0.0, 0.05])


def surface(asymmetry):
    """A liquid drop in MeV, with a given asymmetry energy."""
    A = Z + N
    pairing = 11.0 / np.sqrt(A) * (1 - Z % 2 - N % 2)
    drop = 15.8 * A - 18.3 * A ** (2 / 3) - 0.714 * Z * (Z - 1) / A ** (1 / 3)
    return mass_excess(Z, N, drop - asymmetry * (A - 2 * Z) ** 2 / A + pairing)


@pytest.fixture(scope="module")
def surfaces():
    return xr.DataArray(
        np.stack([surface(23.2 * (1 + shift)) for shift in SHIFTS]),
        dims=("draw", "nucleus"),
        coords={"nucleus": labels(Z.tolist(), N.tolist()), "Z": ("nucleus", Z),
                "N": ("nucleus", N)},
        attrs={"units": "MeV"},
    )  # fmt: skip


def bound_by_hand(masses, z, n):
    """All four separation energies positive, from a dictionary of masses."""
    own = masses[z, n]
    energies = (
        masses[z, n - 1] + 8.07131806 - own,
        masses[z, n - 2] + 2 * 8.07131806 - own,
        masses[z - 1, n] + 7.288971064 - own,
        masses[z - 2, n] + 2 * 7.288971064 - own,
    )
    return min(energies) > 0


def test_bound_is_what_the_four_energies_say(surfaces):
    state = bound(surfaces).to_numpy()
    inner = np.flatnonzero((Z >= 8) & (N >= 6))
    for draw in (0, 3):
        masses = dict(zip(zip(Z.tolist(), N.tolist(), strict=True),
                          surfaces[draw].to_numpy(), strict=True))  # fmt: skip
        expected = [bound_by_hand(masses, int(Z[i]), int(N[i])) for i in inner]
        assert state[draw, inner].tolist() == expected


def test_what_lacks_a_neighbour_is_unknown_unless_it_is_unbound_anyway(surfaces):
    state = bound(surfaces).to_numpy()[0]
    lowest = Z == 6
    assert not (state[lowest] == 1).any()
    S_1n = derive(surfaces, "S_1n").to_numpy()[0]
    assert (state[lowest & (S_1n < 0)] == 0).all()
    assert np.isnan(state[lowest & (S_1n > 0) & (N == 8)]).all()


def test_existence_is_the_share_of_surfaces(surfaces):
    share = existence(surfaces).to_numpy()
    state = bound(surfaces).to_numpy()
    only_softer = (state[0] == 1) & (state[3] == 0)
    assert only_softer.sum() > 5
    assert share[only_softer] == pytest.approx(0.75)


def test_numbers_are_counted_surface_by_surface(surfaces):
    counts = count_bound(surfaces, max_Z=20).to_numpy()
    state = bound(surfaces).to_numpy()
    assert counts.tolist() == np.nansum(state[:, Z <= 20], axis=1).tolist()
    assert counts[3] < counts[0] == counts[1]


def test_drip_lines_are_the_outermost_bound_isotopes(surfaces):
    lines = drip_lines(surfaces)
    state = bound(surfaces).to_numpy()
    for z in (12, 20):
        found = N[(z == Z) & (state[0] == 1)]
        assert lines.loc[(z, "neutron"), "median"] == found.max()
        assert lines.loc[(z, "proton"), "median"] == found.min()
        assert lines.loc[(z, "neutron"), "at_edge"] == 0
        harder = N[(z == Z) & (state[3] == 1)].max()
        assert lines.loc[(z, "neutron"), "lower_95"] == harder
    assert lines.loc[(29, "neutron"), "at_edge"] == 1


def test_measured_nuclei_are_bound_but_known_emitters(surfaces):
    measured = load_measured("AME2020")
    z, n = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    masses = xr.DataArray(
        measured["mass_excess"].to_numpy()[None],
        dims=("draw", "nucleus"),
        coords={"nucleus": labels(z.tolist(), n.tolist()), "Z": ("nucleus", z),
                "N": ("nucleus", n)},
    )  # fmt: skip
    state = dict(zip(masses["nucleus"].to_numpy(), bound(masses).to_numpy()[0], strict=True))
    assert all(state[name] == 1 for name in ("Sn-132", "Pb-208", "Ni-64", "U-238", "Ca-48"))
    # Neutron, proton and two-proton emitters.
    assert all(state[name] == 0 for name in ("He-5", "He-7", "Li-10", "F-15", "Ne-16"))


def test_rises_count_beyond_the_most_likely_isotope_only():
    table = pd.DataFrame(
        {
            "Z": [20] * 5 + [21] * 4,
            "N": [28, 30, 32, 33, 34, 28, 30, 32, 34],
            # Proton-rich isotopes of Ca rise, then one rises by 0.15; Sc only falls.
            "existence": [0.2, 0.6, 1.0, 0.3, np.nan, 1.0, 0.9, 0.5, 0.4],
        }
    )
    assert existence_rises(table)["places"] == 0
    table.loc[table["Z"] == 21, "existence"] = [1.0, 0.3, 0.45, 0.6]
    assert existence_rises(table) == {"least": 0.1, "places": 2, "elements": 1}
    assert existence_rises(table, 0.2)["places"] == 0
