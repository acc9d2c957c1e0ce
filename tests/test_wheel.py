"""The wheel: what it holds, and that it works where nothing else is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bmm
from bmm.data import data_folder, models_folder
from bmm.workflows.config import shipped_configurations

pytestmark = pytest.mark.slow

CHECKOUT = Path(bmm.__file__).parents[1]
SMALL = """
[data]
Z = [40, 44]
N = [50, 56]
[theory]
models = ["FRDM2012", "DZ33", "mine"]
cards = ["mine.toml"]
[chart]
Z = [40, 44]
N = [50, 58]
[mixing.basis]
m_Z = 3
m_N = 3
[mixing.sampler]
chains = 2
draws = 20
tune = 30
"""
CARD = """
name = "mine"
adapter = "duflo_zuker"
formula = "DZ10"
coefficients = "published"
citation = "somebody"
calibrated_on = "AME1995"
"""


def call(*command, cwd, codes=(0,)):
    outside = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    outside |= {"COLUMNS": "200"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=outside, capture_output=True, text=True
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    assert shutil.which("uv"), "this test needs uv"
    folder = tmp_path_factory.mktemp("wheel")
    call("uv", "build", "--wheel", "--out-dir", folder, cwd=CHECKOUT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    call("uv", "venv", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    # From the checkout, where pyproject.toml says how new a dependency may be.
    call("uv", "pip", "install", "--python", python, wheel, cwd=CHECKOUT)
    return python.parent


def names_in(folder, *suffixes):
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    return {name for name in found if name.endswith(suffixes) and "__pycache__" not in name}


def test_the_wheel_holds_everything(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"bmm/{name}" for name in names_in(CHECKOUT / "bmm", ".py", ".toml")}
    wanted |= {f"bmm/library/data/{name}" for name in names_in(data_folder(), ".csv", ".json")}
    wanted |= {f"bmm/library/models/{name}" for name in names_in(models_folder(), ".toml")}
    wanted |= {"bmm/py.typed", "bmm/library/CITATION.cff"}
    assert len(shipped_configurations()) >= 4
    assert not wanted - held
    assert not [name for name in held if "__pycache__" in name or name.startswith("tests")]
    assert all(name.startswith(("bmm/", "nuclear_bmm-")) for name in held)
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_installed_package_is_the_wheel(environment, tmp_path):
    shown = call(environment / "python", "-c", "import bmm; print(bmm.__file__)", cwd=tmp_path)
    assert "site-packages" in shown
    version = "from importlib.metadata import version; print(version('nuclear-bmm'))"
    assert call(environment / "python", "-c", version, cwd=tmp_path).strip() == bmm.__version__


def test_models_are_listed_anywhere(environment, tmp_path):
    (tmp_path / "mine.toml").write_text(CARD)
    listed = call(environment / "bmm", "models", "--cards", "mine.toml", cwd=tmp_path)
    assert all(name in listed for name in ("FRDM2012", "DZ33", "mine"))
    assert "citation: P. Möller" in call(environment / "bmm", "data", "FRDM2012", cwd=tmp_path)


def test_a_small_fit_runs_anywhere(environment, tmp_path):
    (tmp_path / "mine.toml").write_text(CARD)
    (tmp_path / "small.toml").write_text(SMALL)
    said = call(environment / "bmm", "run", "small.toml", cwd=tmp_path, codes=(0, 3))
    assert "results: runs/small" in said
    assert "Traceback" not in said
    assert (tmp_path / "runs" / "small" / "scores.json").is_file()
    shown = call(environment / "bmm", "predict", "runs/small", "Zr-90", "--csv", cwd=tmp_path)
    assert "\n40,50,90,Zr," in shown
    cited = call(environment / "bmm", "cite", "runs/small", cwd=tmp_path)
    assert all(each in cited for each in ("Wang2021Ame", "somebody", bmm.__version__))
    call(environment / "bmm", "export", "runs/small", "--to", "winvn", "--draws", 1, cwd=tmp_path)
    assert (tmp_path / "runs" / "small-winvn" / "draw-001" / "winvn").is_file()
