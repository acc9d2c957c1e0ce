"""The report and the served explorer in a real browser, where there is one."""

import json
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
from bmm.report.workbench import joint_table
from bmm.workflows.separations import JointDraws

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
    wait(lambda: "not measured" in page.execute_script(TEXT))


def test_a_click_on_the_chart_chooses_the_nucleus(page, wait):
    chain = pointer(page, 50, 70)
    chain.w3c_actions.pointer_action.click()
    chain.perform()
    wait(lambda: "Sn-120" in details(page))
    assert page.execute_script("return window.location.hash") == "#Sn-120"


def test_search_and_address_show_the_numbers_of_the_nucleus(page, wait, contents):
    row = contents.chart.set_index("label").loc["Sn-132"]
    model(page, "search_0", "model.value = '132Sn'")
    shown = wait(lambda: "Sn-132" in (text := details(page)) and text)
    for number in (
        f"{row['mean']:.3f} ± {row['sd']:.3f} MeV",
        f"{row['measured']:.3f} MeV",
        f"{row['residual']:.3f} MeV",
        f"{row['S_2n_median']:.3f} ± {row['S_2n_sd']:.3f} MeV",
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
    parts = [source(page, f"part_{k}", "density") for k in range(2)]
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

    draws = JointDraws.of(reported[1])
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
    model(browser, "joint_nuclei", "model.value = 'Pb-208'")
    wait(lambda: "Pb-208" in model(browser, "joint_status", "return model.text"))
    assert not [each for each in complaints(browser) if each["level"] == "SEVERE"]
    home = urlparse(served).netloc
    assert {urlparse(url).netloc for url in asked(browser)} <= {home, ""}
