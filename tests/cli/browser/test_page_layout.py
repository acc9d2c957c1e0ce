"""The page on screens, phones and paper, and in the dark, in a real browser."""

import re

import numpy as np
import pytest
from on_the_page import READY, details, ends, in_window, model, source

from bmm.report.page import write_page

pytestmark = pytest.mark.browser


def test_the_address_opens_a_nucleus_with_all_its_panels_on_one_screen(
    browser, device, wait, report
):
    device(report + "#Sn-121", 1440, 900)
    wait(lambda: browser.execute_script(READY))
    wait(lambda: "Sn-121" in details(browser))
    parts = (".controls", ".chart", ".details", ".panel.density", ".panel.chain")
    wait(lambda: all(in_window(browser, f".explorer > {part}") for part in parts))
    assert browser.execute_script("return scrollY") > 0


def test_the_first_view_is_the_model_with_the_largest_weight(page, contents):
    assert model(page, "choose_0", "return model.value") == "best"
    weights = contents.chart[[f"weight_{name}" for name in contents.models]].to_numpy()
    assert source(page, "best") == weights.argmax(axis=1).tolist()
    shown = model(page, "key_0", "return [model.visible, model.text]")
    assert shown[0]
    assert all(name in shown[1] for name in contents.models)


def test_an_uncertainty_has_a_logarithmic_scale(page):
    def scales():
        return model(
            page, "chart_0",
            """return model.renderers.filter((each) => each.glyph.type === "Image" && each.visible)
                 .map((each) => each.glyph.color_mapper.type)
                 .concat(model.above.filter((each) => each.visible).map((each) => each.title))""",
        )  # fmt: skip

    for name, scale in (("sd", "Log"), ("mean", "Linear"), ("S_2n_sd", "Log"), ("sd", "Log")):
        model(page, "choose_0", f"model.value = {name!r}")
        mapper, title = scales()
        assert mapper == f"{scale}ColorMapper"
        assert title.endswith("(MeV)")
        assert model(page, "key_0", "return model.visible") is False
    low, high = model(
        page, "chart_0",
        "const mapper = model.renderers.filter((each) => each.visible && each.glyph.type === "
        '"Image")[0].glyph.color_mapper; return [mapper.low, mapper.high]',
    )  # fmt: skip
    assert 0 < low < high


def test_links_scroll_to_what_they_change(browser, device, wait, report):
    device(report, 1440, 900)
    wait(lambda: browser.execute_script(READY))
    link = "#residuals0 tbody a"
    name = browser.execute_script(
        "const link = document.querySelector(arguments[0]); link.scrollIntoView(); link.click();"
        "return link.textContent", link,
    )  # fmt: skip
    wait(lambda: name in details(browser))
    wait(lambda: in_window(browser, ".explorer > .details"))
    # A neighbour is a link inside what is shown: the page stays where it is.
    before = browser.execute_script("return scrollY")
    neighbour = re.findall(r'href="#([A-Z][a-z]?-\d+)"', model(browser, "details_0",
                                                             "return model.text"))[0]  # fmt: skip
    browser.execute_script(f"location.hash = '#{neighbour}'")
    wait(lambda: neighbour in details(browser).split("Z =")[0])
    assert browser.execute_script("return scrollY") == before


@pytest.mark.parametrize("fingers", [True, False])
def test_a_swipe_over_the_chart_scrolls_the_page(browser, device, wait, report, fingers):
    device(report, 400, 800, fingers=fingers)
    wait(lambda: browser.execute_script(READY))
    pans = model(
        browser, "chart_0",
        "return model.toolbar.tools.filter((each) => each.type === 'PanTool')[0].active",
    )  # fmt: skip
    assert pans is not fingers
    browser.execute_script(
        "document.querySelector('.chart').scrollIntoView({block: 'center', behavior: 'instant'})"
    )
    start = model(browser, "chart_0", "return model.x_range.start")
    before = browser.execute_script("return scrollY")
    if fingers:
        swipe(browser, 200, sum(ends(browser, ".chart")) / 2, -150)
        wait(lambda: browser.execute_script("return scrollY") > before + 50)
        assert model(browser, "chart_0", "return model.x_range.start") == start


def swipe(browser, x, y, way):
    def touch(kind, *points):
        touched = {"type": f"touch{kind}", "touchPoints": [{"x": x, "y": each} for each in points]}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", touched)

    touch("Start", y)
    for step in range(1, 11):
        touch("Move", y + way * step / 10)
    touch("End")


def test_the_page_is_dark_where_that_is_wished(browser, device, wait, report):
    def brightness(what):
        colour = browser.execute_script(f"return getComputedStyle(document.body).{what}")
        return np.mean([int(each) for each in re.findall(r"\d+", colour)[:3]])

    device(report, 1440, 900, dark=True)
    wait(lambda: browser.execute_script(READY))
    assert brightness("backgroundColor") < 40
    assert brightness("color") > 200
    device(report, 1440, 900)
    assert brightness("backgroundColor") == 255
    assert brightness("color") < 40


@pytest.mark.parametrize("count", [1, 2])
def test_headings_are_in_order_and_the_contents_lead_to_them(
    browser, wait, contents, count, tmp_path
):
    browser.get(write_page([contents] * count, tmp_path / "page.html").as_uri())
    wait(lambda: browser.execute_script(READY))
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4, h5')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert np.diff(levels).max() == 1
    targets = browser.execute_script(
        "return [...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))"
    )
    assert len(targets) >= 7 * count
    assert browser.execute_script(
        "return arguments[0].every((id) => document.querySelectorAll(id).length === 1)", targets
    )


def test_every_number_of_a_nucleus_has_its_unit(page, wait):
    for name in ("Sn-132", "Pd-132", "Sn-124"):
        page.execute_script(f"location.hash = '#{name}'")
        wait(lambda wanted=name: wanted in details(page).split("Z =")[0])
        text = model(page, "details_0", "return model.text")
        rows = dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', text))
        assert not re.search(r"NaN|\N{PLUS-MINUS SIGN} 0\.0+\b", text)
        for key in ("68 % interval", "measured", *(
            f"S<sub>{each}</sub>" for each in ("1n", "2n", "1p", "2p")
        )):  # fmt: skip
            assert rows[key].endswith("MeV") or rows[key] == "\N{EN DASH}", key
        assert re.fullmatch(r"[\d.]+ %|\N{EN DASH}", rows["exists"])


def test_the_page_fits_a_phone_and_paper(page, wait):
    size = {"width": 400, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wait(lambda: page.execute_script("return document.documentElement.clientWidth") == 400)
        wait(lambda: page.execute_script("return document.documentElement.scrollWidth") <= 400)
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    pdf = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(pdf["data"]) > 100_000
    assert page.execute_script(
        "return [...document.querySelectorAll('details')].every((each) => each.open)"
    )
