import numpy as np
import pandas as pd
import pytest

from bmm.evaluation import redundancy
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import prediction

Z, N = np.divmod(np.arange(2000), 50)
INDEX = nuclide_index(Z + 20, N + 20)


def compare(deviation, gaps=None):
    """Redundancy of models called a, b, ... with these deviations (nucleus, theory)."""
    rng = np.random.default_rng(1)
    mass = rng.normal(-50, 20, len(INDEX))
    theory = mass[:, None] + deviation
    if gaps is not None:
        theory[gaps] = np.nan
    names = list("abcdef"[: deviation.shape[1]])
    return redundancy(prediction(INDEX, names, theory), pd.DataFrame({"mass_excess": mass}, INDEX))


def test_correlation_is_that_of_the_deviations():
    rng = np.random.default_rng(2)
    correlation = np.array([[1, 0.95, 0.2], [0.95, 1, 0.1], [0.2, 0.1, 1]])
    deviation = rng.multivariate_normal(np.zeros(3), 0.49 * correlation, size=len(INDEX))
    found = compare(deviation)
    best = found.pairs.iloc[0]
    assert (best["one"], best["other"], best["n"]) == ("a", "b", 2000)
    assert best["correlation"] == pytest.approx(np.corrcoef(deviation.T)[0, 1], abs=1e-9)
    expected = np.sqrt(np.mean((deviation[:, 0] - deviation[:, 1]) ** 2))
    assert best["rms_difference_MeV"] == pytest.approx(expected)
    assert len(found.alike) == 1
    assert found.pairs["relative_difference"].is_monotonic_increasing
    # For equal spreads, the square of the relative difference is 2 (1 - correlation).
    relative = np.sqrt(2 * (1 - 0.95))
    assert best["relative_difference"] == pytest.approx(relative, rel=0.05)


@pytest.mark.parametrize(("copies", "others"), [(3, 0), (1, 3), (2, 2)])
def test_identical_models_count_once(copies, others):
    rng = np.random.default_rng(3)
    draws = np.linalg.qr(rng.normal(size=(2000, 5)) - 0)[0] * 20
    draws -= draws.mean(axis=0)
    independent = np.linalg.qr(draws)[0][:, : others + 1] * 20
    deviation = np.hstack([np.repeat(independent[:, :1], copies, axis=1), independent[:, 1:]])
    K = copies + others
    # Eigenvalues: `copies` once and one for each of the others.
    shares = np.array([copies / K, *[1 / K] * others])
    expected = np.exp(-(shares * np.log(shares)).sum())
    assert compare(deviation).effective_models == pytest.approx(expected, rel=1e-6)


def test_only_nuclei_that_both_cover_count():
    rng = np.random.default_rng(4)
    gaps = np.zeros((2000, 2), dtype=bool)
    gaps[:1500, 0] = gaps[1800:, 1] = True
    assert compare(rng.normal(size=(2000, 2)), gaps).pairs["n"].item() == 300
    gaps[1500:, 0] = True
    assert np.isnan(compare(rng.normal(size=(2000, 2)), gaps).effective_models)
