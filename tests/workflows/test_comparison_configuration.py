"""Configurations of comparisons: what is read, written again, and refused."""

import re

import pytest

from bmm.errors import ConfigError
from bmm.workflows.compare_config import load_comparison, shipped_comparisons
from bmm.workflows.config import load_config, shipped_configurations

SMALLEST = """
methods = ["equal-weights"]
[split]
kind = "edition"
train = "AME2016"
test = "AME2020"
[theory]
models = ["FRDM2012"]
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", shipped_comparisons())
def test_a_shipped_comparison_survives_writing(name, write):
    config = load_comparison(name)
    assert config.name == name
    assert load_comparison(write(config.to_toml(), f"{name}.toml")) == config


def test_comparisons_and_runs_are_kept_apart():
    assert "blind-ame2003" in shipped_comparisons()
    assert not set(shipped_comparisons()) & set(shipped_configurations())
    with pytest.raises(ConfigError, match="no configuration is called 'default'"):
        load_comparison("default")
    with pytest.raises(ConfigError, match="no configuration is called 'blind-ame2003'"):
        load_config("blind-ame2003")


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ('kind = "edition"\ntrain = "AME2003"\ntest = "AME2016"', ["AME2003-AME2016"]),
        ('kind = "random"\nfolds = 2', ["random 1 of 2", "random 2 of 2"]),
        ('kind = "blocks"\nfolds = 2\nside = 7', ["blocks of 7 1 of 2", "blocks of 7 2 of 2"]),
        ('kind = "chain-ends"\nend = "neutron-rich"\ndepth = 3', ["neutron-rich ends of 3"]),
    ],
)
def test_every_kind_of_split(write, split, names):
    text = re.sub(r'kind(.|\n)*"AME2020"', f"{split}\nZ = [20, 40]\nN = [20, 50]", SMALLEST)
    config = load_comparison(write(text))
    splits = config.split.splits(config.seed)
    assert [each.name for each in splits] == names
    for each in splits:
        for part in (each.training, each.test):
            assert part.index.to_frame().min().to_list() >= [20, 20]
            assert (part.index.to_frame().max() <= [40, 50]).all()
    assert load_comparison(write(config.to_toml(), "again.toml")) == config.model_copy(
        update={"name": "mine"}
    )


def test_cards_lie_beside_the_configuration(write, tmp_path):
    config = load_comparison(write(f'{SMALLEST}cards = ["cards"]'))
    assert config.theory.cards == [tmp_path / "cards"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[split]", "[spli]", "unknown key 'spli' (did you mean 'split'?): expected one of name, "),
        ("[theory]", "[chart]", "unknown key 'chart': expected one of name, description, seed, "),
        ('[theory]\nmodels = ["FRDM2012"]', "", "key 'theory' is missing"),
        ('"edition"', '"editoin"', "key 'split': expected kind = "),
        ('"AME2016"', '"AME2016"\ntrian = 1', "unknown key 'split.trian' (did you mean 'train'?)"),
        (
            '"equal-weights"',
            '"equal-weight"',
            "key 'methods.0': no method is called 'equal-weight' (did you mean",
        ),
        (
            '"equal-weights"',
            '{ method = "stakcing" }',
            "key 'methods.0.method': no method is called 'stakcing' (did you mean",
        ),
        ('"equal-weights"', "{ by = 'rms' }", "key 'methods.0.method' is missing"),
        ('"equal-weights"', "7", "key 'methods.0': expected a name, or a table with the key 'met"),
        ('"equal-weights"', '{ method = "best-single", by = "rsm" }', "key 'methods.0.by': "),
        (
            '"equal-weights"',
            '{ method = "best-single", bye = "rms" }',
            "unknown key 'methods.0.bye' (did you mean 'by'?): expected one of name, method, by",
        ),
        ('"equal-weights"', '{ method = "single-model" }', "is missing"),
        (
            '"equal-weights"',
            '"equal-weights", "equal-weights"',
            "two methods are called 'equal-weights': give one of them the key 'name'",
        ),
        ("methods", 'reference = "best"\nmethods', "key 'reference': no method is called 'best'"),
        ("methods", "levels = [1.5]\nmethods", "key 'levels.0': "),
        ('["FRDM2012"]', "[]", "key 'theory.models': "),
        (
            '"equal-weights"',
            '{ method = "corrected-mixture", measurement_errors = "factor:AME1999" }',
            "key 'methods.0.measurement_errors': expected 'stated', 'learnt', 'factor', ",
        ),
        (
            '"equal-weights"',
            '{ method = "corrected-mixture", name = "a", measurement_errors = "factor:AME2016" }',
            "method 'a': expected an evaluation older than the training masses of AME2016, "
            "not AME2016",
        ),
    ],
)
def test_a_wrong_key_is_named(write, old, new, message):
    path = write(SMALLEST.replace(old, new, 1))
    with pytest.raises(ConfigError, match=re.escape(f"{path}: ")) as caught:
        load_comparison(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
