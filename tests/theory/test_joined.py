"""Measured masses and theory are joined by (Z, N), whatever the order of either."""

import numpy as np
import pandas as pd
import pytest

from bmm.errors import DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction
from bmm.theory.joined import join_masses, theory_at

THEORY = prediction(
    nuclide_index([20, 50, 82], [28, 82, 126]),
    ["a", "b"],
    [[-44.0, -45.0], [-76.0, np.nan], [-21.0, -22.0]],
    0.25,
)


def measured(*nuclei):
    index = nuclide_index(*zip(*nuclei, strict=True))
    mass = [100.0 * Z + N for Z, N in nuclei]
    return pd.DataFrame({"mass_excess": mass, "mass_excess_uncertainty": 0.1}, index)


def test_every_mass_meets_the_theory_of_its_own_nucleus():
    joined = join_masses(measured((82, 126), (20, 28)), THEORY)
    assert joined["nucleus"].to_numpy().tolist() == ["Pb-208", "Ca-48"]
    assert joined["mass_excess"].to_numpy().tolist() == [8326.0, 2028.0]
    assert joined["theory_mass_excess"].to_numpy().tolist() == [[-21.0, -22.0], [-44.0, -45.0]]
    assert (joined["theory_mass_excess_sd"] == 0.25).all()
    assert joined["A"].to_numpy().tolist() == [208, 48]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_nucleus_without_theory_is_nan_dropped_or_refused(at):
    nuclei = [(50, 82), (20, 28)]
    nuclei.insert(at, (50, 83))
    table = measured(*nuclei)
    joined = join_masses(table, THEORY)
    assert np.isnan(joined["theory_mass_excess"].to_numpy()).all(axis=1).nonzero()[0] == [at]
    assert joined["mass_excess"].to_numpy()[at] == 5083.0
    assert joined["nucleus"].to_numpy()[at] == "Sn-133"
    assert joined["Z"].dtype == np.int64
    dropped = join_masses(table, THEORY, missing="drop")
    assert dropped["nucleus"].to_numpy().tolist() == ["Sn-132", "Ca-48"]
    assert dropped["mass_excess"].to_numpy().tolist() == [5082.0, 2028.0]
    with pytest.raises(DataError, match="Sn-133 is measured, but theory lists no prediction"):
        join_masses(table, THEORY, missing="refuse")


def test_other_variables_and_other_orders_of_dimensions_come_along():
    theory = THEORY.assign(support=("nucleus", [0.1, 0.5, 1.0])).transpose("theory", "nucleus")
    joined = join_masses(measured((82, 126), (50, 82)), theory)
    assert joined["support"].to_numpy().tolist() == [1.0, 0.5]
    assert joined["theory_mass_excess"].dims == ("nucleus", "theory")
    assert theory_at(theory, nuclide_index([50], [82]))["mass_excess"].sel(theory="a").item() == -76
