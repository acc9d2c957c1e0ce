import pytest
from pydantic import ValidationError

from bmm.mixing.settings import Basis, Mixing, Mode, Noise, Prior, Priors, Sampler


def test_a_prior_may_be_written_flat():
    prior = Prior.model_validate({"distribution": "Gamma", "alpha": 10, "beta": 2})
    assert prior == Prior(distribution="Gamma", parameters={"alpha": 10, "beta": 2})
    assert prior.flat() == {"distribution": "Gamma", "alpha": 10, "beta": 2}


def test_settings_survive_being_written_down():
    settings = Mixing(
        noise=Noise(nu="learn", A_power=-0.5),
        basis=Basis(m_Z=3, resolve=(0.1, 0.8)),
        mode=Mode(sigma=[2.0, 3.0], sigma_below=4.0),
        priors=Priors(mu=Prior(distribution="Laplace", parameters={"mu": 0, "b": 1})),
    )
    assert Mixing.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"distribution": "Gama", "alpha": 1, "beta": 1}, "unknown distribution 'Gama'; expected"),
        ({"alpha": 1, "beta": 1}, "unknown distribution ''"),
        (
            {"distribution": "Gamma", "mu": 1, "sigma": 1},
            "takes the parameters alpha, beta, not mu",
        ),
        ({"distribution": "Gamma"}, "takes the parameters alpha, beta, not none"),
        ({"distribution": "Normal", "mu": 0, "sigma": float("nan")}, "finite number"),
    ],
)
def test_impossible_priors_are_refused(prior, message):
    with pytest.raises(ValidationError, match=message):
        Prior.model_validate(prior)


@pytest.mark.parametrize("name", ["sigma", "eta", "rho_Z", "rho_N", "nu"])
def test_a_positive_quantity_takes_no_prior_on_the_real_line(name):
    normal = {"distribution": "Normal", "mu": 0, "sigma": 1}
    with pytest.raises(ValidationError, match=f"{name} must be positive: .* not Normal"):
        Priors.model_validate({name: normal})
    Priors.model_validate({"mu": normal, "A_power": normal})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (Noise, "nu", 0.0),
        (Noise, "nu", float("inf")),  # that is family = "normal", and JSON has no infinity
        (Noise, "A_power", float("nan")),
        (Noise, "family", "cauchy"),
        (Basis, "c_Z", 0.9),
        (Basis, "m_N", 0),
        (Basis, "resolve", (0.9, 0.1)),
        (Basis, "resolve", (0.0, 0.9)),
        (Sampler, "chains", 0),
        (Sampler, "target_accept", 1.0),
        (Mixing, "likelihood", "radius"),
        (Mixing, "unknown", 1),
    ],
)
def test_impossible_values_are_refused(section, key, value):
    with pytest.raises(ValidationError, match=key):
        section.model_validate({key: value})


def test_a_mode_starts_inside_itself():
    with pytest.raises(ValidationError, match="every sigma must be below sigma_below = 3"):
        Mode(sigma=[1.0, 3.0], sigma_below=3.0)
    with pytest.raises(ValidationError, match="greater than 0"):
        Mode(sigma=[-1.0], sigma_below=3.0)
