"""Effective numbers of models: 1 where one has the weight, K where K share it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.evaluation.weight_entropy import effective_number, effective_numbers
from bmm.nuclides import nuclide_index


def test_effective_number_of_models_between_one_and_all():
    assert effective_number(np.array([0.0, 1.0, 0.0])) == pytest.approx(1.0)
    assert effective_number(np.full(5, 0.2)) == pytest.approx(5.0)
    assert effective_number(np.array([0.5, 0.5, np.nan])) == pytest.approx(2.0)


def test_means_by_distance_and_region():
    N = np.arange(70, 80)
    weight = np.where(N[:, None] < 72, [[1.0, 0.0]], [[0.5, 0.5]])
    summary = xr.Dataset(
        {"weight": (("nucleus", "theory"), weight)},
        {"Z": ("nucleus", np.full(10, 50)), "N": ("nucleus", N), "theory": ["a", "b"]},
    )
    measured = pd.DataFrame({"mass_excess": -80.0}, index=nuclide_index([50, 50], [70, 71]))
    found = effective_numbers(summary, measured)
    assert {name: each["n"] for name, each in found["distance"].items()} == {
        "0": 2, "1-2": 2, "3-5": 3, "more": 3,
    }  # fmt: skip
    assert found["distance"]["0"]["effective_models"] == pytest.approx(1.0)
    assert found["distance"]["more"]["effective_models"] == pytest.approx(2.0)
    assert found["distance"]["0"]["weights"] == {"a": 1.0, "b": 0.0}
    assert found["region"]["near magic"]["n"] == 10  # Z = 50
