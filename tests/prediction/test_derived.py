"""Derived quantities against what AME2020 prints, and against each other."""

import numpy as np
import pytest
import xarray as xr

from bmm.data import load_measured
from bmm.errors import ConfigError
from bmm.nuclides import labels, nuclide_index, parse_nuclide
from bmm.prediction.derived import QUANTITIES, across_border, derive, mark_models, partners
from bmm.prediction.existence import bound, existence


@pytest.fixture(scope="module")
def masses():
    measured = load_measured("AME2020")
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    return xr.DataArray(
        measured["mass_excess"].to_numpy()[None],
        dims=("draw", "nucleus"),
        coords={
            "nucleus": labels(measured.index.get_level_values("Z"), N),
            "Z": ("nucleus", Z),
            "N": ("nucleus", N),
        },
        attrs={"units": "MeV"},
    )


# keV; Huang et al. and Wang et al., Chinese Phys. C 45, 030002 and 030003 (2021).
@pytest.mark.parametrize(
    ("quantity", "nucleus", "printed", "tolerance"),
    [
        ("S_1n", "H-2", 2224.57, 0.02),
        ("S_1n", "C-13", 4946.31, 0.02),
        ("S_1n", "Pb-208", 7367.87, 0.1),
        ("S_1p", "F-17", 600.27, 0.3),
        ("S_2n", "He-6", 975.46, 0.1),
        ("Q_alpha", "Po-212", 8954.20, 0.2),
        ("Q_alpha", "U-238", 4269.9, 2.2),
        ("Q_beta", "C-14", 156.476, 0.01),
        ("Q_beta", "n", 782.347, 0.001),
    ],
)
def test_published_values(masses, quantity, nucleus, printed, tolerance):
    Z, N = (0, 1) if nucleus == "n" else parse_nuclide(nucleus)
    here = (masses["Z"].to_numpy() == Z) & (masses["N"].to_numpy() == N)
    value = derive(masses, quantity).to_numpy()[0, here]
    assert 1e3 * value == pytest.approx([printed], abs=tolerance)


def test_two_steps_are_one_after_the_other(masses):
    Z, N = masses["Z"].to_numpy(), masses["N"].to_numpy()
    values = {name: derive(masses, name).to_numpy()[0] for name in QUANTITIES}
    for two, one, (dZ, dN) in (("S_2n", "S_1n", (0, 1)), ("S_2p", "S_1p", (1, 0))):
        single = dict(zip(zip(Z, N, strict=True), values[one], strict=True))
        first = [single.get((z - dZ, n - dN), np.nan) for z, n in zip(Z, N, strict=True)]
        together = values[one] + first
        known = np.isfinite(together)
        assert known.sum() > 1900
        assert values[two][known] == pytest.approx(together[known], abs=1e-9)


@pytest.mark.parametrize(("quantity", "Z", "N"), [("shell_gap_n", 50, 82), ("shell_gap_p", 50, 70)])
def test_shells_open_gaps(masses, quantity, Z, N):
    gap = derive(masses, quantity)
    along, value = ("Z", Z) if quantity.endswith("n") else ("N", N)
    chain = gap.isel(draw=0, nucleus=np.flatnonzero(gap[along].to_numpy() == value))
    other, magic = ("N", N) if quantity.endswith("n") else ("Z", Z)
    even = chain.isel(nucleus=np.flatnonzero(chain[other].to_numpy() % 2 == 0))
    assert int(even[other][even.fillna(0).argmax("nucleus")]) == magic


@pytest.mark.parametrize("quantity", ["pairing_gap_n", "pairing_gap_p"])
def test_pairing_gaps_are_positive_and_shrink_as_the_root_of_the_mass(masses, quantity):
    gap = derive(masses, quantity).isel(draw=0)
    A = (gap["Z"] + gap["N"]).to_numpy()
    known = np.isfinite(gap.to_numpy()) & (A > 40)
    assert np.mean(gap.to_numpy()[known] > 0) > 0.97
    # Bohr & Mottelson, Nuclear Structure I (1969), eq. 2-94: 12 MeV / A^(1/2).
    scaled = np.median(gap.to_numpy()[known] * np.sqrt(A[known]))
    assert scaled == pytest.approx(12, rel=0.2)


def test_what_has_no_neighbour_is_unknown(masses):
    part = masses.isel(nucleus=masses["Z"].to_numpy() == 50)
    lightest = int(part["N"].min())
    derived = derive(part, "S_2n").isel(draw=0)
    unknown = part["N"].to_numpy()[np.isnan(derived.to_numpy())]
    assert unknown.tolist() == [lightest, lightest + 1, 55]  # Sn-103 is not measured
    assert np.isnan(derive(part, "S_1p")).all()
    rows = partners("S_2n", nuclide_index(part))
    assert (rows < 0).any(axis=1).sum() == 3


@pytest.fixture
def bordered():
    """Tin, measured up to N = 82; one model ends at N = 90, 5 MeV above the other."""
    N = np.arange(78, 98)
    Z = np.full(len(N), 50)
    mass = np.stack([-80 + 0.3 * (N - 78) ** 1.5, np.where(N <= 90, -75 + 0.3 * (N - 78) ** 1.5,
                                                         np.nan)], axis=1)  # fmt: skip
    theory = xr.Dataset(
        {"mass_excess": (("nucleus", "theory"), mass)},
        {"Z": ("nucleus", Z), "N": ("nucleus", N), "theory": ["long", "short"]},
    )
    mixed = theory["mass_excess"].mean("theory").expand_dims(draw=2)
    return mark_models(mixed, theory, nuclide_index(Z[N <= 82], N[N <= 82]))


@pytest.mark.parametrize(
    ("quantity", "across"),
    [("S_1n", [91]), ("S_2n", [91, 92]), ("pairing_gap_n", [90, 91]), ("Q_beta", [])],
)
def test_no_difference_is_taken_across_the_end_of_a_models_table(bordered, quantity, across):
    found = derive(bordered, quantity)
    N = bordered["N"].to_numpy()
    assert N[across_border(bordered, quantity)].tolist() == across
    assert np.isnan(found.sel(nucleus=np.isin(N, across))).all()
    plain = derive(bordered.drop_vars("models"), quantity)
    kept = ~np.isin(N, across)
    assert found.to_numpy()[:, kept] == pytest.approx(plain.to_numpy()[:, kept], nan_ok=True)
    if quantity == "S_2n":  # smooth but for where the mixture loses a model
        steps = np.abs(np.diff(found.to_numpy()[0, kept]))
        assert np.nanmax(steps) < 1
        assert np.nanmax(np.abs(np.diff(plain.to_numpy()[0]))) > 2


def test_measured_masses_go_with_any_model(bordered):
    N = bordered["N"].to_numpy()
    assert np.isfinite(derive(bordered, "S_2n").sel(nucleus=(N == 83) | (N == 84))).all()
    assert bordered["models"].sel(nucleus=N <= 82).to_numpy().tolist() == [-1] * 5


def test_existence_is_left_open_across_a_border_but_its_nuclei_are_counted(bordered):
    Z = bordered["Z"].to_numpy()
    low = bordered.assign_coords(Z=("nucleus", Z - 2))
    middle = bordered.assign_coords(Z=("nucleus", Z - 1))
    chart = xr.concat([low, middle, bordered], dim="nucleus")
    share = existence(chart)
    here = (chart["Z"] == 50) & (chart["N"] > 82)
    N = chart["N"].to_numpy()[here]
    assert N[np.isnan(share.to_numpy()[here])].tolist() == [91, 92]
    judged = bound(chart).to_numpy()[:, here]
    assert np.isfinite(judged).all()


def test_unknown_quantities_are_refused(masses):
    with pytest.raises(ConfigError, match="no quantity is called 'S_3n'; expected one of S_1n"):
        derive(masses, "S_3n")
