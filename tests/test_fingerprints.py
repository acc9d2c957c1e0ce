"""Fingerprints: comments and docstrings keep them, whatever decides a result changes them."""

import numpy as np
import pytest

from bmm.errors import RunError
from bmm.fingerprints import (
    _sources,
    array_fingerprint,
    code_fingerprint,
    file_fingerprint,
    fingerprint,
    syntax,
)
from bmm.methods.local import LocalMixture
from bmm.mixing.form import LIKELIHOODS
from bmm.mixing.settings import Mixing

SOURCE = '''"""A module."""

from __future__ import annotations

UNIT = 0.1
"""MeV."""


class Field:
    """A field."""

    def value(self, x):
        """Give its value."""
        if x > 0:
            return UNIT * x  # MeV
        return "none"
'''
SAME = [
    ('"""A module."""', '"""Another description of the module."""'),
    ('"""A module."""\n', ""),
    ('"""MeV."""\n', ""),
    ('    """A field."""\n', '    """A field.\n\n    Over the chart."""\n'),
    ('        """Give its value."""\n', ""),
    ("  # MeV", ""),
    ("UNIT = 0.1", "# in total energy\nUNIT = 0.1"),
    ("        if x > 0:", "\n        if x > 0:\n"),
    ('return "none"', "return 'none'"),
    ("UNIT * x", "(UNIT * x)"),
]
OTHER = [
    ("0.1", "0.2"),
    ("UNIT * x", "UNIT + x"),
    ("x > 0", "x >= 0"),
    ('"none"', '"nothing"'),
    ("def value", "def values"),
    ("            return UNIT * x", "            x += 1\n            return UNIT * x"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_comments_docstrings_and_layout_keep_the_syntax(old, new):
    assert old in SOURCE
    assert syntax(SOURCE.replace(old, new, 1)) == syntax(SOURCE)


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_any_other_edit_changes_the_syntax(old, new):
    assert old in SOURCE
    assert syntax(SOURCE.replace(old, new, 1)) != syntax(SOURCE)


def test_a_body_of_a_docstring_alone_is_like_one_of_another():
    assert syntax('def f():\n    """One."""') == syntax('def f():\n    """Two."""')


FILES = {
    "__init__.py": "",
    "fitting.py": "from {name}.inner import field\nfrom {name}.inner.noise import WIDTH as width\n",
    "inner/__init__.py": "from . import field\n",
    "inner/field.py": "def f():\n    import {name}.inner.basis\n    return {name}.inner.basis.M\n",
    "inner/basis.py": "import json\nM = 3\n",
    "inner/noise.py": "WIDTH = 2\n",
    "unused.py": "raise AssertionError('not to be imported')\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package on the path, with some files edited; gives its code's fingerprint."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(**edits):
        # A name of its own each time, as long as any other: each file is read once in a process.
        name = f"fitted_{len(made)}"
        made.append(name)
        for file, text in FILES.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(name=name) + edits.get(path.stem, "").format(name=name))
        return _anonymous(name)

    return make


def _anonymous(name):
    """The sources that are reached, without the package's own name."""
    return {
        each.replace(name, "p"): syntax(source.replace(name, "p"))
        for each, source in _sources((f"{name}.fitting",)).items()
    }


def test_all_that_a_module_imports_counts_and_nothing_else(package):
    whole = package()
    assert set(whole) == {"p.fitting", "p.inner", "p.inner.field", "p.inner.basis", "p.inner.noise"}
    assert package() == whole
    assert package(unused="X = 1") == whole
    assert package(basis="# a comment\n", noise='"""A note."""') == whole
    for name in ("fitting", "field", "basis", "noise"):
        assert package(**{name: "X = 1\n"}) != whole


KERNELS = {"bmm.gp.basis", "bmm.mixing.lattice", "bmm.mixing.vectorized"}


@pytest.mark.parametrize("likelihood", ["density", "linear", "dirichlet"])
def test_the_code_of_a_likelihood_reaches_its_kernels(likelihood):
    of_chains = ("bmm.mixing.compilation", LIKELIHOODS.module(likelihood))
    of_forecasts = LocalMixture(mixing=Mixing(likelihood=likelihood)).modules
    for modules in (of_chains, of_forecasts):
        reached = set(_sources(modules))
        assert reached >= KERNELS
        assert not {each for each in reached if each.split(".")[1] in ("workflows", "report")}


def test_the_code_fingerprint_is_that_of_its_sources():
    assert code_fingerprint("bmm.nuclides") == code_fingerprint("bmm.nuclides")
    assert code_fingerprint("bmm.nuclides") != code_fingerprint("bmm.writing")
    assert len(code_fingerprint("bmm.nuclides")) == 64


def test_code_without_a_file_is_refused():
    with pytest.raises(RunError, match="source of the module not_a_module cannot be found"):
        code_fingerprint("not_a_module")


def test_plain_values_count_and_their_order_in_a_dictionary_does_not():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 1.5})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


def test_values_shape_and_type_of_arrays_count():
    x = np.arange(6.0)
    others = [x.reshape(2, 3), x.astype(np.float32), np.nextafter(x, 9), x[::-1].copy()]
    assert array_fingerprint(x) == array_fingerprint(x.copy())
    assert len({array_fingerprint(each) for each in [x, *others]}) == 5
    assert array_fingerprint(x[:3], x[3:]) != array_fingerprint(x)


def test_a_file_counts_by_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert file_fingerprint(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
