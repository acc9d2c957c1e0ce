"""A browser, and the small report opened in it."""

import shutil

import pytest
from on_the_page import READY, details


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
