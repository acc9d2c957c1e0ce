"""The chart of the report and its panels in a real browser, where there is one."""

import math
import re
from urllib.parse import urlparse

import numpy as np
import pandas as pd
import pytest
from on_the_page import READY, TEXT, asked, complaints, details, model, pointer, source

pytestmark = pytest.mark.browser


def test_the_page_opens_without_errors_or_requests(page):
    model(page, "choose_0", "model.value = 'existence'")
    page.execute_script("location.hash = '#In-130'")
    assert not complaints(page)
    assert {urlparse(url).scheme for url in asked(page)} <= {"file", "data", "about"}


def test_pointing_at_a_nucleus_shows_its_numbers(page, wait, contents):
    row = contents.chart.set_index("label").loc["Sn-120"]
    pointer(page, 50, 70).perform()
    shown = wait(lambda: "Sn-120" in (text := page.execute_script(TEXT)) and text)
    assert f"{row['mean']:.3f} ± {row['sd']:.3f} MeV" in shown.replace("\N{MINUS SIGN}", "-")
    assert f"{row['measured']:.3f} MeV" in shown
    pointer(page, 46, 86).perform()
    # Pd-132 has not been measured.
    wait(lambda: re.search("measured: ?\N{EN DASH}", page.execute_script(TEXT)))
    assert "NaN" not in page.execute_script(TEXT)


def test_a_click_on_the_chart_chooses_the_nucleus(page, wait):
    chain = pointer(page, 50, 70)
    chain.w3c_actions.pointer_action.click()
    chain.perform()
    wait(lambda: "Sn-120" in details(page))
    assert page.execute_script("return window.location.hash") == "#Sn-120"


def spread(value, sd):
    """A number and its uncertainty, with two digits of it at least."""
    digits = max(3, 1 - math.floor(math.log10(sd)))
    return f"{value:.{digits}f} ± {sd:.{digits}f} MeV"


def test_search_and_address_show_the_numbers_of_the_nucleus(page, wait, contents):
    row = contents.chart.set_index("label").loc["Sn-132"]
    model(page, "search_0", "model.value = '132Sn'")
    shown = wait(lambda: "Sn-132" in (text := details(page)) and text)
    for number in (
        f"{row['mean']:.3f} ± {row['sd']:.3f} MeV",
        f"{row['measured']:.3f} MeV",
        f"{row['residual']:.3f} MeV",
        spread(row["S_2n_median"], row["S_2n_sd"]),
        f"{100 * row['existence']:.1f} %",
    ):
        assert number in shown
    assert page.execute_script("return window.location.hash") == "#Sn-132"
    model(page, "search_0", "model.value = 'Sn-999'")
    wait(lambda: "is not on the chart" in details(page))
    page.execute_script("location.hash = '#Cd-128'")
    wait(lambda: "Cd-128" in details(page))
    assert "Cd-127" in details(page)  # a neighbour to go on to


def test_the_panels_hold_the_density_and_the_chain(page, contents):
    i = contents.chart["label"].tolist().index("Sn-124")
    x, total = (np.array(source(page, name, "density")) for name in ("x", "total"))
    assert np.trapezoid(total, x) == pytest.approx(1, abs=0.02)
    middle = np.trapezoid(total * x, x) / np.trapezoid(total, x)
    assert middle == pytest.approx(contents.chart["mean"][i], abs=0.05)
    parts = [source(page, f"part_{k}", "density") for k in range(len(set(contents.components)))]
    # What has less than half a percent of the weight is not drawn by itself.
    assert np.nansum(parts, axis=0) == pytest.approx(total, abs=0.01 * total.max())
    tin = contents.chart[contents.chart["Z"] == 50].sort_values("N")
    assert source(page, "N", "chain") == tin["N"].tolist()
    assert source(page, "median", "chain") == pytest.approx(
        tin["S_2n_median"].tolist(), rel=1e-5, nan_ok=True
    )
    mass = tin.set_index("N")["measured"]
    known = dict(zip(tin["N"], source(page, "known", "chain"), strict=True))
    assert known[74] == pytest.approx(mass[72] - mass[74] + 2 * 8.07131806, abs=1e-4)


def test_the_chart_is_painted_with_the_quantity_that_is_chosen(page, contents):
    for name in ("S_2n_sd", "existence", "weight_DZ33", "residual"):
        model(page, "choose_0", f"model.value = {name!r}")
        grid = page.execute_script(
            """
            const chart = Bokeh.documents[0].get_model_by_name("chart_0");
            const painted = chart.renderers.filter((each) => each.glyph.type === "Image")[0];
            const image = painted.data_source.data.image[0];
            return [image.shape, Array.from(image, (x) => (Number.isFinite(x) ? x : null))];
            """
        )
        painted = np.array(grid[1], dtype=float).reshape(grid[0])
        chart = contents.chart
        rows, columns = chart["Z"] - chart["Z"].min(), chart["N"] - chart["N"].min()
        assert painted[rows, columns] == pytest.approx(chart[name], rel=1e-5, abs=1e-6, nan_ok=True)
        assert np.isfinite(painted).sum() == np.isfinite(chart[name]).sum()


def test_pointing_at_a_nucleus_shows_what_the_evaluators_estimate(page, wait, reported):
    table = pd.read_csv(reported[1] / "predictions.csv").set_index(["Z", "N"])
    table["label"] = table["symbol"] + "-" + table["A"].astype(str)
    estimated = table[table["extrapolated"].notna()]
    assert estimated["measured"].isna().all()
    # The first and the last on the edges of the chart; one beside them; measured, and neither.
    for place in (estimated.index[0], (47, 81), (49, 85), estimated.index[-1], (50, 70), (46, 86)):
        row = table.loc[place]
        pointer(page, *map(int, place)).perform()
        shown = wait(
            lambda name=row["label"]: re.search(
                rf"{name} chosen quantity: .*?evaluators' estimate: ?(\S+)( MeV)?",
                page.execute_script(TEXT),
            )
        )
        if np.isfinite(row["extrapolated"]):
            value = shown[1].replace("\N{MINUS SIGN}", "-")
            assert value == f"{row['extrapolated']:.3f}"
            assert shown[2] == " MeV"
        else:
            assert shown[1] == "\N{EN DASH}"
        assert "NaN" not in page.execute_script(TEXT)


def test_a_mass_to_doubt_leads_to_the_chart(browser, wait, doubted):
    browser.get("about:blank")
    browser.get((doubted[1] / "report.html").as_uri())
    wait(lambda: browser.execute_script(READY))
    table = pd.read_csv(doubted[1] / "doubts.csv")
    first = table.iloc[0]
    row = browser.execute_script("return document.querySelector('#doubts0 tbody tr').innerText")
    cells = row.replace("\n", " ").split("\t")
    assert cells[0] == first["nucleus"]
    assert float(cells[1]) == pytest.approx(first["probability"], abs=0.0051)
    assert float(cells[4]) == pytest.approx(1000 * first["deviation"], abs=0.51)
    for selector in ("#doubts0 tbody a", "#doubts0 tbody td a"):
        name = browser.execute_script(
            "const link = document.querySelector(arguments[0]); link.scrollIntoView();"
            "link.click(); return link.textContent", selector,
        )  # fmt: skip
        wait(lambda wanted=name: wanted in details(browser).split("Z =")[0])
    assert browser.execute_script(
        "const image = document.querySelector('#doubts0 img'); image.loading = 'eager';"
        "return image.decode().then(() => image.naturalWidth > 500)"
    )
    model(browser, "choose_0", "model.value = 'doubt'")
    Z, N = first["Z"], first["N"]
    pointer(browser, int(Z), int(N)).perform()
    shown = wait(
        lambda: re.search(
            rf"{first['nucleus']} chosen quantity: ?(\S+)", browser.execute_script(TEXT)
        )
    )
    assert float(shown[1]) == pytest.approx(first["probability"], rel=1e-3)
    assert not [each for each in complaints(browser) if each["level"] == "SEVERE"]
