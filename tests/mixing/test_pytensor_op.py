"""Operations around compiled functions: how their machine code is filed, and when two are one."""

import importlib.util
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import MergeOptimizer

from bmm.mixing import pytensor_op

SOURCE = """
import numba

UNIT = 0.1

@numba.njit
def helper(x):
    return x + 1

def scaled(x):
    return UNIT * helper(x)
"""


def version(tmp_path, source, name):
    """Version under which PyTensor files the machine code of an operation made from a module."""
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    # The file of a function's module is found by it.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)

        class Scaled(pytensor_op.CompiledOperation):
            function = staticmethod(module.scaled)
            output_types = (pt.dvector,)

        op = Scaled()
        return pytensor_op._compile(op, op(pt.dvector()).owner)[1]
    finally:
        del sys.modules[name]


def test_version_of_the_compiled_code_changes_with_anything_compiled_into_it(tmp_path):
    variants = [
        SOURCE,
        SOURCE.replace("UNIT * helper", "2 * UNIT * helper"),
        SOURCE.replace("UNIT = 0.1", "UNIT = 0.2"),
        SOURCE.replace("x + 1", "x + 2"),
    ]
    versions = [version(tmp_path, text, f"variant_{i}") for i, text in enumerate(variants)]
    assert len(set(versions)) == len(variants)
    assert version(tmp_path, SOURCE, "again") == versions[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UNIT = 0.1\n", "UNIT = 0.1  # MeV\n"),
        ("UNIT = 0.1\n", 'UNIT = 0.1\n"""MeV."""\n'),
        ("def scaled(x):\n", 'def scaled(x):\n    """Scale a field."""\n'),
        ("@numba.njit\n", "\n\n@numba.njit\n"),
    ],
)
def test_comments_and_docstrings_keep_the_version(tmp_path, old, new):
    assert old in SOURCE
    edited = SOURCE.replace(old, new)
    assert version(tmp_path, edited, "edited") == version(tmp_path, SOURCE, "plain")


def test_operations_are_merged_if_and_only_if_they_are_of_the_same_kind():
    class Doubled(pytensor_op.CompiledOperation):
        function = staticmethod(doubled)
        output_types = (pt.dvector,)

    class Refused(pytensor_op.CompiledOperation):
        function = staticmethod(refuse)
        output_types = (pt.dvector,)

    x = pt.dvector()
    outputs = [Doubled()(x), Doubled()(x), Refused()(x)]
    graph = FunctionGraph([x], outputs, clone=False)
    MergeOptimizer().rewrite(graph)
    assert len(graph.apply_nodes) == 2
    assert graph.outputs[0] is graph.outputs[1]
    assert Doubled() != Refused()


def test_errors_inside_the_compiled_code_reach_python():
    class Refused(pytensor_op.CompiledOperation):
        function = staticmethod(refuse)
        output_types = (pt.dvector,)

    x = pt.dvector()
    refused = pytensor.function([x], Refused()(x), mode="NUMBA")
    np.testing.assert_array_equal(refused(np.array([4.0, 9.0])), [2.0, 3.0])
    with pytest.raises(ValueError, match="negative"):
        refused(np.array([-1.0]))


def refuse(x):
    if np.any(x < 0.0):
        raise ValueError("negative")
    return np.sqrt(x)


def doubled(x):
    return 2.0 * x
