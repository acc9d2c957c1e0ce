"""The scripts under examples/ do what they say, on small settings."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bmm.mixing.settings import Basis, Mixing, Sampler
from bmm.workflows.folder import RunFolder

EXAMPLES = Path(__file__).parents[1] / "examples"
QUICK = Mixing(basis=Basis(m_Z=4, m_N=5), sampler=Sampler(chains=2, draws=100, tune=200))
CONFIGURATION = """
[data]
Z = [46, 52]
N = [60, 82]
[theory]
models = ["FRDM1995", "DZ33"]
[chart]
Z = [46, 52]
N = [60, 84]
[mixing.basis]
m_Z = 4
m_N = 5
[mixing.sampler]
chains = 2
draws = 40
tune = 100
"""


def load(name):
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Estimated shape parameter:UserWarning")  # few draws
def test_subsets_of_models_are_compared(tmp_path, monkeypatch):
    script = load("model_subsets")
    monkeypatch.setattr(script, "SETTINGS", QUICK)
    script.main(tmp_path / "pairs.csv")
    table = pd.read_csv(tmp_path / "pairs.csv")
    assert len(table) == 3
    assert (table["se"] > 0).all()
    assert table["first_weight"].between(0, 1).all()


@pytest.mark.slow
def test_a_fold_is_predicted_by_the_others(tmp_path, monkeypatch):
    script = load("one_fold")
    monkeypatch.setattr(script, "SETTINGS", QUICK)
    script.main(2, tmp_path / "fold.csv")
    table = pd.read_csv(tmp_path / "fold.csv")
    assert len(table) > 30
    error = table["mean"] - table["mass_excess"]
    assert np.sqrt((error**2).mean()) < 1.0
    assert np.isfinite(table["log_density"]).all()


@pytest.mark.slow
def test_a_fit_that_is_submitted_again_is_not_done_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(CONFIGURATION)
    script = load("one_fit")
    folder = Path("runs") / "small.toml-seed-4"
    script.main(4, "small.toml")
    scores = (folder / "scores.json").read_bytes()
    assert RunFolder.open(folder).is_complete
    script.main(4, "small.toml")
    assert (folder / "scores.json").read_bytes() == scores
