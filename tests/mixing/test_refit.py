import numpy as np
import pytest

from bmm.mixing import compilation
from bmm.mixing.fit import fit


@pytest.fixture
def compilations(monkeypatch):
    """Names of the models that are compiled, in order."""
    made = []
    compile_model = compilation.compile_model

    def noted(model, *arguments, **options):
        made.append(tuple(model.coords["theory"]))
        return compile_model(model, *arguments, **options)

    monkeypatch.setattr(compilation, "compile_model", noted)
    return made


def test_other_nuclei_need_no_other_machine_code(world, fitted, compilations):
    fit(world.measured, world.theory, world.chart, world.settings, seed=5)
    compilations.clear()
    half = slice(None, 24)
    part = fit(
        world.measured[half], world.theory.isel(nucleus=half), world.chart, world.settings, seed=5
    )
    again = fit(world.measured, world.theory, world.chart, world.settings, seed=5)
    assert not compilations
    assert part.attrs["compile_seconds"] == again.attrs["compile_seconds"] == 0
    assert part["log_likelihood"].sizes["nucleus"] == 24
    for name, values in fitted["posterior"].data_vars.items():
        assert np.array_equal(values, again["posterior"][name])
        assert not np.array_equal(values, part["posterior"][name])


def test_other_models_are_compiled_anew(world, compilations):
    two = world.theory.isel(theory=slice(1, 3)).dropna("nucleus", subset=["mass_excess"])
    chart = world.chart.isel(theory=slice(1, 3))
    measured = world.measured.iloc[
        np.isin(world.theory["nucleus"].to_numpy(), two["nucleus"].to_numpy())
    ]
    settings = world.settings.model_copy(
        update={"sampler": world.settings.sampler.model_copy(update={"draws": 5, "tune": 10})}
    )
    tree = fit(measured, two, chart, settings, seed=5)
    assert compilations == [("b", "c")]
    assert tree["posterior"]["theory"].to_numpy().tolist() == ["b", "c"]
