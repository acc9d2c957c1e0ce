import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmm import conversions
from bmm.conversions import (
    ATOMIC_MASS_UNIT,
    ELECTRON_MASS,
    HYDROGEN_MASS_EXCESS,
    NEUTRON_MASS_EXCESS,
    electron_binding_energy,
    to_mass_excess,
)
from bmm.data import load_measured
from bmm.errors import DataError

PROTONS = st.integers(1, 120)
NEUTRONS = st.integers(1, 200)
EXCESSES = st.floats(-100, 300)
LEAD = (82, 126, -21.748519)  # AME2020


def test_hydrogen_and_the_neutron_are_unbound_by_definition():
    assert conversions.binding_energy(1, 0, HYDROGEN_MASS_EXCESS) == 0
    assert conversions.binding_energy(0, 1, NEUTRON_MASS_EXCESS) == 0


def test_the_constants_are_those_in_ame2020():
    light = load_measured("AME2020")["mass_excess"]
    assert light[(1, 0)] == HYDROGEN_MASS_EXCESS
    assert light[(0, 1)] == NEUTRON_MASS_EXCESS


def test_ame2020_binding_energies_follow_from_its_mass_excesses():
    table = load_measured("AME2020")
    Z, N = (table.index.get_level_values(name) for name in "ZN")
    ours = conversions.binding_energy_per_nucleon(Z, N, table["mass_excess"])
    np.testing.assert_allclose(ours, table["binding_energy_per_nucleon"], atol=2e-7)


def test_the_binding_energy_of_lead_208_is_1636_mev():
    assert conversions.binding_energy(*LEAD) == pytest.approx(1636.430, abs=1e-3)


def nuclear_mass(Z, N, excess):
    """Mass of the bare nucleus, MeV: the atom's, without its electrons and with their binding."""
    atom = (Z + N) * ATOMIC_MASS_UNIT + excess
    return atom - Z * ELECTRON_MASS + electron_binding_energy(Z)


def nuclear_binding_energy(Z, N, excess):
    """Of the bare nucleus, MeV, by the masses of its parts."""
    proton = nuclear_mass(1, 0, HYDROGEN_MASS_EXCESS)
    neutron = ATOMIC_MASS_UNIT + NEUTRON_MASS_EXCESS
    return Z * proton + N * neutron - nuclear_mass(Z, N, excess)


def test_the_bare_proton_has_its_codata_mass():
    # 938.27208816(29) MeV
    assert nuclear_mass(1, 0, HYDROGEN_MASS_EXCESS) == pytest.approx(938.272088, abs=2e-6)


def test_the_mass_of_carbon_12_is_twelve_units():
    mass = to_mass_excess(6, 6, 12.0, quantity="atomic_mass", unit="u")
    assert mass == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("Z", "energy"), [(8, 0.0021), (28, 0.0416), (50, 0.168), (82, 0.568)])
def test_electrons_are_bound_as_lunney_pearson_and_thibault_say(Z, energy):
    assert electron_binding_energy(Z) == pytest.approx(energy, rel=0.02)


@given(Z=PROTONS, N=NEUTRONS, excess=EXCESSES)
def test_mass_excess_and_binding_energy_convert_both_ways(Z, N, excess):
    energy = conversions.binding_energy(Z, N, excess)
    assert conversions.mass_excess(Z, N, energy) == pytest.approx(excess, abs=1e-9)
    per_nucleon = conversions.binding_energy_per_nucleon(Z, N, excess)
    assert per_nucleon * (Z + N) == pytest.approx(energy, rel=1e-12)


@given(Z=PROTONS, N=NEUTRONS, excess=EXCESSES)
def test_the_nuclear_binding_energy_is_that_of_the_bare_nucleus(Z, N, excess):
    nuclear = nuclear_binding_energy(Z, N, excess)
    atomic = conversions.nuclear_to_atomic_binding_energy(Z, nuclear)
    # The formula gives hydrogen 14.4 eV where 13.6 eV is right.
    assert atomic == pytest.approx(conversions.binding_energy(Z, N, excess), abs=2e-6 * Z)


@given(Z=PROTONS, N=NEUTRONS, excess=EXCESSES)
def test_every_column_of_a_table_leads_to_the_same_mass_excess(Z, N, excess):
    energy = conversions.binding_energy(Z, N, excess)
    nuclear = nuclear_binding_energy(Z, N, excess)
    bare = nuclear_mass(Z, N, excess) - (Z + N) * ATOMIC_MASS_UNIT
    mass = (Z + N) + excess / ATOMIC_MASS_UNIT
    columns = [
        (excess, "mass_excess", "MeV", "atomic"),
        (excess * 1e3, "mass_excess", "keV", "atomic"),
        (excess / ATOMIC_MASS_UNIT * 1e6, "mass_excess", "micro-u", "atomic"),
        (bare, "mass_excess", "MeV", "nuclear"),
        (energy, "binding_energy", "MeV", "atomic"),
        (nuclear, "binding_energy", "MeV", "nuclear"),
        (energy * 1e3 / (Z + N), "binding_energy_per_nucleon", "keV", "atomic"),
        (nuclear / (Z + N), "binding_energy_per_nucleon", "MeV", "nuclear"),
        (mass, "atomic_mass", "u", "atomic"),
        (mass * 1e6, "atomic_mass", "micro-u", "atomic"),
    ]
    for value, quantity, unit, convention in columns:
        ours = to_mass_excess(Z, N, value, quantity=quantity, unit=unit, convention=convention)
        # As above, for the nuclear binding energies.
        tolerance = 1e-7 + 2e-6 * Z * (quantity.startswith("binding") and convention == "nuclear")
        assert ours == pytest.approx(excess, abs=tolerance)


def test_a_bare_nucleus_lacks_its_electrons():
    bare = to_mass_excess(82, 126, 0.0, quantity="mass_excess", unit="MeV", convention="nuclear")
    assert bare == pytest.approx(82 * ELECTRON_MASS - 0.568, abs=2e-3)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"quantity": "mass"}, "Unknown quantity 'mass'; expected one of mass_excess"),
        ({"unit": "GeV"}, "Unknown unit 'GeV'; expected one of MeV"),
        ({"convention": "ionic"}, "Unknown convention 'ionic'"),
        ({"quantity": "atomic_mass", "convention": "nuclear"}, "includes its electrons"),
    ],
)
def test_unknown_conventions_are_refused(names, message):
    known = {"quantity": "mass_excess", "unit": "MeV", "convention": "atomic"}
    with pytest.raises(DataError, match=message):
        to_mass_excess(82, 126, 0.0, **(known | names))
