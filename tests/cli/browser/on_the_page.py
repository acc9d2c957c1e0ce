"""What a test sees of a page that is open in a browser."""

import json
import re

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
