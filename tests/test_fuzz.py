"""Damaged input of every kind: one clear sentence, or a result that makes sense.

Fixed examples, derived from the tests themselves, some thousands of them in a minute.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmm.data import LAYOUTS as PUBLISHED_LAYOUTS
from bmm.data import (
    TableLayout,
    check_new_masses,
    load_measured,
    load_theory,
    read_mass_table,
    read_measurements,
    read_nuclei,
)
from bmm.data.table_guess import guess_table
from bmm.design.targets import read_target
from bmm.distributions import StudentTMixture
from bmm.emulation.energy_surface import read_surface
from bmm.errors import BmmError
from bmm.nuclides import chosen_nuclides, is_plausible, parse_nuclide, select_nuclei, symbol
from bmm.prediction.forecast import Forecast
from bmm.theory.adapters import prediction
from bmm.theory.cards import read_card
from bmm.workflows.compare_config import load_comparison, shipped_comparisons
from bmm.workflows.config import load_config, shipped_configurations

pytestmark = pytest.mark.slow

TOKENS = [
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r",
        "\x00",
        "\ufeff",
        "#",
        ",",
        ";",
        "=",
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
    ),
    *("\\", "*", "-", "+", ".", "nan", "inf", "-inf", "true", "é", "١٢", "1_0", "0x10", "1e400"),
    *(
        "1e300",
        "1e-300",
        "-1e15",
        "1e9",
        "0",
        "-1",
        "0.000",
        "99.9",
        "999.99",
        "9999",
        "1.5",
        "140",
    ),
    *("9" * 5000, "-" + "9" * 5000 + ".5", "a" * 100_000, "[" * 2000, "2024-01-01", "[1, 2]", "{}"),
    *("../nowhere", "\n[[layout]]\n", "\nZ = 1\n", "Sn", "sn132", "50,82", "(", "\u2028", "<b>"),
]
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "cell", "delete", "cut", "twice", "swap"]),
        st.floats(0, 1, exclude_max=True),
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.sampled_from(TOKENS), st.text(max_size=5)),
    ),
    min_size=1,
    max_size=3,
)
COUNTS = {"guess": 100, "table": 400, "quick": 400, "nuclide": 1000}


def fuzzed(kind):
    """Draw the same examples every time."""
    return settings(
        max_examples=COUNTS[kind],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def mutate(text, mutations):
    """Change a text in some places."""
    for kind, here, there, token in mutations:
        i, j = sorted((int(here * len(text)), int(there * len(text))))
        j = min(j, i + 12)
        lines = text.split("\n")
        k, m = int(here * len(lines)), int(there * len(lines))
        match kind:
            case "insert":
                text = text[:i] + token + text[i:]
            case "replace":
                text = text[:i] + token + text[j:]
            case "delete":
                text = text[:i] + text[j:]
            case "cut":
                text = text[: int(max(here, there) * len(text))]
            case "cell":
                cells = lines[k].split(" " if " " in lines[k] else ",")
                cells[int(there * len(cells))] = token
                lines[k] = (" " if " " in lines[k] else ",").join(cells)
                text = "\n".join(lines)
            case "twice":
                text = "\n".join([*lines[:k], lines[k], *lines[k:]])
            case "swap":
                lines[k], lines[m] = lines[m], lines[k]
                text = "\n".join(lines)
    return text


def outcome(call, *arguments):
    """Call something; None if it refuses, in one line of at most 300 characters."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call(*arguments)
        except BmmError as error:
            said = str(error)
    assert 10 < len(said) <= 300
    assert len(said.splitlines()) == 1
    return None


@pytest.fixture(scope="module")
def tin():
    masses = load_theory("FRDM2012")["mass_excess"].round(2)
    return masses[[48 <= Z <= 50 and 60 <= N <= 90 for Z, N in masses.index]]


PUBLISHED = """\
A T O M I C   M A S S   A D J U S T M E N T
   format    :  a1,i3,i5,i5,i5,1x,a3,a4,1x,f14.6,f12.6
# Z   A s fl     Mexp      Err       Mth
1N-Z    N    Z   A  EL    O     MASS EXCESS
                                   (keV)
  50 132 Sn 2   -76.547     0.002   -76.430   0.000   4.710
  50 133 Sn 2   -70.874     0.002   -70.910   0.010   4.725
  32   82   50  132 Sn       -76546.554000    2.000000
  33   83   50  133 Sn       -70873.890000    2.000000
"""
MASS = {"value": "M", "quantity": "mass_excess", "unit": "MeV"}
LAYOUTS = {
    "csv": ("Z,N,M,sd\n", lambda Z, N, M: f"{Z},{N},{M:.2f},0.5", {"N": "N", "sd": "sd"} | MASS),
    "whitespace": (
        "# Z N M\n",
        lambda Z, N, M: f"{Z} {N} {M:.2f}",
        {"format": "whitespace", "N": "N"} | MASS,
    ),
    "fixed": (
        "",
        lambda Z, N, M: f"{Z:4d}{Z + N:4d}{1000 * M:12.1f}",
        {"format": "fixed", "widths": (4, 4, 12), "Z": 1, "A": 2, "value": 3}
        | {"quantity": "mass_excess", "unit": "keV"},
    ),
    "names": (
        "",
        lambda Z, N, M: f"{symbol(Z)}{Z + N};{M:.2f}".replace(".", ","),
        {"separator": ";", "decimal": ",", "nuclide": 1, "value": 2}
        | {"quantity": "mass_excess", "unit": "MeV"},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
@fuzzed("guess")
@given(mutations=MUTATIONS)
def test_damaged_tables_of_unknown_layout(tmp_path, tin, name, mutations):
    header, line, _ = LAYOUTS[name]
    text = header + "".join(line(Z, N, M) + "\n" for (Z, N), M in tin.items())
    path = tmp_path / "mine.txt"
    path.write_text(mutate(text, mutations), encoding="utf-8", errors="surrogatepass", newline="")
    found = outcome(guess_table, path)
    if found is not None:
        assert found.masses["mass_excess"].abs().max() <= 2000
        assert np.isfinite(found.evidence[0].rms)


@pytest.mark.parametrize("layout", [*PUBLISHED_LAYOUTS])
@fuzzed("guess")
@given(mutations=MUTATIONS)
def test_damaged_files_of_published_layouts(tmp_path, layout, mutations):
    path = tmp_path / "mine.mass"
    path.write_text(
        mutate(PUBLISHED, mutations), encoding="utf-8", errors="surrogatepass", newline=""
    )
    found = outcome(read_mass_table, path, layout)
    assert found is None or found["mass_excess"].abs().max() <= 2000
    outcome(load_measured, str(path))


@pytest.mark.parametrize("name", LAYOUTS)
@fuzzed("table")
@given(mutations=MUTATIONS)
def test_damaged_tables(tmp_path, tin, name, mutations):
    header, line, keys = LAYOUTS[name]
    text = header + "".join(line(Z, N, M) + "\n" for (Z, N), M in tin.items())
    path = tmp_path / "mine.txt"
    path.write_text(mutate(text, mutations), encoding="utf-8", errors="surrogatepass", newline="")
    found = outcome(read_mass_table, path, TableLayout.model_validate(keys))
    if found is None:
        return
    Z, N = (found.index.get_level_values(level).to_numpy() for level in "ZN")
    assert is_plausible(Z, N).all()
    known = load_measured("AME2020", estimated=True)["mass_excess"].reindex(found.index)
    assert (found["mass_excess"] - known).abs().max() < 50
    assert found["mass_excess"].abs().max() < 2000
    if "mass_excess_sd" in found:
        assert found["mass_excess_sd"].between(0, 100, inclusive="right").all()


CARD = """
name = "Mine"
description = "a table of mine"
adapter = "table"
file = "mine.txt"
citation = "somebody, somewhere (2020)"
calibrated_on = "AME2003"
[domain]
Z = [8, 120]
parity = "all"
[layout]
format = "whitespace"
skip = 0
Z = "Z"
N = "N"
value = "M"
quantity = "binding_energy"
unit = "MeV"
convention = "atomic"
sign = 1
missing = ["999.99"]
[layout.skip_rows_with]
M = ["*m"]
"""


@fuzzed("table")
@given(mutations=MUTATIONS)
def test_damaged_cards(tmp_path, tin, mutations):
    (tmp_path / "mine.txt").write_text("Z N M\n50 82 1102.85\n50 83 1105.22\n")
    path = tmp_path / "mine.toml"
    text = mutate(CARD, mutations)
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    card = outcome(read_card, path)
    model = None if card is None else outcome(type(card).build, card)
    if model is not None:
        assert model.masses["mass_excess"].between(-80, -65).all()


@pytest.mark.parametrize(
    ("load", "shipped"),
    [(load_config, shipped_configurations), (load_comparison, shipped_comparisons)],
    ids=["run", "compare"],
)
@fuzzed("quick")
@given(data=st.data(), mutations=MUTATIONS)
def test_damaged_configurations(tmp_path, load, shipped, data, mutations):
    files = shipped()
    source = files[data.draw(st.sampled_from(sorted(files)))]
    path = tmp_path / "mine.toml"
    text = mutate(source.read_text(encoding="utf-8"), mutations)
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    config = outcome(load, path)
    if config is not None:
        path.write_text(config.to_toml(), encoding="utf-8")
        assert load(path) == config


@fuzzed("nuclide")
@given(
    text=st.one_of(
        st.text(max_size=12),
        st.sampled_from(TOKENS),
        st.builds(
            mutate, st.sampled_from(["Sn-132", "132Sn", "50,82", "Z=50-52", "A=132"]), MUTATIONS
        ),
    )
)
def test_any_text_for_a_nuclide(text):
    chart = load_measured("AME2020").index
    for call, arguments in (
        (parse_nuclide, (text,)),
        (chosen_nuclides, (text, chart)),
        (select_nuclei, (text, chart)),
    ):
        found = outcome(call, *arguments)
        if found is not None:
            pairs = [found] if isinstance(found, tuple) else list(found)
            assert all(0 <= Z <= 140 and 0 <= N <= 320 for Z, N in pairs)


NEW = """\
Z,N,mass_excess,mass_excess_uncertainty
49,86,-46.52,0.02
49,87,-40.9,0.05
50,89,-40.1,0.1
"""


@fuzzed("table")
@given(mutations=MUTATIONS)
def test_damaged_measurements(tmp_path, mutations):
    path = tmp_path / "new.csv"
    path.write_text(mutate(NEW, mutations), encoding="utf-8", errors="surrogatepass", newline="")
    new = outcome(read_measurements, path)
    if new is None:
        return
    known = load_measured("AME2020", estimated=True)
    forecast = pd.DataFrame({"mean": known["mass_excess"] + 0.1, "sd": 0.3})
    if outcome(lambda: check_new_masses(path, new, forecast) or True):
        off = (new["mass_excess"] - known["mass_excess"].reindex(new.index)).abs()
        assert (off.dropna() < 50).all()
        assert new["mass_excess_uncertainty"].between(1e-9, 5).all()


@fuzzed("quick")
@given(mutations=MUTATIONS, words=MUTATIONS)
def test_damaged_lists_and_targets(tmp_path, tin, mutations, words):
    measured = load_measured("AME2020").query("48 <= Z <= 50")
    theory = prediction(tin.index, ["FRDM2012"], tin.to_numpy()[:, None])
    masses = StudentTMixture(tin.to_numpy()[:, None], 0.5)
    forecast = Forecast(theory, masses, measured=measured)
    path = tmp_path / "nuclei.csv"
    text = mutate("Z,N\n48,85\n49,86\n50,89\n", mutations)
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    nuclei = outcome(read_nuclei, path)
    if nuclei is not None:
        assert is_plausible(*zip(*nuclei, strict=True)).all()
    target = outcome(read_target, mutate(f"S_2n {path}", words), forecast)
    if target is not None:
        assert not target.nuclei.empty


@pytest.mark.parametrize("separator", [" ", ","])
@fuzzed("quick")
@given(mutations=MUTATIONS)
def test_damaged_surfaces(tmp_path, separator, mutations):
    rows = [(i, j, -1000.5 + i * i + j) for i in range(5) for j in range(4)]
    text = "#Q20 Q30 E\n".replace(" ", separator)
    text += "".join(separator.join(map(str, row)) + "\n" for row in rows)
    path = tmp_path / "pes.dat"
    path.write_text(mutate(text, mutations), encoding="utf-8", errors="surrogatepass", newline="")
    for columns in ((("Q20", "Q30"), "E"), ((1, 2), 3)):
        surface = outcome(read_surface, path, *columns)
        if surface is not None:
            assert len(surface) >= 10
            assert np.isfinite(surface.scaled).all()
            assert np.abs(surface.energy).max() <= 1e5


def test_fuzzed_inputs_are_valid_before_the_change(tmp_path, tin):
    for header, line, keys in LAYOUTS.values():
        path = tmp_path / "mine.txt"
        path.write_text(header + "".join(line(Z, N, M) + "\n" for (Z, N), M in tin.items()))
        found = read_mass_table(path, TableLayout.model_validate(keys))
        np.testing.assert_allclose(found["mass_excess"], tin, rtol=0, atol=1e-3)
    (tmp_path / "mine.txt").write_text("Z N M\n50 82 1102.85\n50 83 1105.22\n")
    (tmp_path / "mine.toml").write_text(CARD)
    assert len(read_card(tmp_path / "mine.toml").build().masses) == 2
    Path(tmp_path / "new.csv").write_text(NEW)
    assert len(read_measurements(tmp_path / "new.csv")) == 3
