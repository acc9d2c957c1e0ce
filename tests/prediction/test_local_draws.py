"""Windows of elements: the same draws as of the whole where one window holds all there is."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.nuclides import labels, nuclide_index
from bmm.prediction.derived import derive
from bmm.prediction.existence import drip_lines, existence
from bmm.prediction.joint_draws import sample_surfaces
from bmm.prediction.local_draws import ENERGIES, learn_fields, separations, windows
from bmm.theory.adapters import prediction
from bmm.theory.correction import correct_theory

INDEX = nuclide_index(40 + np.arange(120) // 15, 50 + np.arange(120) % 15)
Z, N = (INDEX.get_level_values(name).to_numpy() for name in ("Z", "N"))
MEASURED = N < 58
COUNT = 3000


@pytest.fixture(scope="module")
def problem():
    """Two theories of a smooth surface that separation energies of a few MeV follow from."""
    truth = -80 + 0.12 * (N - 1.15 * Z) ** 2 - 0.6 * (N % 2) - 0.5 * (Z % 2) + 7.0 * (N - 50) * 0.2
    wave = 0.4 * np.sin(Z / 3)[:, None] * np.cos(N / np.array([3, 4])[:, None]).T
    theory = prediction(INDEX, ["one", "two"], truth[:, None] + wave, np.zeros((len(Z), 2)))
    measured = pd.DataFrame({"mass_excess": truth, "mass_excess_uncertainty": 0.02}, INDEX)
    return measured[MEASURED], theory


@pytest.fixture(scope="module")
def learnt(problem):
    return learn_fields(*problem)


def test_one_window_is_the_whole(problem, learnt):
    measured, theory = problem
    (window,) = windows(measured, theory, learnt, 200, 3)
    correction = correct_theory(measured, theory, learnt=learnt)
    whole = sample_surfaces(correction, theory, 200, 3, measured=measured)
    np.testing.assert_array_equal(window.surfaces.to_numpy(), whole.to_numpy())
    assert window.elements == sorted(set(Z.tolist()))


def test_the_table_holds_what_the_draws_say(problem, learnt):
    measured, theory = problem
    (window,) = windows(measured, theory, learnt, COUNT, 3)
    table, lines = separations(iter([window]))
    table = table.set_index(["Z", "N"]).loc[list(zip(Z, N, strict=True))]
    for name in ENERGIES:
        draws = derive(window.surfaces, name).to_numpy()
        np.testing.assert_array_equal(table[f"{name}_median"], np.median(draws, axis=0))
        known = np.isfinite(draws).all(axis=0)
        inside = (draws >= table[f"{name}_lower_68"].to_numpy()) & (
            draws <= table[f"{name}_upper_68"].to_numpy()
        )
        assert inside.mean(axis=0)[known] == pytest.approx(0.68, abs=1e-3)
        for narrower, wider in (("68", "95"), ("95", "99.7")):
            part = table[known]
            assert (part[f"{name}_lower_{wider}"] <= part[f"{name}_lower_{narrower}"]).all()
            assert (part[f"{name}_upper_{wider}"] >= part[f"{name}_upper_{narrower}"]).all()
    np.testing.assert_array_equal(table["existence"], existence(window.surfaces).to_numpy())
    pd.testing.assert_frame_equal(lines, drip_lines(window.surfaces))


def test_measured_masses_are_kept(problem, learnt):
    measured, theory = problem
    (window,) = windows(measured, theory, learnt, COUNT, 3)
    table = separations(iter([window]))[0].set_index(["Z", "N"])
    row = table.loc[(44, 55)]
    exact = measured["mass_excess"]
    assert row["S_2n_median"] == pytest.approx(
        exact[44, 53] - exact[44, 55] + 2 * 8.07131806, abs=0.003
    )
    assert row["S_2n_sd"] == pytest.approx(np.sqrt(2) * 0.02, rel=0.05)
    assert table.loc[(44, 63), "S_2n_sd"] > 1.3 * row["S_2n_sd"]


def test_windows_agree_where_they_meet(problem, learnt):
    """An element that ends a window is as if it lay in the middle of another."""
    measured, theory = problem
    found = []
    for elements, seed in (((44, 44), 5), ((40, 47), 6)):
        (window,) = windows(measured, theory, learnt, COUNT, seed, elements=elements)
        energy = derive(window.surfaces, "S_2n")
        found.append(energy.isel(nucleus=(energy["Z"] == 44) & (energy["N"] >= 60)))
    (one, other), error = found, np.sqrt(2 / COUNT)
    assert one.sizes["nucleus"] == 5
    off = (one.mean("draw") - other.mean("draw").to_numpy()) / one.std("draw")
    assert np.abs(off).max() < 4 * error
    np.testing.assert_allclose(one.std("draw"), other.std("draw"), rtol=0.1)


def test_elements_far_from_all_that_is_measured_can_be_drawn(problem, learnt):
    """There the field is its prior; and no isotope need be bound."""
    measured, theory = problem
    far = theory.assign_coords(Z=theory["Z"] + 40, N=theory["N"] + 60)
    far["nucleus"] = labels(far["Z"].to_numpy(), far["N"].to_numpy())
    far["mass_excess"] = far["mass_excess"] + 14.0 * far["N"]  # every neutron is too many
    both = xr.concat([theory, far], "nucleus")
    drawn = windows(measured, both, learnt, 100, 3, elements=(84, 87))
    table, lines = separations(drawn)
    known = table["S_2n_median"].notna()
    assert known.sum() == 4 * 13
    assert (table.loc[known, "S_2n_sd"] > 0).all()
    assert (table.loc[known, "existence"] == 0).all()
    assert lines.empty
