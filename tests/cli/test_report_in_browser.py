"""The report and the served explorer in a real browser, where there is one."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from urllib.parse import urlparse

import numpy as np
import pytest

from bmm.report.page import write_page
from bmm.report.workbench import joint_table, model_table
from bmm.workflows.run_forecast import RunTables

pytestmark = pytest.mark.browser

# A shell that started this in the background ignores Ctrl-C, and its children would too.
HEEDING_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("bmm.cli", run_name="__main__", alter_sys=True)
"""
READY = "return !!(window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle)"
# Texts on the page, those inside bokeh's widgets included.
TEXT = """
function text(node) {
  if (["SCRIPT", "STYLE"].includes(node.nodeName)) return "";
  const own = [...(node.shadowRoot ? [node.shadowRoot] : []), ...node.childNodes];
  return node.nodeType === Node.TEXT_NODE ? node.data : own.map(text).join(" ");
}
return text(document.body).replace(/\\s+/g, " ");
"""
# What would be saved, caught on its way into a file.
SAVED = """
const done = arguments[0];
URL.createObjectURL = (blob) => (blob.text().then(done), "");
HTMLAnchorElement.prototype.click = () => {};
const button = Bokeh.documents[0].get_model_by_name("joint_save");
Bokeh.index.find_one(button).el.shadowRoot.querySelector("button").click();
"""
PLACE = """
const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name("chart_0"));
view.el.scrollIntoView({block: "center"});
const box = view.el.getBoundingClientRect();
const {x_scale, y_scale} = view.frame;
return [box.x + x_scale.compute(arguments[0]), box.y + y_scale.compute(arguments[1])];
"""


@pytest.fixture(scope="module")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    # No Python package brings a browser, and a user's machine need not have one; `.ci/run` gets it.
    if not (chromium and driver):
        pytest.skip("no browser: chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    opened.set_window_size(1280, 1000)
    yield opened
    opened.quit()


@pytest.fixture
def wait(browser):
    from selenium.webdriver.support.ui import WebDriverWait

    def until(condition):
        return WebDriverWait(browser, 60).until(lambda driver: condition())

    return until


@pytest.fixture
def page(browser, wait, reported):
    browser.get("about:blank")
    browser.get((reported[1] / "report.html").as_uri() + "#Sn-124")
    wait(lambda: browser.execute_script(READY))
    wait(lambda: "Sn-124" in details(browser))
    return browser


def model(browser, name, code):
    """Look at a model of the document, or change it."""
    return browser.execute_script(
        f"const model = Bokeh.documents[0].get_model_by_name({name!r}); {code}"
    )


def details(browser):
    return re.sub(r"<[^>]+>", " ", model(browser, "details_0", "return model.text"))


def source(browser, column, panel="chart"):
    """Column of the source that the first glyph of a panel with that column is drawn from."""
    return model(
        browser,
        f"{panel}_0",
        f"""for (const each of model.renderers) {{
              const data = each.data_source ? each.data_source.data : {{}};
              if ({column!r} in data) return Array.from(data[{column!r}], Number);
            }}""",
    )


def pointer(browser, Z, N):
    from selenium.webdriver.common.action_chains import ActionChains

    x, y = browser.execute_script(PLACE, N, Z)
    chain = ActionChains(browser)
    chain.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    return chain


def complaints(browser):
    return [each for each in browser.get_log("browser") if each["level"] in ("SEVERE", "WARNING")]


def asked(browser):
    """Addresses that the page has asked for."""
    events = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    return [
        each["params"]["request"]["url"]
        for each in events
        if each["method"] == "Network.requestWillBeSent"
    ]


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


@pytest.fixture
def device(browser):
    """Open a page as on a device: its size in pixels, with fingers or in the dark."""

    def opened(address, width, height, *, fingers=False, dark=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": fingers}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": fingers})
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        browser.get("about:blank")
        browser.get(address)

    yield opened
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture
def report(reported):
    return (reported[1] / "report.html").as_uri()


def ends(browser, selector):
    """Top and bottom of an element in the window, pixels."""
    return browser.execute_script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [box.top, box.bottom]",
        selector,
    )


def in_window(browser, selector):
    top, bottom = ends(browser, selector)
    return top >= -1 and bottom <= browser.execute_script("return innerHeight") + 1


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


def test_names_on_the_page_are_never_run(browser, wait, contents, hostile, tmp_path):
    page = write_page([hostile(contents)], tmp_path / "hostile.html")
    browser.get("about:blank")
    browser.get(page.as_uri() + "#Sn-124")
    wait(lambda: browser.execute_script(READY))
    wait(lambda: "window.harmed" in model(browser, "details_0", "return model.text"))
    model(browser, "search_0", "model.value = '<img src=x onerror=\"window.harmed = 1\">'")
    wait(lambda: "is not on the chart" in details(browser))
    model(browser, "choose_0", "model.value = model.options.Weights[0][0]")
    assert not browser.execute_script("return window.harmed")
    assert not browser.execute_script("return document.querySelectorAll('img[src=x]').length")


@pytest.fixture
def served(reported):
    """Address of a served explorer, which Ctrl-C ends."""
    arguments = ["explore", reported[1], "--port", "0", "--no-show"]
    command = [sys.executable, "-c", HEEDING_CTRL_C, *arguments]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        lines = []
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                yield found[0]
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, "".join(lines) + rest
    assert "Traceback" not in rest


def test_the_served_explorer_draws_what_it_is_asked_for(browser, wait, served, reported):
    browser.get_log("performance")
    browser.get(served + "#Sn-124")
    wait(lambda: browser.execute_script(READY))
    wait(lambda: "Sn-124" in details(browser))

    def rows(count):
        code = "const {nucleus, median} = model.source.data; return [[...nucleus], [...median]]"
        found = dict(zip(("nucleus", "median"), model(browser, "joint_table", code), strict=True))
        return found if len(found["nucleus"]) == count else None

    draws = RunTables.of(reported[1])
    model(browser, "joint_quantity", "model.value = 'S_1n'")
    model(browser, "joint_nuclei", "model.value = 'Sn-132 In-131'")
    found = wait(lambda: rows(2))
    expected = joint_table({"tin": draws}, "Sn-132 In-131", "S_1n")
    assert found["nucleus"] == expected["nucleus"].tolist()
    assert found["median"] == pytest.approx(expected["median"].tolist())
    saved = browser.execute_async_script(SAVED)
    header, first, second, _ = saved.split("\n")
    assert header.startswith("run,quantity,nucleus,Z,N,A,mean,median,sd,lower_68,")
    assert first.startswith("tin,S_1n,In-131,49,82,131,")
    assert second.startswith("tin,S_1n,Sn-132,50,82,132,")
    # Beside the draws, the single models.
    shown = model(
        browser, "joint_plot",
        """const legend = model.below.find((each) => each.type === "Legend");
           return Object.fromEntries(legend.items.map((item) =>
             [item.label.value, Array.from(item.renderers[0].data_source.data.y || [])]))""",
    )  # fmt: skip
    single = model_table(draws.chart, expected, "S_1n")
    assert set(shown) == {"tin", *single}
    for name in single:
        assert sorted(shown[name]) == pytest.approx(sorted(single[name]))
    model(browser, "joint_nuclei", "model.value = 'Pb-208'")
    wait(lambda: "Pb-208" in model(browser, "joint_status", "return model.text"))
    assert not [each for each in complaints(browser) if each["level"] == "SEVERE"]
    home = urlparse(served).netloc
    assert {urlparse(url).netloc for url in asked(browser)} <= {home, ""}
