"""pynucastro and RIPL files with their own readers; CSV, netCDF and Parquet."""

import importlib
from itertools import product

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pynucastro.nucdata import nucleus
from pynucastro.nucdata.mass_table import MassTable as PynucastroTable

from bmm.errors import DataError
from bmm.export import FORMATS, ExportSettings, MassTable
from bmm.export.energies import ENERGIES, write_energies
from bmm.nuclides import nuclide_index, symbol


@pytest.fixture(scope="module")
def ripl_readers(tmp_path_factory):
    """Give riplpy's readers of two models; it warns where there is no database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIPL_LOCATION", str(tmp_path_factory.mktemp("ripl")))
        return [importlib.import_module(f"riplpy.masses.{name}") for name in ("d1m", "ws4")]


def test_pynucastro_reads_its_table(chart, tmp_path):
    assert FORMATS["pynucastro"](chart, tmp_path, ExportSettings()) == []
    for surface in chart.surfaces():
        read = PynucastroTable(tmp_path / surface.name / "mass_excess.txt").mass_diff
        assert len(read) == len(chart.nuclei)
        for (Z, N), mass in zip(chart.nuclei.index, surface.mass_excess, strict=True):
            assert read[Z + N, Z] == pytest.approx(mass, abs=5.01e-7)


def test_a_nucleus_of_pynucastro_takes_its_mass_from_the_table(tin, tmp_path, monkeypatch):
    FORMATS["pynucastro"](tin, tmp_path, ExportSettings())
    drawn = PynucastroTable(tmp_path / "draw-001" / "mass_excess.txt")
    merged = PynucastroTable()
    merged.mass_diff = merged.mass_diff | drawn.mass_diff
    monkeypatch.setattr(nucleus, "_mass_table", merged)
    at = tin.nuclei.index.get_loc((50, 84))
    assert nucleus.Nucleus("sn134").dm == pytest.approx(tin.draws[0, at], abs=1e-6)
    assert nucleus.Nucleus("he4").dm == pytest.approx(2.42491587)  # not in the table


def test_riplpy_reads_its_file(tin, tmp_path, ripl_readers):
    FORMATS["ripl"](tin, tmp_path, ExportSettings())
    for reader, surface in product(ripl_readers, tin.surfaces()):
        read = reader.read_ascii_file(tmp_path / surface.name / "mass-bmm.dat")
        entries = {(n.Z, n.A - n.Z): entry for n, entry in read.items()}
        assert list(entries) == list(tin.nuclei.index)
        for i, (at, entry) in enumerate(entries.items()):
            assert entry["Mth"] == pytest.approx(surface.mass_excess[i], abs=5.01e-4)
            flag = {"predicted": 0, "estimated": 1, "measured": 2}[tin.status[i]]
            assert entry["flag"] == flag
            if flag:
                known = tin.nuclei.loc[at]
                assert entry["Mexp"] == pytest.approx(known["mass_excess"], abs=5.01e-4)
                assert entry["Err"] == pytest.approx(known["mass_excess_sd"], abs=5.01e-4)
            else:
                assert not entry["Mexp"]
                assert not entry["Err"]


def test_ripl_refuses_a_symbol_of_three_letters(tin, tmp_path):
    table = MassTable(tin.nuclei.iloc[:1].set_axis(nuclide_index([119], [178])), tin.origin)
    with pytest.raises(DataError, match="ripl holds names of at most 2 characters, but Uue-297"):
        FORMATS["ripl"](table, tmp_path, ExportSettings())


def test_csv_and_parquet_hold_the_table(tin, tmp_path):
    FORMATS["csv"](tin, tmp_path, ExportSettings())
    FORMATS["parquet"](tin, tmp_path, ExportSettings())
    csv = pd.read_csv(tmp_path / "masses.csv", comment="#")
    parquet = pd.read_parquet(tmp_path / "masses.parquet")
    pd.testing.assert_frame_equal(parquet, tin.frame(), check_dtype=False)
    pd.testing.assert_frame_equal(csv, tin.frame(), check_dtype=False, atol=5.01e-7, rtol=0)
    assert parquet.attrs["run"] == "tin"
    assert parquet.attrs["models"] == "FRDM2012, HFB24"
    first = (tmp_path / "masses.csv").read_text().splitlines()[0]
    assert first.startswith("# atomic mass excess by bmm 0.1.0, run tin; models FRDM2012, HFB24")
    assert [column for column in csv if column.startswith("draw")] == [
        "draw_1_MeV", "draw_2_MeV", "draw_3_MeV",
    ]  # fmt: skip


def test_netcdf_holds_the_table(tin, tmp_path):
    FORMATS["netcdf"](tin, tmp_path, ExportSettings())
    with xr.open_dataset(tmp_path / "masses.nc") as opened:
        data = opened.load()
    np.testing.assert_array_equal(data["mass_excess"], tin.mass_excess)
    np.testing.assert_array_equal(data["mass_excess_sd"], tin.mass_excess_sd)
    np.testing.assert_array_equal(data["draws"].transpose("draw", "nucleus"), tin.draws)
    meanings = data["status"].attrs["flag_meanings"].split()
    assert [meanings[code] for code in data["status"].to_numpy()] == list(tin.status)
    assert data["mass_excess"].attrs["units"] == "MeV"
    assert data.attrs["bmm_version"] == "0.1.0"
    assert data["mass_excess"].sel(nucleus="Sn-132") == tin.nuclei.loc[(50, 82), "mass_excess"]


@pytest.mark.parametrize("layout", ["pynucastro", "ripl", "csv", "netcdf", "parquet"])
def test_a_layout_without_templates_refuses_one(tin, tmp_path, layout):
    with pytest.raises(DataError, match=f"{layout} takes no template"):
        FORMATS[layout](tin, tmp_path, ExportSettings(tmp_path / "mine"))


def test_energies_of_a_draw_are_differences_of_its_masses(tin, tmp_path):
    surface = list(tin.surfaces())[2]
    wanted = nuclide_index([46, 50, 50], [54, 82, 83])
    write_energies(tin, surface, wanted, tmp_path)
    rows = pd.read_csv(tmp_path / "energies.csv", comment="#").set_index(["Z", "N"])
    assert list(rows.index) == list(wanted)
    assert list(rows.columns)[-3:] == [f"{name}_MeV" for name in ENERGIES]
    mass = dict(zip(tin.nuclei.index, surface.mass_excess, strict=True))
    found = rows.loc[(50, 83)]
    assert found["S_1n_MeV"] == pytest.approx(mass[50, 82] + 8.07131806 - mass[50, 83], abs=1e-6)
    alpha = mass[50, 83] - mass[48, 81] - 2.42491587
    assert found["Q_alpha_MeV"] == pytest.approx(alpha, abs=1e-6)
    assert found["Q_beta_MeV"] == pytest.approx(mass[50, 83] - mass[51, 82], abs=1e-6)
    assert np.isnan(rows.loc[(46, 54), "Q_alpha_MeV"])  # ruthenium is not in the table
    assert rows.loc[(50, 82), "status"] == "measured"
    assert rows.loc[(50, 82), "symbol"] == symbol(50)
