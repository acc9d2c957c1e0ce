"""DZ10, DZ33 and the occupation families against independently computed numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmm.errors import ConfigError, DomainError
from bmm.theory.duflo_zuker import dz10, dz33
from bmm.theory.duflo_zuker.coefficients import PUBLISHED_DZ10
from bmm.theory.duflo_zuker.filling import CAPACITY, HIGHEST_NUMBER, natural_filling
from bmm.theory.duflo_zuker.occupations import promote

REFERENCE = pd.read_csv(Path(__file__).parent / "dz_reference.csv")
P = PUBLISHED_DZ10["published"]
T = PUBLISHED_DZ10["amdc-table"]
CONFIGURATION_COLUMNS = [
    column for column in REFERENCE if column.startswith(("HO_", "SO_")) and column.endswith("_MeV")
]

proton_numbers = st.integers(1, 140)
neutron_numbers = st.integers(1, 240)


def reference(column):
    rows = REFERENCE[REFERENCE[column].notna()]
    return rows["Z"].to_numpy(), rows["N"].to_numpy(), rows[column].to_numpy()


@pytest.mark.parametrize(
    ("column", "energy"),
    [
        ("BE_DZ10_MeV", lambda Z, N: dz10.binding_energy(Z, N, P)),
        ("BE_DZ10_sph_MeV", lambda Z, N: dz10.spherical_design(Z, N) @ P),
        ("BE_DZ10_def_MeV", lambda Z, N: dz10.deformed_design(Z, N) @ P),
        (
            "ME_DZ10_MeV",
            lambda Z, N: Z * 7.28903 + N * 8.07138 - dz10.binding_energy(Z, N, P),
        ),
        ("BE_DZ33_MeV", dz33.binding_energy),
    ],
)
def test_reference_energies(column, energy):
    Z, N, expected = reference(column)
    np.testing.assert_allclose(energy(Z, N), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("column", CONFIGURATION_COLUMNS)
def test_reference_configurations(column):
    family, k_pi, k_nu, _ = column.split("_")
    Z, N, expected = reference(column)
    X = dz10.design(Z, N, family=family, configuration=(int(k_pi), int(k_nu)))
    np.testing.assert_allclose(X @ P, expected, rtol=0, atol=1e-6)


def test_reference_branches():
    Z, N = REFERENCE["Z"].to_numpy(), REFERENCE["N"].to_numpy()
    deformed = dz10.switch(Z, dz10.spherical_design(Z, N) @ P, dz10.deformed_design(Z, N) @ P)
    assert list(np.where(deformed, "def", "sph")) == list(REFERENCE["DZ10_branch"])


@pytest.mark.parametrize(
    ("Z", "N", "spherical", "deformed"),
    [
        (82, 126, 1637.278030, 1620.894261),
        (62, 90, 1252.892542, 1252.687646),
        (45, 58, 884.116094, 873.281478),
        (29, 34, 551.029677, 545.209371),
    ],
)
def test_worked_energies(Z, N, spherical, deformed):
    assert dz10.spherical_design(Z, N) @ P == pytest.approx(spherical, abs=1e-6)
    assert dz10.deformed_design(Z, N) @ P == pytest.approx(deformed, abs=1e-6)


def test_worked_terms_of_lead_208():
    spherical = [-1087.8605139, 179.15808552, -30.47436495, -9.95219674, 1.70984412, 0, 0, 0, 0]
    np.testing.assert_allclose(
        dz10.spherical_design(82, 126), [*spherical, 0.30871918], rtol=0, atol=6e-9
    )
    deformed = dz10.deformed_design(82, 126)
    np.testing.assert_allclose(deformed[[1, 8]], [178.06646238, 0.07360421], rtol=0, atol=6e-9)


def test_worked_terms_of_samarium_152():
    expected = [-679.86300243, 128.24303464, -24.15155643, -5.62128625, 1.0648433]
    valence = [-46.36734521, 8.83753278, 176.32074269]
    np.testing.assert_allclose(
        dz10.spherical_design(62, 90), [*expected, *valence, 0, 0.34608621], rtol=0, atol=6e-9
    )


@pytest.mark.parametrize(
    ("family", "configuration", "energy", "columns"),
    [
        ("SO", (0, 2), 1253.621813, {1: 127.89569995, 2: -24.15155643, 8: 0.18701645}),
        ("SO", (2, 0), 1254.812785, {1: 127.91535174, 8: 0.20779606}),
        ("SO", (2, 2), 1246.544657, {}),
        ("HO", (2, 2), 1256.804674, {1: 128.03089349, 2: -24.0255888, 8: 0.1558470}),
    ],
)
def test_worked_configurations_of_samarium_152(family, configuration, energy, columns):
    X = dz10.design(62, 90, family=family, configuration=configuration)
    np.testing.assert_allclose(X @ P, energy, rtol=0, atol=1e-6)
    for column, value in columns.items():
        assert X[column] == pytest.approx(value, abs=6e-8)


@pytest.mark.parametrize(
    ("energy", "numbers", "printed"),
    [
        (
            lambda Z, N: dz10.binding_energy(Z, N, P),
            [(11, 10), (10, 11), (10, 10), (82, 126), (87, 53), (37, 53)],
            [162.6734, 167.2239, 160.8553, 1637.278, 521.1669, 776.4578],
        ),
        (
            dz33.binding_energy,
            [(6, 7), (7, 7), (7, 8), (10, 11), (10, 10), (82, 126), (87, 53), (37, 53)],
            [96.74419, 106.2967, 114.9327, 167.2058, 160.6454, 1637.013, 527.2083, 776.3599],
        ),
    ],
    ids=["DZ10", "DZ33"],
)
def test_original_fortran_output(energy, numbers, printed):
    Z, N = np.array(numbers).T
    # The original runs in single precision and prints seven digits.
    np.testing.assert_allclose(energy(Z, N), printed, rtol=0, atol=6e-4)


def test_amdc_table():
    Z, A, mass_excess = np.array(
        [
            (8, 16, -5.150),
            (37, 90, -78.959),
            (50, 132, -76.052),
            (82, 208, -22.621),
            (92, 238, 47.483),
            (122, 297, 223.211),
        ]
    ).T
    Z, N = Z.astype(int), (A - Z).astype(int)
    computed = Z * 7.28903 + N * 8.07138 - dz10.binding_energy(Z, N, T)
    np.testing.assert_allclose(computed, mass_excess, rtol=0, atol=1e-3)


def test_four_promoted_across_the_ho_closure_is_the_deformed_branch():
    Z, N = np.meshgrid(np.arange(1, 131), np.arange(1, 221))
    X = dz10.design(Z, N, family="HO", configuration=(4, 4))
    np.testing.assert_array_equal(X, dz10.deformed_design(Z, N))


def scalar_filling(n):
    """Natural filling written sub-shell by sub-shell from section 2 of the specification."""
    occupation, left, i, last = {}, n, 0, None
    while True:
        i += 1
        p = (i - 1) // 2
        capacity = 2 * (p + 1) if i % 2 else p * (p + 1)
        occupation[i] = min(capacity, left)
        if last is None and left <= capacity:
            last, in_last = i, left
        left -= occupation[i]
        if last is not None and i > last + 3:
            break
    p = (last - 1) // 2
    if last % 2 == 0:
        return occupation, last, in_last, (p + 1) * (p + 2) + 2
    return occupation, last, in_last + p * (p - 1), p * (p + 1) + 2


@given(n=st.integers(1, HIGHEST_NUMBER - 4))
def test_filling_agrees_with_a_scalar_one(n):
    occupation, last, valence, size = scalar_filling(n)
    filling = natural_filling()
    assert filling.last[n] == last - 1
    assert filling.valence[n] == valence
    assert filling.size[n] == size
    for i, nucleons in occupation.items():
        if i <= len(CAPACITY):
            assert filling.occupation[n, i - 1] == nucleons


def scalar_master_and_spin_orbit(n, family, k):
    """M and S of one species with k promoted nucleons, from sections 3 and 8."""
    o, last, *_ = scalar_filling(n)
    p = (last - 1) // 2
    source, target = (last, last + 1) if family == "HO" else (2 * p + 1, 2 * p + 2)
    o[source] -= k
    o[target] = o.get(target, 0) + k
    master = spin_orbit = 0.0
    for q in range(10):
        j, r, D = o.get(2 * q + 1, 0), o.get(2 * q + 2, 0), (q + 1) * (q + 2)
        a = (j + r) / D**0.5
        master += a
        spin_orbit += (q / 2 * j - r) * ((1 + a) * q**2 + (1 - a) * (4 * q - 5)) / D**1.5
    return master**2, spin_orbit


@given(
    Z=proton_numbers,
    N=neutron_numbers,
    family=st.sampled_from(["SO", "HO"]),
    k=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
def test_master_terms_agree_with_scalar_ones(Z, N, family, k):
    A = Z + N
    rho = A ** (1 / 3) * (1 - ((N - Z) / A) ** 2 / 4) ** 2
    M_z, S_z = scalar_master_and_spin_orbit(Z, family, k[0])
    M_n, S_n = scalar_master_and_spin_orbit(N, family, k[1])
    X = dz10.design(Z, N, family=family, configuration=k)
    assert X[1] == pytest.approx((M_z + M_n + S_z + S_n) / rho, rel=1e-12)
    assert X[2] == pytest.approx(-(M_z + M_n) / rho**2, rel=1e-12)


@pytest.mark.parametrize("family", ["SO", "SO-core", "SO-up", "HO"])
def test_promotions_conserve_nucleons(family):
    n = np.arange(HIGHEST_NUMBER + 1)
    np.testing.assert_array_equal(promote(family, 3).occupation.sum(axis=1), n)


@pytest.mark.parametrize("family", ["SO", "SO-core", "SO-up", "HO"])
def test_promoting_nothing_is_spherical(family):
    Z, N = np.array([40, 82, 92]), np.array([50, 126, 146])
    X = dz10.design(Z, N, family=family, configuration=(0, 0))
    np.testing.assert_array_equal(X, dz10.spherical_design(Z, N))


@pytest.mark.parametrize("family", ["SO-core", "SO-up"])
def test_so_variants_are_so_in_half_of_the_shells(family):
    # SO-core moves j_q -> r_q like SO where the last nucleon is in an r, and SO-up moves
    # j_{q+1} -> r_{q+1} like SO where it is in a j.
    filling = natural_filling()
    same = np.flatnonzero(filling.in_j == (family == "SO-up"))[3:]
    np.testing.assert_array_equal(
        promote(family, 2).occupation[same], promote("SO", 2).occupation[same]
    )


def test_s_type_changes_the_master_terms_only():
    X = dz10.design(62, 90, family="SO", configuration=(0, 2), kind="S")
    natural, promoted = dz10.spherical_design(62, 90), dz10.design(62, 90, configuration=(0, 2))
    np.testing.assert_array_equal(X[1:3], promoted[1:3])
    np.testing.assert_array_equal(np.delete(X, [1, 2]), np.delete(natural, [1, 2]))


@given(
    Z=st.lists(proton_numbers, min_size=4, max_size=4),
    N=st.lists(neutron_numbers, min_size=4, max_size=4),
)
def test_design_matrices_are_computed_nucleus_by_nucleus(Z, N):
    Z, N = np.array(Z), np.array(N)
    for design in (dz10.spherical_design, dz10.deformed_design, dz33.deformed_design):
        np.testing.assert_array_equal(design(Z[::-1], N[::-1]), design(Z, N)[::-1])
        grid = design(Z[:, None], N)
        assert grid.shape == (4, 4, design(Z, N).shape[-1])
        np.testing.assert_allclose(grid[np.arange(4), np.arange(4)], design(Z, N), rtol=1e-14)
        np.testing.assert_allclose(design(Z[0], N[0]), design(Z, N)[0], rtol=1e-14)


def test_energies_are_linear_in_the_coefficients():
    X = dz10.spherical_design(62, 90)
    np.testing.assert_allclose(X @ (2 * P + T), 2 * (X @ P) + X @ T, rtol=1e-14)


def test_impossible_numbers_are_refused():
    with pytest.raises(DomainError, match="Z = 0: the Duflo-Zuker formulas need 1 <= Z <= 330"):
        dz10.spherical_design([0, 8], [8, 8])
    with pytest.raises(DomainError, match="N = 331"):
        dz33.binding_energy(100, 331)
    with pytest.raises(DomainError, match="N must be an array of integers, not of float64"):
        dz10.spherical_design(8, 8.0)


def test_impossible_configurations_are_refused():
    with pytest.raises(ConfigError, match="family 'OS': expected one of SO, SO-core, SO-up, HO"):
        dz10.design(8, 8, family="OS", configuration=(0, 2))
    with pytest.raises(ConfigError, match="cannot promote -2 nucleons"):
        dz10.design(8, 8, configuration=(0, -2))
