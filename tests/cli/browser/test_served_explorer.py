"""The served explorer, and hostile names, in a real browser."""

import os
import re
import signal
import subprocess
import sys
from urllib.parse import urlparse

import pytest
from on_the_page import READY, SAVED, asked, complaints, details, model

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
