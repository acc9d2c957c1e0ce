import importlib.util
import inspect
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bmm.mixing import lattice, pytensor_op, vectorized
from bmm.mixing.density import LogLikelihood, _LogLikelihoodPullback

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
    # inspect finds the module of a function there.
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


def test_version_depends_on_what_is_drawn_on_at_second_hand():
    # The likelihood calls these, and the operation calls the likelihood.
    source = pytensor_op._compiled_source(LogLikelihood.function)
    assert inspect.getsource(vectorized.exponential.py_func) in source
    assert inspect.getsource(lattice.lattice_field.py_func) in source


def test_operations_of_the_same_kind_are_equal():
    for kind in (LogLikelihood, _LogLikelihoodPullback):
        assert kind() == kind()
        assert hash(kind()) == hash(kind())


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
