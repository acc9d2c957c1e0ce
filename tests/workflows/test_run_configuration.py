"""Configurations: what is read, written again, and refused."""

import math
import re
import tomllib
from pathlib import Path

import pytest

from bmm.errors import ConfigError
from bmm.mixing.settings import FORECAST, NAMED_PRIORS, Mixing, Prior
from bmm.workflows.config import load_config, shipped_configurations

SHIPPED = shipped_configurations()
SMALLEST = '[theory]\nmodels = ["DZ33"]\n'


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_some_configurations_are_shipped():
    assert {"default", "occupations-so", "occupations-ho", "occupations-so-kth"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_configuration_survives_writing(name, write):
    config = load_config(name)
    assert config.name == name
    assert load_config(write(config.to_toml(), f"{name}.toml")) == config


def test_every_default_is_written(write):
    written = tomllib.loads(load_config(write(SMALLEST)).to_toml())
    assert written["name"] == "mine"
    assert written["chart"]["table"] == "DZ28"
    assert written["theory"]["corrected"] is True
    assert written["mixing"]["likelihood"] == "dirichlet"
    assert written["mixing"]["sampler"]["draws"] == 500
    assert written["mixing"]["noise"]["nu"] == 8.0


def test_models_as_they_are_have_the_defaults_of_the_density_form(write):
    config = load_config(write(SMALLEST + "corrected = false\n"))
    assert config.mixing == Mixing()


def test_what_is_given_stands_over_the_defaults_of_corrected_models(write):
    config = load_config(write(SMALLEST + "[mixing.sampler]\ntune = 77\n"))
    assert config.mixing.sampler == FORECAST.sampler.model_copy(update={"tune": 77})
    assert config.mixing.priors == FORECAST.priors


def test_the_dirichlet_form_of_models_as_they_are_is_refused(write):
    text = SMALLEST + "corrected = false\n[mixing]\nlikelihood = 'dirichlet'\n"
    with pytest.raises(ConfigError, match="'dirichlet' is for corrected models"):
        load_config(write(text))


def test_everything_that_can_be_chosen_survives_writing(write):
    text = """
name = "all.of-it_1"
description = "quotes \\" and ümlauts"
seed = 9223372036854775807
[data]
measured = "AME2016"
Z = [20, 20]
N = [0, 320]
max_uncertainty_keV = 0.1
[theory]
models = ["b", "a"]
cards = ["cards", "/elsewhere/card.toml"]
corrected = false
[mixing]
temper = 0.5
[mixing.priors]
sigma = { distribution = "LogNormal", mu = 1, sigma = 0.3 }
[mixing.noise]
nu = "learn"
A_power = "learn"
[mixing.basis]
m_Z = 7
c_N = 1.5
resolve = [0.1, 0.9]
"""
    config = load_config(write(text))
    assert load_config(write(config.to_toml(), "again.toml")) == config


def test_priors_are_flat(write):
    prior = 'rho_Z = { distribution = "HalfNormal", sigma = 3 }'
    config = load_config(write(f"{SMALLEST}[mixing.priors]\n{prior}"))
    assert config.mixing.priors.rho_Z == Prior(distribution="HalfNormal", parameters={"sigma": 3})
    written = tomllib.loads(config.to_toml())["mixing"]["priors"]
    assert written["rho_Z"] == {"distribution": "HalfNormal", "sigma": 3}
    assert written["sigma"] == {"distribution": "LogNormal", "mu": math.log(4), "sigma": 0.8}


def test_priors_may_be_called_by_name(write):
    config = load_config(write(f'{SMALLEST}[mixing]\npriors = "kth"'))
    assert config.mixing.priors == NAMED_PRIORS["kth"]
    assert config.mixing.priors.sigma.flat() == {"distribution": "Gamma", "alpha": 10, "beta": 1}
    with pytest.raises(ConfigError, match="no priors are called 'khth': expected one of bmm, kth"):
        load_config(write(f'{SMALLEST}[mixing]\npriors = "khth"'))


def test_cards_lie_beside_the_configuration(write, tmp_path, monkeypatch):
    write(f'{SMALLEST}cards = ["mine", "/there/card.toml"]')
    monkeypatch.chdir(tmp_path)
    cards = load_config("mine.toml").theory.cards
    assert cards == [tmp_path / "mine", Path("/there/card.toml")]


def test_measured_masses_may_be_a_file_beside_the_configuration(write, tmp_path):
    text = SMALLEST + '[data]\nmeasured = "mass_1.mas25"\n'
    assert load_config(write(text)).data.measured == "mass_1.mas25"
    (tmp_path / "mass_1.mas25").write_text("")
    assert load_config(write(text)).data.measured == str(tmp_path / "mass_1.mas25")


def test_a_model_may_be_unknown_until_the_cards_are_read(write):
    assert load_config(write('[theory]\nmodels = ["mine"]')).theory.models == ["mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key 'theory' is missing"),
        ("[theory]", "key 'theory.models' is missing"),
        ("[theory]\nmodels = []", "key 'theory.models': "),
        ("[theory]\nmodels = 'DZ33'", "key 'theory.models': expected a valid list, not 'DZ33'"),
        ("[theory]\nmodels = ['DZ33', 3]", "key 'theory.models.1': "),
        ("[[theory]]\nmodels = ['DZ33']", "key 'theory': "),
        (f"{SMALLEST}cards = [1]", "key 'theory.cards.0': "),
        (f"sed = 1\n{SMALLEST}", "unknown key 'sed' (did you mean 'seed'?): expected one of name,"),
        (f"{SMALLEST}[dat]\nZ = [8, 9]", "unknown key 'dat' (did you mean 'data'?)"),
        (f"{SMALLEST}model = ['DZ33']", "unknown key 'theory.model' (did you mean 'models'?)"),
        (f"{SMALLEST}qqq = 1", "unknown key 'theory.qqq': expected one of models, cards"),
        (f"{SMALLEST}[mixing]\nobservable = 'charge_radius'", "unknown key 'mixing.observable': "),
        (f"{SMALLEST}[mixing]\nsamplr = {{}}", "unknown key 'mixing.samplr' (did you mean 'sampl"),
        (
            f"{SMALLEST}[mixing.priors]\nrho = {{ distribution = 'Gamma', alpha = 1, beta = 1 }}",
            "unknown key 'mixing.priors.rho' (did you mean 'rho_Z'?)",
        ),
        (
            f"{SMALLEST}[mixing.mode]\nsigma = [1]\nsigma_below = 2\nsigma_above = 3",
            "unknown key 'mixing.mode.sigma_above' (did you mean 'sigma_below'?)",
        ),
        (f"{SMALLEST}[mixing.sampler]\ndraw = 9", "unknown key 'mixing.sampler.draw' (did you mea"),
        (f"{SMALLEST}[mixing.sampler]\ndraws = 'many'", "key 'mixing.sampler.draws': "),
        (f"{SMALLEST}[mixing.sampler]\ndraws = 0", "key 'mixing.sampler.draws': "),
        (f"{SMALLEST}[mixing.noise]\nnu = 'lern'", "key 'mixing.noise.nu': "),
        (f"{SMALLEST}[mixing.noise]\nfamily = 'gauss'", "key 'mixing.noise.family': "),
        (
            f"{SMALLEST}[mixing.priors]\neta = {{ distribution = 'Gama', alpha = 1, beta = 1 }}",
            "key 'mixing.priors.eta': unknown distribution 'Gama'; expected one of Exponential, G",
        ),
        (
            f"{SMALLEST}[mixing.priors]\neta = {{ distribution = 'Gamma', alpha = 1 }}",
            "key 'mixing.priors.eta': Gamma takes the parameters alpha, beta, not alpha",
        ),
        (
            f"{SMALLEST}[mixing.priors]\neta = {{ distribution = 'Normal', mu = 1, sigma = 1 }}",
            "key 'mixing.priors': eta must be positive",
        ),
        (
            f"{SMALLEST}[mixing.priors]\neta = {{ distribution = 'Gamma', alpha = 'a', beta = 1 }}",
            "key 'mixing.priors.eta.alpha': ",
        ),
        (f"{SMALLEST}[mixing.priors]\neta = 'Gamma'", "key 'mixing.priors.eta': "),
        (f"{SMALLEST}[data]\nZ = [50, 40]", "key 'data.Z': expected [first, last], not [50, 40]"),
        (f"{SMALLEST}[chart]\nN = [9, 8]", "key 'chart.N': expected [first, last], not [9, 8]"),
        (f"{SMALLEST}[data]\nZ = [8, 141]", "key 'data.Z.1': "),
        (f"{SMALLEST}[data]\nN = [-1, 5]", "key 'data.N.0': "),
        (f"{SMALLEST}[data]\nN = [8]", "key 'data.N' has too few values"),
        (f"{SMALLEST}[data]\nN = [8, 9, 10]", "key 'data.N': "),
        (f"{SMALLEST}[data]\nN = 8", "key 'data.N': "),
        (f"{SMALLEST}[data]\nmax_uncertainty_keV = nan", "key 'data.max_uncertainty_keV': "),
        (f"seed = -1\n{SMALLEST}", "key 'seed': "),
        (f"seed = 9223372036854775808\n{SMALLEST}", "key 'seed': "),
        (f"name = '../elsewhere'\n{SMALLEST}", "key 'name': "),
        ("theory", "expected a TOML file: "),
        ("name = 'a'\nname = 'b'", "expected a TOML file: "),
    ],
)
def test_a_wrong_key_is_named(write, text, message):
    path = write(text)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {message}")) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="expected a TOML file"):
        load_config(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"x\.toml: expected a configuration, but No such file"):
        load_config(tmp_path / "x.toml")
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path / "x.toml")


def test_the_nearest_shipped_name_is_suggested():
    with pytest.raises(ConfigError, match=r"'defalt' \(nearest: 'default'\)"):
        load_config("defalt")


def test_an_obsolete_key_is_ignored_with_a_warning(tmp_path, caplog):
    for name in ("mass_excess", "binding_energy_per_nucleon"):
        (tmp_path / "old.toml").write_text(f"{SMALLEST}[mixing]\nobservable = '{name}'")
        (tmp_path / "new.toml").write_text(f"{SMALLEST}[mixing]\n")
        caplog.clear()
        old = load_config(tmp_path / "old.toml")
        assert "mixing.observable" in caplog.text
        assert old.mixing == load_config(tmp_path / "new.toml").mixing
        assert "observable" not in old.to_toml()
