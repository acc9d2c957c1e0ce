"""What a table must hold before it is written."""

import numpy as np
import pytest

from bmm.errors import BmmError, ConfigError, DataError
from bmm.export import FORMATS, MassTable
from bmm.nuclides import nuclide_index


def changed(table, **columns):
    return MassTable(table.nuclei.assign(**columns), table.origin)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"mass_excess": np.nan}, "Pd-86 has no finite mass excess"),
        ({"mass_excess_sd": -0.1}, "uncertainty of 0 or more"),
        ({"measured": True, "estimated": True}, "Pd-86 is measured and estimated at once"),
    ],
)
def test_wrong_numbers_are_refused(tin, columns, expected):
    with pytest.raises(DataError, match=expected):
        changed(tin, **columns)


def test_wrong_tables_are_refused(tin):
    with pytest.raises(DataError, match="'measured' is missing"):
        MassTable(tin.nuclei.drop(columns="measured"), tin.origin)
    with pytest.raises(DataError, match="ascending order"):
        MassTable(tin.nuclei[::-1], tin.origin)
    with pytest.raises(DataError, match="at least one nucleus"):
        MassTable(tin.nuclei[:0], tin.origin)
    with pytest.raises(BmmError, match="twice"):
        MassTable(tin.nuclei.iloc[[0, 0]], tin.origin)
    with pytest.raises(DataError, match="draws of shape"):
        MassTable(tin.nuclei, tin.origin, np.zeros((2, 5)))
    gap = tin.draws.copy()
    gap[1, 2] = np.inf
    with pytest.raises(DataError, match="has a draw that is not finite"):
        MassTable(tin.nuclei, tin.origin, gap)


def test_status_says_where_each_mass_is_from(tin):
    counts = {each: int((tin.status == each).sum()) for each in np.unique(tin.status)}
    assert set(counts) == {"measured", "estimated", "predicted"}
    assert counts["measured"] == tin.nuclei["measured"].sum()


def test_surfaces_are_the_masses_and_then_the_draws(tin):
    surfaces = list(tin.surfaces())
    assert [each.name for each in surfaces] == ["mean", "draw-001", "draw-002", "draw-003"]
    np.testing.assert_array_equal(surfaces[0].mass_excess, tin.nuclei["mass_excess"])
    np.testing.assert_array_equal(surfaces[2].mass_excess, tin.draws[1])
    assert "run tin, draw 2; models FRDM2012, HFB24; measured masses AME2020" in surfaces[2].origin


def test_a_selection_keeps_its_draws(tin):
    some = nuclide_index([50, 50], [82, 83])
    kept = tin.select(some)
    assert list(kept.nuclei.index) == [(50, 82), (50, 83)]
    np.testing.assert_array_equal(kept.draws, tin.draws[:, tin.nuclei.index.isin(some)])


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"'Tallys' \(did you mean 'talys'\?\): expected one of"):
        FORMATS["Tallys"]
    assert all(callable(FORMATS[name]) for name in FORMATS)
