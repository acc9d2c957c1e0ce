"""The report of a small run: numbers, no network, and in a real browser where there is one."""

import json
import re
import shutil
from urllib.parse import urlparse

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

from bmm.report.contents import gather
from bmm.report.explorer import _constant

CONFIGURATION = """
description = "a few nuclei around tin, <b>for the tests</b>"
seed = 11
[data]
Z = [46, 52]
N = [60, 82]
[theory]
models = ["FRDM1995", "DZ33"]
[chart]
Z = [46, 52]
N = [58, 86]
[mixing.basis]
m_Z = 4
m_N = 5
[mixing.sampler]
chains = 2
draws = 60
tune = 150
"""


@pytest.fixture(scope="module")
def finished(call_bmm, tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    (place / "tin.toml").write_text(CONFIGURATION)
    done = call_bmm("run", place / "tin.toml", "-o", place / "tin")
    assert done.code == 3, done.err  # so few draws cannot have converged
    return done, place


@pytest.fixture(scope="module")
def contents(finished):
    return gather(finished[1] / "tin")


def test_a_run_ends_with_its_report(finished):
    done, place = finished
    assert f"report: {place / 'tin' / 'report.html'}" in done.out
    page = (place / "tin" / "report.html").read_text()
    assert "NOT CONVERGED, do not use" in page
    assert "a few nuclei around tin, &lt;b&gt;for the tests&lt;/b&gt;" in page
    scores = json.loads((place / "tin" / "scores.json").read_text())
    assert f"{1000 * scores['rms_MeV']['mean']:.0f} keV" in page
    assert scores["provenance"]["sha256"]["FRDM1995"] in page


def test_the_page_asks_no_one_for_anything(finished):
    page = (finished[1] / "tin" / "report.html").read_text()
    plain = re.sub(r"<script[^>]*>.*?</script>", "<script>", page, flags=re.DOTALL)
    assert not re.findall(r"<script[^>]+src", page[: page.index("<body>")])
    addresses = re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']([^\"']+)", plain)
    assert addresses
    assert all(urlparse(each).scheme == "data" for each in addresses)
    assert len(page) < 15e6
    assert all(f"alt={quote}" in page for quote in ('"coverage', '"residuals', '"PIT'))


def test_the_chart_holds_the_predictions(finished, contents):
    table = pd.read_csv(finished[1] / "tin" / "predictions.csv")
    assert contents.chart["mean"].tolist() == table["mean"].tolist()
    assert contents.models == ["FRDM1995", "DZ33"]
    row = contents.chart.set_index("label").loc["Sn-132"]
    beside = contents.chart.set_index("label").loc["Sn-130"]
    assert row["S_2n"] == pytest.approx(beside["mean"] - row["mean"] + 2 * 8.07131806)
    assert row["residual"] == pytest.approx(row["measured"] - row["mean"])


def test_components_make_up_the_predictive_density(contents):
    i = contents.chart["label"].tolist().index("Sn-132")
    centre, share, scale = (each[i] for each in (contents.centre, contents.share, contents.scale))
    assert share.sum() == pytest.approx(1, abs=1e-5)
    assert share @ centre == pytest.approx(contents.chart["mean"][i], abs=0.02)
    height = _constant(contents.nu)
    mass = integrate.quad(
        lambda z: height * (1 + z**2 / contents.nu) ** (-0.5 * (contents.nu + 1)), -np.inf, np.inf
    )[0]
    assert mass == pytest.approx(1)
    assert (scale > 0).all()


def test_surprises_come_in_order(contents):
    table = contents.surprises()
    size = table["off_sd"].abs().to_numpy()
    assert len(table) == 15
    assert (np.diff(size) <= 0).all()
    known = contents.chart[contents.chart["measured"].notna()]
    assert size[0] == pytest.approx((known["residual"] / known["sd"]).abs().max())


def test_runs_side_by_side(bmm, finished):
    run = finished[1] / "tin"
    done = bmm("report", run, run, "-o", finished[1] / "both.html")
    assert done.code == 0, done.err
    assert "Side by side" in (finished[1] / "both.html").read_text()


def test_what_is_no_run_is_named(bmm, tmp_path):
    done = bmm("report", tmp_path / "nothing")
    assert done.code == 2
    assert "nothing" in done.err


@pytest.fixture(scope="module")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no browser: chromium and chromedriver are not installed")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


READY = "return !!(window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle)"
DETAILS = "return Bokeh.documents[0].roots()[0].children[2].children[0].text"


@pytest.fixture
def page(browser, finished):
    from selenium.webdriver.support.ui import WebDriverWait

    def wait(condition):
        return WebDriverWait(browser, 30).until(lambda driver: condition(driver))

    browser.get("about:blank")
    browser.get((finished[1] / "tin" / "report.html").as_uri() + "#Sn-124")
    wait(lambda driver: driver.execute_script(READY))
    wait(lambda driver: "Sn-124" in driver.execute_script(DETAILS))
    return browser, wait


@pytest.mark.browser
def test_the_page_opens_without_errors_or_requests(page):
    browser, _ = page
    complaints = [each for each in browser.get_log("browser") if each["level"] == "SEVERE"]
    assert not complaints
    events = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    asked = [
        each["params"]["request"]["url"]
        for each in events
        if each["method"] == "Network.requestWillBeSent"
    ]
    assert {urlparse(url).scheme for url in asked} <= {"file", "data", "about"}


@pytest.mark.browser
def test_search_and_address_show_the_numbers_of_the_nucleus(page, contents):
    browser, wait = page
    row = contents.chart.set_index("label").loc["Sn-132"]
    script = "Bokeh.documents[0].roots()[0].children[0].children[1].value = '132Sn'"
    browser.execute_script(script)
    shown = wait(lambda driver: "Sn-132" in (t := driver.execute_script(DETAILS)) and t)
    assert f"{row['mean']:.3f} ± {row['sd']:.3f} MeV; measured {row['measured']:.3f}" in shown
    assert browser.execute_script("return window.location.hash") == "#Sn-132"
    browser.execute_script(script.replace("132Sn", "Sn-999"))
    assert wait(lambda driver: "is not on the chart" in driver.execute_script(DETAILS))


@pytest.mark.browser
def test_a_click_on_the_chart_chooses_the_nucleus(page, contents):
    from selenium.webdriver.common.action_chains import ActionChains

    browser, wait = page
    x, y = browser.execute_script(
        """
        const chart = Bokeh.documents[0].roots()[0].children[1];
        const view = Bokeh.index.find_one(chart);
        const frame = view.frame, box = view.el.getBoundingClientRect();
        view.el.scrollIntoView({block: "center"});
        const now = view.el.getBoundingClientRect();
        return [now.x + frame.bbox.left + frame.x_scale.compute(70) - frame.bbox.left,
                now.y + frame.y_scale.compute(50)];
        """
    )
    pointer = ActionChains(browser)
    pointer.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    pointer.w3c_actions.pointer_action.click()
    pointer.perform()
    wait(lambda driver: "Sn-120" in driver.execute_script(DETAILS))
    assert browser.execute_script("return window.location.hash") == "#Sn-120"
