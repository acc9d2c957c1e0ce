"""Tables of surfaces: the numbers of the draws, under names that say what and in which unit."""

import numpy as np
import pytest
import xarray as xr

from bmm.nuclides import labels, nuclide_index
from bmm.prediction.mass_tables import derived_quantities, mass_table, surface_table

Z, N = (each.ravel() for each in np.meshgrid(range(20, 24), range(20, 26), indexing="ij"))


@pytest.fixture(scope="module")
def surfaces():
    rng = np.random.default_rng(8)
    masses = 0.5 * (N - Z - 1.0) ** 2 - 40 + rng.normal(size=(400, 1)) + rng.normal(size=(400, 24))
    return xr.DataArray(
        masses,
        dims=("draw", "nucleus"),
        coords={"nucleus": labels(Z.tolist(), N.tolist()), "Z": ("nucleus", Z),
                "N": ("nucleus", N)},
        attrs={"units": "MeV"},
    )  # fmt: skip


def test_masses_with_their_uncertainty(surfaces):
    table = mass_table(surfaces, nuclide_index([20, 21], [20, 24]))
    assert list(table[["Z", "N", "A", "symbol"]].iloc[7]) == [21, 21, 42, "Sc"]
    assert np.flatnonzero(table["measured"]).tolist() == [0, 10]
    values = surfaces.to_numpy()
    assert table["mean"].to_numpy() == pytest.approx(values.mean(axis=0))
    assert table["sd"].to_numpy() == pytest.approx(values.std(axis=0, ddof=1))
    assert table["lower_68"].to_numpy() == pytest.approx(np.quantile(values, 0.16, axis=0))
    inner = (Z >= 22) & (N >= 22)
    assert table["existence"].notna().to_numpy()[inner].all()
    assert table["existence"].dropna().between(0, 1).all()


def test_derived_quantities_are_those_of_each_surface(surfaces):
    table = derived_quantities(surfaces).set_index(["quantity", "Z", "N"])
    values = surfaces.to_numpy()
    at = {(z, n): i for i, (z, n) in enumerate(zip(Z, N, strict=True))}
    S_2n = values[:, at[21, 22]] + 2 * 8.07131806 - values[:, at[21, 24]]
    row = table.loc[("S_2n", 21, 24)]
    assert row["mean"] == pytest.approx(S_2n.mean())
    assert row["sd"] == pytest.approx(S_2n.std(ddof=1))
    assert row["upper_95"] == pytest.approx(np.quantile(S_2n, 0.975))
    # The common error of a surface cancels.
    assert row["sd"] == pytest.approx(np.sqrt(2), rel=0.15)
    assert ("S_2n", 21, 21) not in table.index
    assert not table.isna().any().any()


def test_surfaces_row_by_row(surfaces):
    table = surface_table(surfaces.isel(draw=slice(3)))
    assert list(table) == ["Z", "N", "A", *(f"surface_{i}" for i in (1, 2, 3))]
    assert table["surface_2"].to_numpy() == pytest.approx(surfaces.to_numpy()[1])
