import numpy as np
import pandas as pd
import pytest

from bmm.data import MEASURED_TABLES, load_differences, load_measured
from bmm.data.differences import DIFFERENCES
from bmm.errors import DataError


def test_uncertainties_that_are_printed_for_zinc_71():
    found = load_differences("AME2003").query("Z == 30 and N == 41").set_index("quantity")
    printed = {"Q_beta": 10.238, "S_2n": 10.23, "S_2p": 10.85, "Q_alpha": 10.59, "Q_ep": 345.95}
    assert (1000 * found.loc[list(printed), "uncertainty"]).to_list() == pytest.approx(
        list(printed.values())
    )
    assert found.loc["Q_alpha", ["Z_other", "N_other"]].to_list() == [28, 39]
    assert found.loc["Q_ep", ["Z_other", "N_other"]].to_list() == [28, 42]


def test_no_pair_of_nuclei_has_two_differences():
    steps = list(DIFFERENCES.values())
    assert len({*steps, *((-dZ, -dN) for dZ, dN in steps)}) == 2 * len(steps)


@pytest.mark.parametrize("name", MEASURED_TABLES)
def test_stated_correlations_are_correlations(name):
    table = load_measured(name)["mass_excess_uncertainty"]
    found = load_differences(name)
    ends = [
        table.reindex(pd.MultiIndex.from_frame(found[columns])).to_numpy()
        for columns in (["Z", "N"], ["Z_other", "N_other"])
    ]
    # Printed to 0.01 keV, and before AME2020 the masses of 1 keV to three digits at best.
    seen = np.isfinite(ends[0]) & np.isfinite(ends[1]) & (ends[0] > 5e-3) & (ends[1] > 5e-3)
    first, second = (each[seen] for each in ends)
    rho = (first**2 + second**2 - found["uncertainty"].to_numpy()[seen] ** 2) / (2 * first * second)
    assert seen.sum() > 400
    assert np.abs(rho).max() < 1.02
    assert np.quantile(rho, 0.99) > 0.95


def test_an_unknown_edition_is_refused():
    with pytest.raises(DataError, match="No measured table is called 'AME1997'"):
        load_differences("AME1997")
