"""Sampled mass tables from a configuration, as a user sees them."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bmm.data import load_measured

CONFIGURATION = """
seed = 5
[data]
Z = [28, 50]
N = [28, 82]
[theory]
models = ["HFB26", "DZ33"]
[chart]
table = "HFB26"
Z = [36, 42]
N = [40, 78]
"""
# Zr-112, which AME2020 does not have measured.
OWN, MASS = (40, 72), -32.4


@pytest.fixture(scope="module")
def made(call_bmm, tmp_path_factory):
    place = tmp_path_factory.mktemp("surfaces")
    (place / "small.toml").write_text(CONFIGURATION)
    header = "Z,N,mass_excess,mass_excess_uncertainty"
    (place / "own.csv").write_text(f"{header}\n{OWN[0]},{OWN[1]},{MASS},0.01\n")
    done = call_bmm(
        "surfaces", place / "small.toml", "-o", place / "out", "--draws", "200", "--written", "20",
        "--extra", place / "own.csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    return done, place


def test_measured_nuclei_keep_their_masses_and_others_are_predicted(made):
    masses = pd.read_csv(made[1] / "out" / "masses.csv").set_index(["Z", "N"])
    measured = load_measured("AME2020")[["mass_excess", "mass_excess_uncertainty"]]
    assert OWN not in measured.index
    own = pd.DataFrame([[MASS, 0.01]], pd.MultiIndex.from_tuples([OWN]), measured.columns)
    measured = pd.concat([measured, own]).sort_index().rename_axis(["Z", "N"])
    known = masses[masses["measured"] == 1]
    assert len(known) == len(measured)
    off = (known["mean"] - measured["mass_excess"]).abs()
    assert (off < 5 * measured["mass_excess_uncertainty"] / np.sqrt(200) + 1e-5).all()
    unknown = masses[masses["measured"] == 0]
    assert len(unknown) > 50
    assert unknown["sd"].between(0.05, 10).all()
    assert unknown.index.get_level_values("Z").min() == 36


def test_surfaces_are_the_same_in_both_formats(made):
    table = pd.read_csv(made[1] / "out" / "surfaces.csv")
    with xr.open_dataset(made[1] / "out" / "surfaces.nc", engine="netcdf4") as stored:
        masses = stored["mass_excess"]
        assert masses.attrs["units"] == "MeV"
        assert masses.sizes == {"surface": 20, "nucleus": len(table)}
        assert table["surface_20"].to_numpy() == pytest.approx(
            masses.isel(surface=19).to_numpy(), abs=1e-6
        )


def test_what_follows_is_written_and_said(made):
    done, place = made
    summary = json.loads((place / "out" / "summary.json").read_text())
    masses = pd.read_csv(place / "out" / "masses.csv")
    likely = ((masses["existence"] >= 0.5) & (masses["Z"].between(1, 119))).sum()
    assert summary["bound"]["likely"] == likely
    assert summary["bound"]["lower_95"] <= summary["bound"]["median"]
    assert f"{likely} nuclei with Z up to 119" in " ".join(done.out.split())
    assert set(summary["fields"]) == {"HFB26", "DZ33"}
    assert set(summary["provenance"]["sha256"]) == {
        "AME2020", "HFB26", str(made[1] / "own.csv"),
    }  # fmt: skip
    derived = pd.read_csv(place / "out" / "derived.csv").set_index(["quantity", "Z", "N"])
    assert derived.loc[("S_2n", 50, 82), "mean"] == pytest.approx(12.557, abs=0.005)
    lines = pd.read_csv(place / "out" / "drip_lines.csv")
    assert set(lines["side"]) == {"proton", "neutron"}
    assert (place / "out" / "figures" / "chains.pdf").stat().st_size > 5000


def test_a_folder_that_is_there_is_kept(bmm, made, tmp_path):
    again = bmm("surfaces", made[1] / "small.toml", "-o", made[1] / "out")
    assert again.code == 2
    assert "complete set of surfaces; choose another folder, or use --overwrite" in again.err
    (tmp_path / "thesis.tex").write_text("mine")
    other = bmm("surfaces", made[1] / "small.toml", "-o", tmp_path, "--overwrite")
    assert other.code == 2
    assert "is not the folder of a set of surfaces; choose another folder" in other.err


def test_unknown_formats_are_named(bmm, made, tmp_path):
    done = bmm("surfaces", made[1] / "small.toml", "-o", tmp_path / "out", "--format", "netcfd")
    assert done.code == 2
    assert "no export format is called 'netcfd' (did you mean 'netcdf'?)" in done.err
    assert not (tmp_path / "out").exists()


def test_unknown_configurations_are_named(bmm, tmp_path):
    done = bmm("surfaces", "nowhere", "-o", tmp_path / "out")
    assert done.code == 2
    assert "nowhere" in done.err
