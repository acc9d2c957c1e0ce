"""Registries: names are loaded when they are used, and other packages add theirs."""

import subprocess
import sys
from datetime import date

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured
from bmm.emulation.analytic_surface import analytic_surface
from bmm.emulation.loop import LoopSettings, run_loop
from bmm.emulation.stationary import ProcessLearner
from bmm.errors import ConfigError
from bmm.export import FORMATS, ExportSettings, MassTable, Origin
from bmm.nuclides import nuclide_index
from bmm.registry import Registry, suggestion
from bmm.theory.adapters import predict_all
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.inputs import chosen_cards


@pytest.fixture
def registry():
    own = {"root": "math:sqrt", "absent": "no_such_module:x", "nothing": "math:no_such_function"}
    return Registry("function", "bmm.tests", own)


def test_a_name_gives_what_it_stands_for(registry):
    assert registry["root"](9.0) == 3.0
    assert "root" in registry
    assert "rot" not in registry
    assert list(registry) == ["root", "absent", "nothing"]
    assert registry.module("absent") == "no_such_module"


def test_an_unknown_name_is_answered_by_the_nearest(registry):
    message = r"no function is called 'Rot' \(did you mean 'root'\?\): expected one of root, absent"
    for look in (registry.__getitem__, registry.known, registry.module):
        with pytest.raises(ConfigError, match=message):
            look("Rot")
    with pytest.raises(ConfigError, match=r"called 'x+\.\.\. *x*': expected one of root"):
        registry.known("x" * 1000)


@pytest.mark.parametrize("name", ["absent", "nothing"])
def test_what_cannot_be_imported_is_named(registry, name):
    with pytest.raises(ConfigError, match=f"the function '{name}' cannot be imported from "):
        registry[name]


def test_a_package_adds_its_own(registry, install):
    assert "double" not in registry
    install(
        "doubling", "def double(x):\n    return 2 * x\n", "[bmm.tests]\ndouble = doubling:double"
    )
    assert registry.names == ("root", "absent", "nothing", "double")
    assert registry["double"](4) == 8
    assert registry.module("double") == "doubling"


def test_two_of_one_name_are_refused(registry, install):
    install("rooting", "", "[bmm.tests]\nroot = rooting:root")
    with pytest.raises(
        ConfigError, match="two functions are called 'root', math:sqrt and rooting:root: expected"
    ):
        registry.known("root")


def test_names_that_resemble_nothing_get_no_suggestion():
    assert suggestion("zzz", ("alpha", "beta")) == ""
    assert suggestion("Alhpa", ("alpha", "beta")) == " (did you mean 'alpha'?)"


def test_looking_up_names_imports_nothing_heavy():
    script = """
import sys
from bmm.methods.registry import METHODS
from bmm.theory.cards import ADAPTERS
assert METHODS.known("local-mixture") and ADAPTERS.known("mdn")
heavy = {"pymc", "pytensor", "nutpie", "arviz", "jax", "matplotlib", "bokeh", "numba"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


METHOD = '''
from typing import Literal

from bmm.methods.averages import EqualWeights


class Offset(EqualWeights):
    """The average, by another name and with an option."""

    method: Literal["offset-weights"] = "offset-weights"
    offset: float = 0.0
'''
ADAPTER = '''
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bmm.theory.adapters import Domain, prediction
from bmm.theory.cards import Card


@dataclass(frozen=True)
class Flat:
    name: str
    level: float

    @property
    def components(self):
        return (self.name,)

    def fit(self, training):
        return self

    def predict(self, nuclei):
        return prediction(nuclei, self.components, np.full((len(nuclei), 1), self.level))


class FlatCard(Card):
    """A constant mass excess."""

    adapter: Literal["flat"] = "flat"
    level: float

    def build(self):
        return Flat(self.name, self.level)
'''
ACQUISITION = '''
def last(predicted, points, computed, left, batch, weight, rng):
    """Take those at the end of the table."""
    return left[::-1][:batch]
'''
CARD = """
name = "flat-60"
adapter = "flat"
level = -60.0
citation = "nobody"
calibrated_on = "none"
"""
COMPARISON = """
methods = ["offset-weights", { method = "offset-weights", offset = 1, name = "other" }]
[split]
kind = "edition"
train = "AME2016"
test = "AME2020"
[theory]
models = ["flat-60", "FRDM2012"]
cards = ["flat.toml"]
"""


def test_a_package_adds_a_method_and_a_theory_adapter(install, tmp_path):
    install("offset_weights", METHOD, "[bmm.methods]\noffset-weights = offset_weights:Offset")
    install("flat_masses", ADAPTER, "[bmm.theory_adapters]\nflat = flat_masses:FlatCard")
    (tmp_path / "flat.toml").write_text(CARD)
    (tmp_path / "mine.toml").write_text(COMPARISON)
    config = load_comparison(tmp_path / "mine.toml")
    assert [each.label for each in config.methods] == ["offset-weights", "other"]
    assert config.methods[1].offset == 1.0
    assert load_comparison(write(tmp_path / "again.toml", config.to_toml())).methods == (
        config.methods
    )
    (wrong := tmp_path / "wrong.toml").write_text(COMPARISON.replace("offset =", "ofset ="))
    with pytest.raises(ConfigError, match=r"unknown key 'methods\.1\.ofset' \(did you mean 'off"):
        load_comparison(wrong)
    cards = chosen_cards(config.theory)
    theory = predict_all([card.build().fit(None) for card in cards], nuclide_index([50], [82]))
    assert theory["mass_excess"].sel(theory="flat-60").item() == -60.0
    method = config.methods[0]
    assert method.modules == ("offset_weights",)
    measured = load_measured("AME2020").loc[[(50, 82)]]
    forecast = method.fit(measured, theory).forecast(theory, 0)
    assert forecast.distribution.mean.item() == pytest.approx(theory["mass_excess"].mean().item())


def test_a_package_adds_an_acquisition(install):
    install("last_points", ACQUISITION, "[bmm.acquisitions]\nlast = last_points:last")
    settings = LoopSettings(acquisition="last", start=8, budget=12, marks=())
    state = run_loop(analytic_surface(), ProcessLearner(), settings, seed=1)
    n, begun = len(analytic_surface()), state.computed[:8]
    left = np.setdiff1d(np.arange(n), begun)
    assert state.computed[8:].tolist() == left[::-1][:4].tolist()


KERNEL = '''
import numpy as np

from bmm.gp.stationary import Stationary


class RationalQuadratic(Stationary):
    """1 / (1 + r^2 / 2)."""

    def correlation(self, distance):
        return 1 / (1 + distance**2 / 2)

    def slope(self, distance):
        return self.correlation(distance) ** 2
'''


def test_a_package_adds_a_kernel(install):
    entry = "[bmm.kernels]\nrational-quadratic = rational_quadratic:RationalQuadratic"
    install("rational_quadratic", KERNEL, entry)
    learner = ProcessLearner(kernels=("rational-quadratic", "matern-1/2"))
    assert learner.modules == ("rational_quadratic", "bmm.gp.by_name")
    points = np.linspace(-1, 1, 40)[:, None]
    process = learner.fit(points, np.sin(3 * points[:, 0]), seed=0)
    assert process.correlation == "rational-quadratic"
    assert learner.unpack(learner.pack(process), 1).correlation == "rational-quadratic"
    new = np.array([[0.013], [0.51]])
    np.testing.assert_allclose(process.at(new).mean, np.sin(3 * new[:, 0]), atol=2e-3)


FORMAT = '''
def write_first(table, folder, settings):
    """Write the first draw."""
    (folder / "first.txt").write_text(f"{table.draws[0, 0]} by {table.origin.run}")
    return ["one draw"]
'''


def test_a_package_adds_an_export_format(install, tmp_path):
    install("first_draw", FORMAT, "[bmm.export_formats]\nfirst = first_draw:write_first")
    nuclei = pd.DataFrame(
        {"mass_excess": [-76.5], "mass_excess_sd": [0.1], "measured": [False]},
        nuclide_index([50], [82]),
    )
    origin = Origin("mine", "1.0", ("DZ33",), "AME2020", date(2026, 1, 2))
    table = MassTable(nuclei, origin, np.array([[-76.4]]))
    assert FORMATS["first"](table, tmp_path, ExportSettings()) == ["one draw"]
    assert (tmp_path / "first.txt").read_text() == "-76.4 by mine"


def write(path, text):
    path.write_text(text)
    return path
