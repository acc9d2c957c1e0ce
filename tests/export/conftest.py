"""A mass table with known numbers: measured ones of AME2020, the others of FRDM(2012)."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured, load_theory
from bmm.export import MassTable, Origin

DRAWS = 3
ORIGIN = Origin(
    run="tin", version="0.1.0", models=("FRDM2012", "HFB24"), evaluation="AME2020",
    date=date(2026, 11, 22), note="for the tests",
)  # fmt: skip


def build(Z, *, draws=DRAWS, estimated=False):
    """Table of some elements; with the values that AME estimates, if wanted."""
    theory = load_theory("FRDM2012")["mass_excess"]
    theory = theory[theory.index.get_level_values("Z").isin(Z)]
    known = load_measured("AME2020", estimated=estimated)
    known = known[known.index.get_level_values("Z").isin(Z)]
    index = theory.index.union(known.index).sort_values()
    nuclei = pd.DataFrame({"mass_excess": theory.reindex(index), "mass_excess_sd": 0.5})
    nuclei["measured"] = False
    nuclei["estimated"] = False
    nuclei.loc[known.index, "mass_excess"] = known["mass_excess"]
    nuclei.loc[known.index, "mass_excess_sd"] = known["mass_excess_uncertainty"]
    nuclei.loc[known.index, "measured"] = ~known["estimated"]
    nuclei.loc[known.index, "estimated"] = known["estimated"]
    noise = np.random.default_rng(5).standard_normal((draws, len(nuclei)))
    sampled = nuclei["mass_excess"].to_numpy() + nuclei["mass_excess_sd"].to_numpy() * noise
    return MassTable(nuclei, ORIGIN, sampled if draws else None)


@pytest.fixture(scope="session")
def chart():
    """All elements up to oganesson, the neutron included."""
    return build(range(119), draws=1)


@pytest.fixture(scope="session")
def tin():
    """Palladium to xenon, with estimated masses."""
    return build(range(46, 55), estimated=True)
