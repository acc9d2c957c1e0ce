"""Drip lines: where they lie on surfaces, and pairs of surfaces as an estimator of a variance."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.design.drip import DripLineExpectedVariance, _Line
from bmm.design.energies import EnergyExpectedVariance
from bmm.design.linear_form import LinearForm
from bmm.design.targets import DripLine
from bmm.errors import DomainError
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.existence import drip_lines


def liquid_drop(Z, N):
    """Mass excess, MeV, of a liquid drop with pairing."""
    A = Z + N
    binding = 15.8 * A - 18.3 * A ** (2 / 3) - 0.714 * Z * (Z - 1) / A ** (1 / 3)
    binding += -23.2 * (N - Z) ** 2 / A + 12 / np.sqrt(A) * ((Z % 2 == 0) + (N % 2 == 0) - 1.0)
    return 7.2890 * Z + 8.0713 * N - binding


@pytest.mark.parametrize("side", ["neutron", "proton"])
def test_the_line_is_that_of_the_surfaces(side):
    rng = np.random.default_rng(3)
    Z, N = (x.ravel() for x in np.meshgrid(np.arange(18, 21), np.arange(8, 60), indexing="ij"))
    index = nuclide_index(Z, N)
    draws = liquid_drop(Z, N) + rng.normal(scale=0.7, size=(500, len(Z)))
    near = np.abs(N - 22) < 5
    draws[:, near] = draws[0, near]  # measured
    coords = {"nucleus": labels(Z.tolist(), N.tolist()), "Z": ("nucleus", Z), "N": ("nucleus", N)}
    surfaces = xr.DataArray(draws, dims=("draw", "nucleus"), coords=coords)
    measured = pd.DataFrame({"mass_excess": draws[0, near]}, index=index[near])
    line = _Line(DripLine("", 20, side, index[~near]), index[~near], measured)
    found = line.of(draws[:, ~near][:, line.points])
    expected = drip_lines(surfaces).loc[(20, side)]
    levels = [0.025, 0.16, 0.5, 0.84, 0.975]
    assert np.quantile(found, levels, method="inverted_cdf").tolist() == [
        expected[name] for name in ("lower_95", "lower_68", "median", "upper_68", "upper_95")
    ]
    assert found.std() > 0.5


def test_an_element_without_those_before_it_is_refused():
    chain = nuclide_index([20, 20, 20], [30, 31, 32])
    nothing = pd.DataFrame({"mass_excess": []}, index=chain[:0])
    with pytest.raises(DomainError, match="the two elements before it"):
        _Line(DripLine("drip-line Ca", 20, "neutron", chain), chain, nothing)


def test_pairs_of_surfaces_give_the_exact_variance_of_a_mass(patch, monkeypatch):
    """If the line were a mass, the variance would be that of `bmm.design.energies`."""
    monkeypatch.setattr(_Line, "of", lambda self, draws: draws[:, -1])
    law = patch.forecast.law
    candidates, target = nuclide_index([42, 41], [57, 58]), nuclide_index([42], [59])
    points = candidates.append(target)
    rows = patch.forecast.law_rows(points)
    pairs = DripLineExpectedVariance(
        law, points, rows, DripLine("", 42, "neutron", target), patch.forecast.measured, 0.1, 20000,
        2, np.random.default_rng(1),
    )  # fmt: skip
    form = LinearForm(target, np.zeros((1, 1), dtype=np.intp), np.ones((1, 1)))
    exact = EnergyExpectedVariance(law, form, rows[2:], rows[:2], 0.1)
    assert pairs.before == pytest.approx(exact.before, rel=0.04)
    for chosen in (0, 1):
        (left, error), (expected, _) = pairs.expect(), exact.expect()
        reduction, right = pairs.before - left, exact.before - expected
        assert (np.abs(reduction - right) < 4 * error + 0.04 * exact.before).all()
        assert error.max() < 0.03 * exact.before
        pairs.take(chosen)
        exact.take(chosen)
