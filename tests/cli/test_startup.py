"""Commands start without the libraries that they do not use."""

import json
import subprocess
import sys

import pytest

from bmm.cli import app
from bmm.workflows.config import RunConfig, Theory
from bmm.workflows.folder import RunFolder

HEAVY = {
    "arviz", "bokeh", "distributed", "equinox", "jax", "llvmlite", "matplotlib", "netCDF4",
    "numba", "numpy", "nutpie", "optax", "pandas", "pymc", "pytensor", "rich.markdown",
    "scipy", "scipy.optimize", "scipy.stats", "shap", "xarray",
}  # fmt: skip
TABLES = {"numpy", "pandas"}
THEORY = TABLES | {"xarray", "netCDF4", "scipy", "scipy.optimize"}
SAMPLERS = {
    "arviz",
    "bokeh",
    "distributed",
    "equinox",
    "jax",
    "nutpie",
    "optax",
    "pymc",
    "pytensor",
}

PREDICTIONS = (
    "Z,N,A,symbol,measured,extrapolated,mean,median,sd,lower_68,upper_68,lower_95,upper_95,weight_DZ33\n"
    "50,82,132,Sn,,,-76.5,-76.5,0.2,-76.7,-76.3,-76.9,-76.1,1.0\n"
)
COMPARISON = """
methods = ["equal-weights", { method = "corrected-mixture", model = "DZ33" }]
allow_leaks = true
[split]
kind = "chain-ends"
Z = [28, 36]
[theory]
models = ["FRDM2012", "DZ33"]
"""


def imported(statements):
    """Heavy modules that a new interpreter imports for some statements."""
    report = f"import json, sys; print(json.dumps(sorted({HEAVY!r} & set(sys.modules))))"
    done = subprocess.run(
        [sys.executable, "-c", f"{statements}\n{report}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def imported_by(*arguments, before=""):
    statements = (
        f"import sys\n{before}\nsys.argv = {['bmm', *map(str, arguments)]!r}\n"
        "from bmm.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
    )
    return imported(statements)


@pytest.fixture
def run(tmp_path):
    with RunFolder.begin(tmp_path / "run") as folder:
        folder.write_config(RunConfig(name="mine", theory=Theory(models=["DZ33"])).to_toml())
        folder.predictions.write_text(PREDICTIONS)
        folder.write_scores({"converged": True})
        folder.complete()
    return tmp_path / "run"


def test_the_package_itself_imports_nothing_heavy():
    assert imported("import bmm; assert 'fit' in dir(bmm)") == set()


def test_help_imports_nothing_heavy():
    assert imported_by("--help") == set()
    names = [each.name or each.callback.__name__.replace("_", "-")
             for each in app.registered_commands]  # fmt: skip
    assert "compare" in names
    every = "\n".join(f"app([{name!r}, '--help'], standalone_mode=False)" for name in names)
    assert imported(f"from bmm.cli import app\n{every}") == set()


def test_tables_of_facts_need_no_theory():
    assert imported_by("data") <= TABLES
    assert imported_by("data", "AME2020") <= TABLES


def test_predictions_are_read_from_a_table(run):
    assert imported_by("predict", run, "Sn-132") <= TABLES | {"scipy"}


def test_references_are_found_without_a_sampler():
    assert imported_by("cite", "DZ28", "AME2020") <= THEORY


def test_a_comparison_imports_what_its_methods_use(tmp_path):
    (tmp_path / "small.toml").write_text(COMPARISON)
    arguments = "compare", tmp_path / "small.toml", "-o", tmp_path / "out"
    # As if Dask were not installed; where it is, xarray asks it how to lock a file.
    used = imported_by(*arguments, before="sys.modules |= {'dask': None, 'distributed': None}")
    assert "matplotlib" in used  # it draws a figure
    assert not used & (SAMPLERS - {"distributed"})


def test_the_list_of_models_needs_no_figure():
    assert not imported_by("models") & (SAMPLERS | {"matplotlib"})
