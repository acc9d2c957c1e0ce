"""Equations become MathML while the site is built: no script has to be fetched to read them.

The script that notebooks would fetch for theirs is taken out; they have none.
"""

import html
import re
from typing import Any

from latex2mathml.converter import convert

_SHAPES = (
    (re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL), "inline"),
    (re.compile(r'<div class="arithmatex">\s*\\\[(.+?)\\\]\s*</div>', re.DOTALL), "block"),
)
_FETCHED = re.compile(r"<script data-mkdocs-jupyter-mathjax=.*?</script>", re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    """Convert the equations of a page; called by mkdocs."""
    for shape, display in _SHAPES:
        content = shape.sub(lambda found, how=display: _equation(found[1], how), content)
    return content


def on_post_page(output: str, **_: Any) -> str:
    """Take out what would be fetched; called by mkdocs."""
    return _FETCHED.sub("", output)


def _equation(text: str, display: str) -> str:
    made = convert(html.unescape(text).strip(), display=display)
    # On a phone, a long equation scrolls, and not the page.
    return f'<div style="overflow-x: auto">{made}</div>' if display == "block" else made
