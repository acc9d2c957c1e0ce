import doctest
import importlib
import pkgutil

import pytest

import bmm.distributions

MODULES = [each.name for each in pkgutil.iter_modules(bmm.distributions.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name):
    found = doctest.testmod(importlib.import_module(f"bmm.distributions.{name}"))
    assert found.attempted
    assert not found.failed
