"""A run continues with what it began with or not at all."""

import copy
from pathlib import Path

import pytest

from bmm.errors import RunError
from bmm.workflows.origin import refuse_other_origin

BEGUN = {
    "configuration": "seed = 1",
    "provenance": {
        "sha256": {"AME2020": "aa", "HFB26": "bb"},
        "packages": {"nuclear-bmm": "0.1", "numba": "0.62", "nutpie": "0.16", "pandas": "3.0"},
    },
}
FOLDER = Path("runs/x")


@pytest.fixture
def now():
    return copy.deepcopy(BEGUN)


@pytest.mark.parametrize("sampled", [False, True])
def test_the_same_is_accepted(now, sampled):
    refuse_other_origin(FOLDER, BEGUN, now, sampled=sampled)


@pytest.mark.parametrize("sampled", [False, True])
def test_another_configuration_is_refused(now, sampled):
    now["configuration"] = "seed = 2"
    with pytest.raises(RunError, match=r"runs/x/config\.toml was changed since the run began; res"):
        refuse_other_origin(FOLDER, BEGUN, now, sampled=sampled)


@pytest.mark.parametrize("sampled", [False, True])
def test_another_table_is_refused(now, sampled):
    now["provenance"]["sha256"]["HFB26"] = "cc"
    with pytest.raises(RunError, match="runs/x was begun with another version of the table HFB26"):
        refuse_other_origin(FOLDER, BEGUN, now, sampled=sampled)


@pytest.mark.parametrize("name", ["nuclear-bmm", "numba", "nutpie"])
def test_another_package_is_refused_until_all_is_sampled(now, name):
    now["provenance"]["packages"][name] = "99"
    with pytest.raises(RunError, match=f"was begun with {name} 0.*, and there is 99 now; restore"):
        refuse_other_origin(FOLDER, BEGUN, now, sampled=False)
    refuse_other_origin(FOLDER, BEGUN, now, sampled=True)


def test_a_package_that_cannot_change_the_draws_may_change(now):
    now["provenance"]["packages"]["pandas"] = "99"
    refuse_other_origin(FOLDER, BEGUN, now, sampled=False)
