"""Fits of the Duflo-Zuker formulas against the rms deviations of the specification.

The numbers were obtained with an independent implementation on the measured masses of AME2020.
"""

import dataclasses

import numpy as np
import pytest

from bmm.conversions import mass_excess
from bmm.data import load_measured
from bmm.errors import DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain
from bmm.theory.duflo_zuker.adapter import DufloZukerFamily, DufloZukerFormula
from bmm.theory.duflo_zuker.coefficients import PUBLISHED_DZ10

DOMAIN = Domain(Z=(8, 140), N=(8, 240))
DZ10 = DufloZukerFormula("DZ10", "DZ10", "published", "B", DOMAIN)
SO = ((0, 0), (0, 2), (2, 0), (2, 2))
HO = ((0, 0), (2, 2), (4, 4))
DZ10_SO = DufloZukerFamily("DZ10-SO", "SO", SO, "D", "joint", "B/A", DOMAIN)


@pytest.fixture(scope="module")
def heavy():
    """Measured nuclei with N, Z >= 28."""
    return load_measured("AME2020").query("Z >= 28 and N >= 28")


@pytest.fixture(scope="module")
def all_measured():
    """Measured nuclei with N, Z >= 8."""
    return load_measured("AME2020").query("Z >= 8 and N >= 8")


@pytest.fixture
def measured(request, heavy, all_measured):
    return heavy if request.param == 28 else all_measured


def residuals(model, measured):
    """Residuals in keV, arrays (nucleus, component), and A."""
    predicted = model.fit(measured).predict(measured.index)
    difference = predicted["mass_excess"].to_numpy() - measured["mass_excess"].to_numpy()[:, None]
    return 1000 * difference, (predicted["Z"] + predicted["N"]).to_numpy()[:, None]


def numbers(text):
    return [float(number) for number in text.split()]


def rms(values):
    return np.sqrt((values**2).mean(axis=0))


def test_measured_nuclei_of_the_duflo_zuker_fits_are_2094_and_2457(heavy, all_measured):
    assert (len(heavy), len(all_measured)) == (2094, 2457)


@pytest.mark.parametrize(
    ("measured", "formula", "coefficients", "target", "expected", "per_nucleon"),
    [
        (28, "DZ10", "published", "B", 551.3, 4.857),
        (28, "DZ10", "refit", "B", 487.3, 4.230),
        (28, "DZ10", "refit", "B/A", 495.6, 4.140),
        (28, "DZ33", "published", "B", 376.4, None),
        (28, "DZ33", "refit", "B", 309.5, None),
        (8, "DZ10", "published", "B", 611.3, 11.194),
        (8, "DZ10", "refit", "B", 603.5, 11.166),
        (8, "DZ10", "refit", "B/A", 674.3, 10.147),
        (8, "DZ33", "published", "B", 426.7, None),
        (8, "DZ33", "refit", "B", 390.5, None),
    ],
    indirect=["measured"],
)
def test_rms_of_the_duflo_zuker_formulas_is_the_published_one(
    measured, formula, coefficients, target, expected, per_nucleon
):
    model = DufloZukerFormula(formula, formula, coefficients, target, DOMAIN)
    error, A = residuals(model, measured)
    assert rms(error)[0] == pytest.approx(expected, abs=0.1)
    if per_nucleon is not None:
        assert rms(error / A)[0] == pytest.approx(per_nucleon, abs=6e-4)


def test_amdc_table(all_measured):
    Z, N = (all_measured.index.get_level_values(level).to_numpy() for level in ("Z", "N"))
    energies = DZ10.energies(Z, N, PUBLISHED_DZ10["amdc-table"])[:, 0]
    # The table was made with the 1H and neutron masses of 1995.
    computed = Z * 7.28903 + N * 8.07138 - energies
    assert rms(1000 * (computed - all_measured["mass_excess"])) == pytest.approx(611.7, abs=0.1)


@pytest.mark.parametrize(
    ("measured", "target", "expected", "per_nucleon"),
    [
        (28, "B", 686.1, 4.967),
        (28, "B/A", 696.1, 4.880),
        (8, "B", 778.0, 12.06),
        (8, "B/A", 863.3, 10.627),
    ],
    indirect=["measured"],
)
def test_spherical_only(measured, target, expected, per_nucleon):
    model = DufloZukerFamily("DZ10", "SO", ((0, 0),), "D", "individual", target, DOMAIN)
    error, A = residuals(model, measured)
    assert rms(error)[0] == pytest.approx(expected, abs=0.1)
    assert rms(error / A)[0] == pytest.approx(per_nucleon, abs=6e-3)


@pytest.mark.parametrize(
    ("measured", "target", "expected"),
    [
        (
            28,
            "B",
            "0.708721269 17.7878728 16.3399971 36.9688264 49.9661153 "
            "0.431408361 1.93743961 0.0215241811 41.5926548 6.13360762",
        ),
        (
            8,
            "B/A",
            "0.703373159 17.7560365 16.342906 38.2043618 56.8640322 "
            "0.492007683 2.24754669 0.0207730336 42.561962 6.077033",
        ),
    ],
    indirect=["measured"],
)
def test_refit_coefficients(measured, target, expected):
    model = dataclasses.replace(DZ10, coefficients="refit", target=target)
    np.testing.assert_allclose(model.fit(measured).b, numbers(expected), rtol=2e-5)


OCCUPATIONS = [
    # family, configurations, N,Z >=, coefficients, target, rms, rms/A, oracle, oracle/A, average
    ("SO", SO, 28, "published", "B/A", [1195, 3592, 3516, 8905], [7.06, 29.33, 29.76, 71.77],
     594, 4.76, 3742),
    ("SO", SO, 28, "refit", "B/A", [963, 3643, 3575, 8972], [5.83, 29.91, 30.31, 72.46],
     527, 4.03, 3777),
    ("SO", SO, 28, "joint", "B/A", [779, 3740, 3607, 9176], [5.17, 30.35, 30.46, 73.63],
     485, 3.89, 3883),
    ("SO", SO, 28, "individual", "B/A", [696, 2436, 2338, 2382], [4.88, 14.40, 13.20, 14.64],
     582, 3.77, 1764),
    ("SO", SO, 28, "joint", "B", [755, 3753, 3612, 9170], [5.18, 30.10, 30.12, 73.10],
     478, 3.97, 3888),
    ("SO", SO, 28, "individual", "B", [686, 2210, 2158, 2111], [4.97, 16.06, 14.58, 16.42],
     554, 3.86, 1588),
    ("SO", SO, 8, "published", "B/A", [1154, 3733, 3596, 9008], [12.15, 59.33, 57.19, 129.3],
     636, 10.45, 3850),
    ("SO", SO, 8, "joint", "B/A", [1460, 3699, 3641, 8916], [12.14, 56.70, 54.89, 125.6],
     663, 8.83, 3828),
    ("SO", SO, 8, "individual", "B/A", [863, 2901, 2659, 2926], [10.63, 24.10, 23.41, 27.57],
     702, 8.60, 2124),
    ("SO", SO, 8, "joint", "B", [1129, 3823, 3675, 9164], [11.82, 59.21, 57.05, 129.3],
     589, 10.09, 3957),
    ("SO", SO, 8, "individual", "B", [778, 2242, 2157, 2209], [12.06, 30.31, 28.34, 34.79],
     638, 10.14, 1651),
    ("HO", HO, 28, "published", "B/A", [1195, 5486, 10586], [7.06, 42.70, 85.70],
     511, 4.45, 5198),
    ("HO", HO, 28, "joint", "B/A", [913, 5564, 10687], [5.63, 43.38, 86.58], 456, 3.84, 5266),
    ("HO", HO, 28, "individual", "B/A", [696, 3594, 5193], [4.88, 22.83, 36.94],
     585, 4.20, 2946),
    ("HO", ((0, 0), (0, 4), (4, 0), (4, 4)), 28, "joint", "B/A", [1011, 6746, 7462, 10632],
     [6.02, 55.89, 59.80, 86.11], 425, 3.50, 5445),
    ("HO", SO, 28, "joint", "B/A", [853, 3498, 3799, 5526], [5.66, 25.87, 27.19, 42.46],
     465, 3.27, 2949),
    ("HO", SO, 28, "individual", "B/A", [696, 3115, 3364, 3594], [4.88, 19.41, 20.39, 22.83],
     604, 4.00, 2411),
    ("HO", HO, 28, "joint", "B", [902, 5580, 10698], [5.66, 43.25, 86.36], 450, 3.90, 5276),
    ("HO", HO, 8, "joint", "B/A", [1317, 5772, 11165], [11.52, 92.80, 177.0], 619, 9.88, 5486),
    ("HO", HO, 8, "joint", "B", [1132, 5826, 11238], [11.75, 92.96, 177.3], 567, 10.55, 5550),
]  # fmt: skip


@pytest.mark.parametrize(
    (
        *("family", "configurations", "measured", "coefficients", "target"),
        *("expected", "per_nucleon", "oracle", "oracle_per_nucleon", "average"),
    ),
    OCCUPATIONS,
    indirect=["measured"],
)
def test_occupation_families(
    family,
    configurations,
    measured,
    coefficients,
    target,
    expected,
    per_nucleon,
    oracle,
    oracle_per_nucleon,
    average,
):
    model = DufloZukerFamily("DZ", family, configurations, "D", coefficients, target, DOMAIN)
    error, A = residuals(model, measured)
    keV = 2 if coefficients == "joint" else 0.6  # a joint fit has neighbouring optima
    np.testing.assert_allclose(rms(error), expected, rtol=0, atol=keV)
    np.testing.assert_allclose(rms(error / A), per_nucleon, rtol=2e-3, atol=6e-3)
    best = np.abs(error).min(axis=1, keepdims=True)
    assert rms(best)[0] == pytest.approx(oracle, abs=keV)
    assert rms(best / A)[0] == pytest.approx(oracle_per_nucleon, abs=0.012)
    assert rms(error.mean(axis=1)) == pytest.approx(average, abs=keV)


def test_shares_of_the_best_occupation_are_the_published_ones(heavy):
    error, _ = residuals(DZ10_SO, heavy)
    shares = np.bincount(np.abs(error).argmin(axis=1), minlength=4) / len(error)
    np.testing.assert_allclose(shares, [0.783, 0.131, 0.086, 0], atol=0.002)


def test_joint_coefficients(heavy):
    expected = (
        "0.712071037 17.8566577 16.5808107 37.285199 50.9905012 "
        "0.400520507 1.80533837 0.0231553976 40.2686434 6.05676918"
    )
    np.testing.assert_allclose(DZ10_SO.fit(heavy).b, numbers(expected), rtol=1e-3)


@pytest.mark.parametrize(
    ("family", "expected", "per_nucleon", "oracle", "average"),
    [
        ("SO", [696, 1128, 1006, 1200], [4.88, 7.76, 6.95, 8.27], 510, 845),
        ("SO-up", [696, 751, 818, 891], [4.88, 5.41, 5.87, 6.49], 550, 751),
        ("HO", [696, 1598, 1485, 1509], [4.88, 12.03, 12.08, 11.30], 511, 982),
    ],
)
def test_s_type_zoo(heavy, family, expected, per_nucleon, oracle, average):
    model = DufloZukerFamily("DZ", family, SO, "S", "individual", "B/A", DOMAIN)
    error, A = residuals(model, heavy)
    np.testing.assert_allclose(rms(error), expected, rtol=0, atol=0.6)
    np.testing.assert_allclose(rms(error / A), per_nucleon, rtol=0, atol=6e-3)
    assert rms(np.abs(error).min(axis=1)) == pytest.approx(oracle, abs=0.6)
    assert rms(error.mean(axis=1)) == pytest.approx(average, abs=0.6)


@pytest.mark.parametrize("coefficients", ["refit", "joint", "individual"])
def test_predictions_depend_on_the_training_nuclei_only(heavy, coefficients):
    model = dataclasses.replace(DZ10_SO, coefficients=coefficients)
    training = heavy.iloc[::2]
    changed = heavy.copy()
    changed.iloc[1::2, changed.columns.get_loc("mass_excess")] += 100.0
    before = model.fit(training).predict(heavy.index)
    after = model.fit(changed.iloc[::2]).predict(heavy.index)
    assert before.equals(after)
    shifted = training.assign(mass_excess=training["mass_excess"] + 1.0)
    assert not before.equals(model.fit(shifted).predict(heavy.index))


def test_a_fit_recovers_the_coefficients_that_made_the_masses(heavy):
    truth = PUBLISHED_DZ10["amdc-table"]
    Z, N = (heavy.index.get_level_values(level).to_numpy() for level in ("Z", "N"))
    energies = DZ10.energies(Z, N, truth)[:, 0]
    training = heavy.assign(mass_excess=mass_excess(Z, N, energies))
    fitted = dataclasses.replace(DZ10, coefficients="refit").fit(training)
    np.testing.assert_allclose(fitted.b, truth, rtol=1e-8)


def test_nuclei_outside_the_domain_are_neither_learnt_from_nor_predicted(all_measured):
    model = dataclasses.replace(DZ10, coefficients="refit", domain=Domain(Z=(28, 140), N=(28, 240)))
    heavy = all_measured.query("Z >= 28 and N >= 28")
    np.testing.assert_array_equal(model.fit(all_measured).b, model.fit(heavy).b)
    predicted = model.fit(heavy).predict(nuclide_index([8, 50], [8, 82]))
    assert list(np.isnan(predicted["mass_excess"].to_numpy()[:, 0])) == [True, False]


@pytest.mark.parametrize("coefficients", ["refit", "joint", "individual"])
def test_too_few_training_nuclei_are_refused(heavy, coefficients):
    model = dataclasses.replace(DZ10_SO, coefficients=coefficients)
    with pytest.raises(DataError, match="the 5 training nuclei of the Duflo-Zuker fit determine"):
        model.fit(heavy.iloc[:5])
    with pytest.raises(DataError, match="the 0 training nuclei of the Duflo-Zuker fit determine"):
        model.fit(heavy.iloc[:0])


def test_mirror_configurations_do_not_keep_the_joint_fit_going(all_measured):
    index = all_measured.index
    Z, N = (index.get_level_values(level).to_numpy() for level in ("Z", "N"))
    training = all_measured[(np.abs(N - Z) < 3) | (Z > 50)]
    assert np.isfinite(dataclasses.replace(DZ10_SO, target="B").fit(training).b).all()


def test_spherical_training_nuclei_do_not_determine_the_deformed_term(heavy):
    model = dataclasses.replace(DZ10, coefficients="refit")
    with pytest.raises(DataError, match="only 9 of its 10 coefficients"):
        model.fit(heavy.query("Z <= 50"))
