"""Examples in docstrings run, and give what they say."""

import doctest
import importlib
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import bmm

PACKAGE = Path(bmm.__file__).parent
FILES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if "    >>> " in path.read_text(encoding="utf-8")
]
# The examples that others go on with, in this order, and the names that they take from them.
CONTINUED = {
    "bmm.mixing.fit.fit": ("bmm", "measured", "theory", "settings", "tree"),
    "bmm.prediction.forecast.even_forecast": ("even",),
    "bmm.mixing.corrected_fit.fit_forecast": ("mixture",),
    "bmm.workflows.pipeline.run": ("folder",),
}


@pytest.fixture(scope="session")
def names():
    """Measured masses, theory, fitted trees and the folder of a run, as the examples make them."""
    made = {}
    for place, kept in CONTINUED.items():
        module, _, name = place.rpartition(".")
        function = getattr(importlib.import_module(module), name)
        (test,) = doctest.DocTestFinder(recurse=False).find(function, place, globs=dict(made))
        found = doctest.DocTestRunner().run(test, clear_globs=False)
        assert found.attempted > 0
        assert found.failed == 0
        made |= {each: test.globs[each] for each in kept}
    return made


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_examples_in_docstrings_give_what_they_say(path, names):
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    examples = doctest.DocTestFinder().find(importlib.import_module(name), extraglobs=names)
    runner = doctest.DocTestRunner()
    for each in examples:
        if each.name not in CONTINUED:  # whose examples were run for the others
            runner.run(each)
    plt.close("all")
    assert runner.summarize().failed == 0
    assert any(each.examples for each in examples)


def test_every_public_name_has_an_example():
    lacking = [name for name in bmm.__all__ if ">>> " not in (getattr(bmm, name).__doc__ or "")]
    assert lacking == ["__version__"]
