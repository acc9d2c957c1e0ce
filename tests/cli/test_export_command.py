"""``bmm export``: from a run folder to the folders of other codes."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pynucastro.nucdata.mass_table import MassTable as PynucastroTable

from bmm.cli.export import export as command
from bmm.data import load_measured
from bmm.distributions import StudentTMixture
from bmm.distributions.storage import to_dataset
from bmm.export import FORMATS
from bmm.prediction.derived import derive
from bmm.theory.correction import correct_average
from bmm.theory.library import load_model
from bmm.workflows.config import Chart, Data, RunConfig, Theory
from bmm.workflows.exported_table import mass_table_of
from bmm.workflows.folder import RunFolder
from bmm.workflows.inputs import chart_theory, select_measured
from bmm.workflows.prediction_table import prediction_table

MODELS = ["FRDM1995", "DZ33"]


def fitted(measured, chart):
    """Groups of a fitted tree that a forecast is made of."""
    observed = xr.Dataset(
        {name: ("nucleus", measured[name]) for name in ("mass_excess", "mass_excess_uncertainty")}
    )
    Z, N = (measured.index.get_level_values(name).to_numpy() for name in ("Z", "N"))
    groups = {
        "observed_data": observed,
        "constant_data": xr.Dataset({"Z": ("nucleus", Z), "N": ("nucleus", N)}),
        "chart": chart,
        "theory": chart,
    }
    tree = xr.DataTree.from_dict(groups)
    average = correct_average(measured, chart, elements=16).facts
    tree.attrs = {"seed": 4, "fields": json.dumps({"average": average})}
    return tree


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A run folder with the chart of two models, and their average in place of a mixture."""
    config = RunConfig(
        name="tin",
        seed=4,
        theory=Theory(models=MODELS),
        data=Data(Z=(46, 52), N=(60, 82)),
        chart=Chart(Z=(46, 52), N=(58, 90)),
    )
    measured = select_measured(config)
    chart = chart_theory(config, measured, [load_model(name).fit(measured) for name in MODELS])
    mean = chart["mass_excess"].mean("theory")
    columns = ("mean", "median", "lower_68", "upper_68", "lower_95", "upper_95")
    summary = xr.Dataset(dict.fromkeys(columns, mean) | {"sd": xr.full_like(mean, 0.6)})
    summary["weight"] = xr.full_like(chart["mass_excess"], 0.5)
    with RunFolder.begin(tmp_path_factory.mktemp("runs") / "tin") as folder:
        folder.write_config(config.to_toml())
        folder.write_posterior(fitted(measured, chart))
        coords = {name: chart[name].variable for name in ("nucleus", "Z", "N")}
        stored = to_dataset(StudentTMixture(mean.to_numpy()[:, None], 0.6, nu=5.0), coords)
        folder.write_distribution(stored.assign_coords(theory=("component", ["mixture"])))
        folder.write_derived(pd.DataFrame({"Z": [50], "N": [82]}), pd.DataFrame({"median": [82]}))
        folder.write_predictions(prediction_table(summary, measured))
        provenance = {"packages": {"nuclear-bmm": "0.0.9"}}
        folder.write_scores({"converged": True, "provenance": provenance})
        folder.complete()
    return folder.path


@pytest.fixture(scope="session")
def exported(run, call_bmm):
    done = call_bmm("export", run, "--to", "pynucastro", "--draws", 2, "--Z", "48-50")
    assert done.code == 0, done.err
    return run.with_name("tin-pynucastro"), done


def test_measured_nuclei_carry_their_measured_masses(run):
    table = mass_table_of(run)
    measured = load_measured("AME2020")
    known = table.nuclei[table.nuclei["measured"]]
    assert set(known.index) == set(measured.index)
    assert known["mass_excess"].equals(measured.loc[known.index, "mass_excess"])
    predictions = pd.read_csv(run / "predictions.csv").set_index(["Z", "N"])
    others = table.nuclei[~table.nuclei["measured"]]
    assert set(others.index) == set(predictions.index) - set(measured.index)
    np.testing.assert_array_equal(others["mass_excess"], predictions.loc[others.index, "mean"])
    assert (others["mass_excess_sd"] == 0.6).all()
    origin = table.origin
    assert (origin.run, origin.version, origin.models) == ("tin", "0.0.9", ("FRDM1995", "DZ33"))
    assert origin.evaluation == "AME2020"


def test_draws_are_joint_and_those_of_the_seed(run):
    table, again, other = (mass_table_of(run, draws=200, seed=seed) for seed in (4, None, 5))
    np.testing.assert_array_equal(table.draws, again.draws)
    assert not np.allclose(table.draws, other.draws)
    assert table.draws.shape == (200, len(table.nuclei))
    measured = table.nuclei["measured"].to_numpy()
    away = (table.draws - table.mass_excess)[:, measured]
    spread = np.sqrt(np.mean(away**2, axis=0))
    np.testing.assert_allclose(spread, table.mass_excess_sd[measured], rtol=0.3, atol=1e-9)
    # Neighbours err together: a separation energy is better known than the two masses say.
    masses = xr.DataArray(
        table.draws,
        dims=("draw", "nucleus"),
        coords={"Z": ("nucleus", table.Z), "N": ("nucleus", table.N)},
    )
    sd = pd.Series(table.draws.std(axis=0), table.nuclei.index)
    S_2n = pd.Series(derive(masses, "S_2n").std("draw").to_numpy(), table.nuclei.index)
    apart = np.hypot(sd.loc[[(50, 90)]].to_numpy(), sd.loc[[(50, 88)]].to_numpy())
    assert S_2n.loc[(50, 90)] < 0.7 * apart[0]


def test_a_folder_for_every_surface(exported):
    path, done = exported
    assert {each.name for each in path.iterdir()} == {
        "mean", "draw-001", "draw-002", "export.json",
    }  # fmt: skip
    read = {
        name: PynucastroTable(path / name / "mass_excess.txt").mass_diff
        for name in ("mean", "draw-001", "draw-002")
    }
    assert {Z for _, Z in read["mean"]} == {48, 49, 50}
    assert read["draw-001"][140, 50] != read["draw-002"][140, 50]
    assert abs(read["draw-001"][132, 50] - read["mean"][132, 50]) < 0.015  # known to 2 keV
    assert done.out.splitlines()[-1].endswith(f"2 draws: {path}")


def test_separation_energies_of_every_surface_use_its_neighbours(exported, run):
    path, _ = exported
    table = mass_table_of(run, draws=2)
    for name, masses in zip(
        ("mean", "draw-001", "draw-002"), (table.mass_excess, *table.draws), strict=True
    ):
        rows = pd.read_csv(path / name / "energies.csv", comment="#").set_index(["Z", "N"])
        assert set(rows.index.get_level_values("Z")) == {48, 49, 50}
        mass = dict(zip(table.nuclei.index, masses, strict=True))
        # Palladium and antimony are not in the selection.
        alpha = mass[48, 70] - mass[46, 68] - 2.42491587
        assert rows.loc[(48, 70), "Q_alpha_MeV"] == pytest.approx(alpha, abs=1e-6)
        beta = mass[50, 88] - mass[51, 87]
        assert rows.loc[(50, 88), "Q_beta_MeV"] == pytest.approx(beta, abs=1e-6)


def test_the_folder_says_where_it_is_from(exported):
    path, _ = exported
    content = json.loads((path / "export.json").read_text())
    assert content["format"] == "pynucastro"
    assert content["run"] == "tin"
    assert content["models"] == MODELS
    assert content["draws"] == 2
    assert content["measured"] < content["nuclei"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_from_the_command_line(bmm, run, tmp_path, name):
    output = tmp_path / "deep" / "there"
    done = bmm("export", run, "--to", name, "-o", output, "--nuclei", "Sn-132", "--nuclei", "N=82")
    assert done.code == 0, done.err
    assert "draws" in done.out
    assert list(output.rglob("*.*"))
    assert (output / "mean" / "energies.csv").is_file() == (
        name not in ("csv", "netcdf", "parquet")
    )
    content = json.loads((output / "export.json").read_text())
    assert content["nuclei"] == sum(n == 82 for _, n in mass_table_of(run).nuclei.index)


def refused(result):
    return (
        result.code == 2
        and not result.out
        and result.err.startswith("error: ")
        and result.err.count("\n") == 1
    )


def test_bad_input_is_one_sentence(bmm, run, tmp_path):
    for arguments, expected in {
        ("--to", "talis"): "no export format is called 'talis' (did you mean 'talys'?)",
        ("--to", "csv", "--Z", "120"): "'Z=120' selects none",
        ("--to", "csv", "--Z", "many"): "'Z=many'",
        ("--to", "csv", "--template", "x"): "csv takes no template",
        ("--to", "winvn", "--template", "nowhere"): "nowhere: expected a template",
        ("--to", "csv", "-o", str(run)): "expected a folder outside the run",
    }.items():
        done = bmm("export", run, *arguments)
        assert refused(done), done
        assert expected in done.err
    done = bmm("export", tmp_path / "none", "--to", "csv")
    assert refused(done)
    assert "expected the folder of a run, but there is none" in done.err


def test_nothing_is_left_of_an_export_that_fails(bmm, run, tmp_path):
    before = sorted(run.parent.iterdir())
    assert refused(bmm("export", run, "--to", "winvn", "--template", tmp_path / "nowhere"))
    assert sorted(run.parent.iterdir()) == before


def test_an_earlier_export_is_replaced_only_if_asked(bmm, run, tmp_path):
    output = tmp_path / "there"
    arguments = ("export", run, "--to", "csv", "-o", output, "--quiet")
    assert bmm(*arguments).code == 0
    (output / "of-mine").write_text("")
    done = bmm(*arguments)
    assert refused(done)
    assert "is not empty; use --overwrite, or choose another folder" in done.err
    assert bmm(*arguments, "--overwrite").code == 0
    assert {each.name for each in output.iterdir()} == {"masses.csv", "export.json"}
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("")
    done = bmm("export", run, "--to", "csv", "-o", foreign, "--overwrite")
    assert refused(done)
    assert "is not empty; choose another folder" in done.err
    assert (foreign / "thesis.tex").is_file()


def test_chains_that_disagree_are_mentioned(bmm, run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    with RunFolder.take_up(copy) as folder:
        folder.write_scores(folder.read_scores() | {"converged": False})
        folder.complete()
    done = bmm("export", copy, "--to", "csv", "-o", tmp_path / "there")
    assert done.code == 0
    assert "NOT CONVERGED" in done.err


def test_the_help_names_every_format():
    assert all(name in str(command.__annotations__["to"]) for name in FORMATS)
