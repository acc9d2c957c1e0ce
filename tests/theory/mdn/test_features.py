"""Features against their definitions, by hand."""

import numpy as np
import pytest

from bmm.theory.mdn.features import FEATURES, feature_matrix, feature_names


def of(Z, N, chosen="M24"):
    values = feature_matrix(np.array([Z]), np.array([N]), chosen)[0]
    return dict(zip(feature_names(chosen), values, strict=True))


def test_a_set_has_as_many_features_as_its_name_says():
    for k in (2, 6, 8, 10, 12, 16, 20, 24):
        matrix = feature_matrix(np.array([50, 82]), np.array([82, 126]), f"M{k}")
        assert matrix.shape == (2, k)
        assert feature_names(f"M{k}") == FEATURES[:k]


def test_lead_208_is_magic():
    lead = of(82, 126)
    assert lead["A^(2/3)"] == pytest.approx(208 ** (2 / 3))
    assert lead["Coulomb"] == pytest.approx(82 * 81 / 208 ** (1 / 3))
    assert lead["asymmetry"] == pytest.approx(44**2 / 208)
    assert lead["distance of N to magic"] == lead["distance of Z to magic"] == 0
    assert lead["promiscuity"] == lead["valence product"] == lead["odd N"] == lead["odd-odd"] == 0
    assert lead["filling of N"] == lead["filling of Z"] == 1
    assert lead["shell of N"] == lead["shell of Z"] + 1


def test_a_deformed_odd_odd_nucleus():
    europium = of(63, 91)
    assert europium["distance of Z to magic"] == 13
    assert europium["distance of N to magic"] == 9
    assert europium["promiscuity"] == pytest.approx(13 * 9 / 22)
    assert europium["odd-odd"] == pytest.approx(1 / 154)
    assert europium["pairing"] == 0
    assert europium["filling of Z"] == pytest.approx(13 / 32)
    assert europium["filling of N"] == pytest.approx(9 / 44)
    assert europium["valence of N"] == pytest.approx(9 * 35 / 44)
    assert europium["valence product"] == pytest.approx(13 * 19 / 32 * 9 * 35 / 44)
    assert europium["shell of Z"] == of(82, 91)["shell of Z"] == of(51, 91)["shell of Z"]


def test_the_chart_has_finite_features():
    Z, N = (each.ravel() for each in np.meshgrid(np.arange(1, 141), np.arange(1, 321)))
    matrix = feature_matrix(Z, N, "M24")
    assert np.isfinite(matrix).all()
    assert (matrix[:, FEATURES.index("valence of N")] >= 0).all()
