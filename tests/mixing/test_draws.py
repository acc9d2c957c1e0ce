import numpy as np
import pytest
from scipy import special
from scipy.linalg import helmert

from bmm.errors import DomainError
from bmm.gp.basis import ChainBasis, root_spectral_density
from bmm.mixing import draws as draws_module
from bmm.mixing.draws import Draws, log_normalise, mean_weights
from bmm.mixing.fitted import posterior_draws, read_axes, read_settings
from bmm.mixing.lattice import lattice_field
from bmm.mixing.model import build_model
from bmm.mixing.settings import Mixing
from bmm.mixing.training_data import training_problem


@pytest.fixture(scope="module")
def draws(fitted):
    return posterior_draws(fitted)


def draw(fitted, number):
    flat = fitted["posterior"].to_dataset().stack(sample=("chain", "draw"))
    return {name: np.array(flat[name].isel(sample=number), dtype=float, order="C") for name in flat}


def test_fields_are_those_of_the_lattice_draw_by_draw(fitted, draws, monkeypatch):
    # Several parts, the last of them shorter.
    monkeypatch.setattr(draws_module, "_CHUNK_ELEMENTS", 7 * 9 * 3 * 180)
    chart = fitted["chart"]
    Z, N = chart["Z"].to_numpy(), chart["N"].to_numpy()
    parts = list(draws.log_alpha(Z, N))
    assert [part.stop - part.start for part, _ in parts] == [180, 180, 140]
    field = np.concatenate([values for _, values in parts])
    axis_Z, axis_N = read_axes(fitted)
    lattice = ChainBasis.of(axis_Z, axis_N, Z, N)
    for number in (0, 179, 180, 333, 499):
        value = draw(fitted, number)
        field_about_mu, *_ = lattice_field(
            value["beta"],
            np.sqrt(value["eta"]),
            root_spectral_density(axis_Z.omega, float(value["rho_Z"])),
            root_spectral_density(axis_N.omega, float(value["rho_N"])),
            np.eye(len(value["mu"])),
            lattice.phi_Z,
            lattice.phi_N,
            lattice.first,
            lattice.mean,
        )
        expected = field_about_mu + value["mu"]
        np.testing.assert_allclose(field[number], expected, rtol=1e-10, atol=1e-12)


def test_log_likelihood_is_the_models(world, fitted, draws):
    problem = training_problem(world.measured, world.theory)
    settings = read_settings(fitted)
    model = build_model(problem, *read_axes(fitted), settings)
    likelihood = model["log_likelihood"]
    total = model.compile_fn(
        model.replace_rvs_by_values([likelihood])[0], inputs=model.value_vars, mode="NUMBA"
    )
    found = draws.log_likelihood(problem)
    Z, N = problem["Z"].to_numpy(), problem["N"].to_numpy()
    for number in (0, 250, 499):
        value = draw(fitted, number)
        K = len(value["mu"])
        field = np.concatenate([each for _, each in draws.log_alpha(Z, N)])[number]
        point = {
            "xi": np.tensordot(helmert(K, full=True), value["beta"], 1).ravel(),
            "level": field.mean(axis=0),
            "A_power": value["A_power"],
        } | {
            f"{name}_log__": np.log(value[name])
            for name in ("sigma", "eta", "rho_Z", "rho_N", "nu")
        }
        assert found[number].sum() == pytest.approx(total(point), rel=1e-5)


def test_stored_log_likelihood_is_per_MeV(world, fitted, draws):
    per_MeV = draws.log_likelihood(training_problem(world.measured, world.theory))
    stored = fitted["log_likelihood"]["mass_excess"]
    assert stored.attrs["units"] == "log(1/MeV)"
    np.testing.assert_allclose(stored.to_numpy().reshape(per_MeV.shape), per_MeV, atol=1e-6)


def test_weights_of_the_covering_models_sum_to_one():
    rng = np.random.default_rng(0)
    covers = rng.random((20, 4)) < 0.5
    covers[:, 2] = True
    for size in (1.0, 900.0):
        field = size * rng.normal(size=(5, 20, 4))
        weight = np.exp(log_normalise(field, covers))
        np.testing.assert_allclose(weight.sum(axis=-1), 1, rtol=1e-12)
        assert not weight[:, ~covers].any()
        expected = special.softmax(np.where(covers, field, -np.inf), axis=-1)
        np.testing.assert_allclose(weight, expected, rtol=1e-10)
        np.testing.assert_allclose(mean_weights(field.copy(), covers), expected, rtol=1e-12)


def test_spread_grows_with_A_from_100_keV_per_unit_of_sigma(constant_tree, world):
    for power in (0.0, 1.0):
        noise = world.settings.noise.model_copy(update={"A_power": power, "nu": 4.0})
        tree = constant_tree([0.0, 0, 0], [2.0, 3, 4], world.chart, noise)
        scale = posterior_draws(tree).scale([100, 200])
        expected = 0.1 * np.array([2, 3, 4]) * np.array([[1], [2**power]])
        np.testing.assert_allclose(scale, expected[None], rtol=1e-12)


def test_a_nucleus_outside_the_box_is_refused(draws):
    with pytest.raises(DomainError, match="Z=60 is outside the prediction chart"):
        next(draws.log_alpha(np.array([60]), np.array([40])))


def test_fixed_noise_is_read_from_the_settings(constant_tree, world):
    learned = {"nu": [3.0], "A_power": [0.5]}
    for noise, nu in (({"family": "normal"}, np.inf), ({"nu": 7.0}, 7.0), ({"nu": "learn"}, 3.0)):
        noise = world.settings.noise.__class__(**noise)
        extra = learned if noise.nu == "learn" else {}
        tree = constant_tree([0.0, 0, 0], [2.0, 3, 4], world.chart, noise, **extra)
        made = Draws(tree["posterior"].to_dataset(), *read_axes(tree), Mixing(noise=noise))
        assert np.array_equal(made.nu, [nu])
