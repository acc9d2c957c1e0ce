"""How bmm is built: rooms that import backwards only, small files, documented names."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import bmm

PACKAGE = Path(bmm.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = (
    "execution",
    "data",
    "distributions",
    "gp",
    "emulation",
    "theory",
    "measurement",
    "mixing",
    "prediction",
    "design",
    "export",
    "methods",
    "evaluation",
    "figures",
    "workflows",
    "report",
    "cli",
)
# In this order: each may import those before it.
LEAVES = (
    "arrays",
    "errors",
    "nuclides",
    "conversions",
    "progress",
    "writing",
    "netcdf",
    "fingerprints",
    "checkpoints",
    "registry",
    "configuration",
)
LONGEST = 400


def relative(path):
    return str(path.relative_to(PACKAGE))


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """Modules of bmm that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "bmm":
                yield from (f"bmm.{each.name}" for each in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def rooms_imported(path):
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("bmm.")}


def test_every_room_is_known():
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert found == {*ROOMS, *LEAVES, "__init__"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_those_before_it(room):
    allowed = {*LEAVES, *ROOMS[: ROOMS.index(room) + 1]}
    files = [path for path in FILES if path.relative_to(PACKAGE).parts[0] == room]
    forward = {relative(path): rooms_imported(path) - allowed for path in files}
    assert not {path: rooms for path, rooms in forward.items() if rooms}


def test_leaves_import_only_those_before_them():
    for number, leaf in enumerate(LEAVES):
        assert rooms_imported(PACKAGE / f"{leaf}.py") <= set(LEAVES[:number])


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_public_names_exist_and_are_documented(path):
    if path.name == "__main__.py":
        return
    module = importlib.import_module(module_of(path))
    assert module.__doc__
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        # A class without a docstring of its own would show its base's, or pydantic's.
        assert value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__, name
        if inspect.isclass(value):
            for method, function in vars(value).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    assert function.__doc__, f"{name}.{method}"


def test_nothing_points_outside_the_repository():
    for path in FILES:
        assert "/work/" not in path.read_text(encoding="utf-8")
