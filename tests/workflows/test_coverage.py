"""Models that cover different regions, or even-even nuclei only, make complete runs."""

import logging

import numpy as np
import pytest

from bmm.errors import ConfigError
from bmm.nuclides import numbers
from bmm.workflows.config import load_config
from bmm.workflows.inputs import select_measured
from bmm.workflows.pipeline import run

RUN = """
seed = 3
[data]
Z = [48, 52]
N = [62, 76]
{data}
[theory]
models = [{models}]
cards = ["cards"]
[chart]
Z = [48, 52]
N = [60, 80]
[mixing.basis]
m_Z = 4
m_N = 4
[mixing.sampler]
chains = 2
draws = 20
tune = 30
"""
CARD = 'name = "{name}"\nadapter = "table"\ntable = "{table}"\n[domain]\n{domain}\n'
DOMAINS = {
    "light": ("FRDM2012", "Z = [0, 50]"),
    "lighter": ("KTUY05", "Z = [0, 49]"),
    "everywhere": ("FRDM2012", "Z = [0, 140]"),
    "tin": ("KTUY05", "Z = [50, 50]"),
    "heavy": ("HFB26", "Z = [50, 140]"),
    "heavier": ("HFB26", "Z = [51, 140]"),
    "lead": ("HFB26", "Z = [82, 82]"),
}
# Models of the same names are compiled once.
NAMES = ("first", "second", "third")


def write(folder, models, data=""):
    """Write a configuration; a model is a key of `DOMAINS`, or shipped."""
    (folder / "cards").mkdir(exist_ok=True)
    names = []
    for model, name in zip(models, NAMES, strict=False):
        if model in DOMAINS:
            table, domain = DOMAINS[model]
            card = CARD.format(name=name, table=table, domain=domain)
            (folder / "cards" / f"{name}.toml").write_text(card)
        names.append(name if model in DOMAINS else model)
    path = folder / "regions.toml"
    path.write_text(RUN.format(models=", ".join(f'"{name}"' for name in names), data=data))
    return path


@pytest.fixture(autouse=True)
def few_joint_draws(monkeypatch):
    """Nothing here depends on the number of joint draws, which take half the time of a run."""
    monkeypatch.setattr("bmm.prediction.forecast.DRAWS", 200)


def finish(folder, models, data=""):
    return run(load_config(write(folder, models, data)), folder / "out")


def predicted(result):
    return result.folder.select_predictions(["Z=48-52"]).set_index(["Z", "N"])


@pytest.mark.parametrize(
    ("models", "common"),
    [
        (["light", "heavy"], 15),  # overlapping: tin
        pytest.param(["everywhere", "tin"], 15, marks=pytest.mark.slow),  # nested
        (["everywhere", "light", "heavier"], 0),  # disjoint beside one that is everywhere
        (["lighter", "heavier"], 0),  # disjoint, and tin is covered by neither
    ],
)
def test_a_run_ends_whatever_its_models_cover(tmp_path, caplog, models, common):
    with caplog.at_level(logging.WARNING):
        result = finish(tmp_path, models)
    scores, table = result.scores, predicted(result)
    assert scores["bma_n"] == common
    assert bool(scores["left_out"]) == (common == 0)
    assert ("global BMA is left out: no measured nucleus" in caplog.text) == (common == 0)
    names = [row["name"] for row in scores["baselines"]]
    assert names == [*NAMES[: len(models)], "plain average", *(["global BMA"] if common else [])]
    gap = models == ["lighter", "heavier"]
    assert scores["n"] == (60 if gap else 75)
    assert (50 in table.index.get_level_values("Z")) != gap
    warned = "15 of 75 measured nuclei are left out, for no model covers them: Sn-112, Sn-113"
    assert (warned in caplog.text) == gap
    # A model has no weight where it predicts nothing.
    shown = {model: table[f"weight_{n}"] for model, n in zip(models, NAMES, strict=False)}
    np.testing.assert_allclose(sum(shown.values()), 1, atol=1e-5)
    if "heavier" in models:
        assert (shown["heavier"].loc[:49] == 0).all()
        assert (shown["heavier"].loc[51] > 0).all()
    assert result.folder.is_complete


@pytest.mark.slow
@pytest.mark.parametrize("data", ["", 'parity = "even-even"'])
def test_even_even_models_are_mixed(tmp_path, caplog, data):
    with caplog.at_level(logging.WARNING):
        result = finish(tmp_path, ["DD-ME2", "DD-PC1"], data)
    even = 3 * 8
    assert result.scores["n"] == result.scores["bma_n"] == even
    Z, N = numbers(predicted(result).index)
    assert not (Z % 2).any()
    assert not (N % 2).any()
    assert (f"{75 - even} of 75 measured nuclei are left out" in caplog.text) == (not data)


def test_parity_selects_even_even_nuclei(tmp_path):
    config = load_config(write(tmp_path, ["FRDM2012"], 'parity = "even-even"'))
    Z, N = numbers(select_measured(config).index)
    assert len(Z) == 24
    assert not ((Z % 2) | (N % 2)).any()
    odd = config.data.model_copy(update={"Z": (49, 49)})
    with pytest.raises(ConfigError, match=r"N in \[62, 76\] and is even-even"):
        select_measured(config.model_copy(update={"data": odd}))


def test_a_model_that_covers_no_fitted_nucleus_is_refused_before_sampling(tmp_path):
    with pytest.raises(ConfigError, match="model 'second' covers none of the 75 measured nuclei"):
        finish(tmp_path, ["FRDM2012", "lead"])
    assert not (tmp_path / "out").exists()
