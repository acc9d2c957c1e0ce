"""Equations become MathML while the site is built: no script has to be fetched to read them."""

import html
import re
from typing import Any

from latex2mathml.converter import convert

_SHAPES = (
    (re.compile(r'<span class="arithmatex">\\\((.+?)\\\)</span>', re.DOTALL), "inline"),
    (re.compile(r'<div class="arithmatex">\s*\\\[(.+?)\\\]\s*</div>', re.DOTALL), "block"),
)


def on_page_content(content: str, **_: Any) -> str:
    """Convert the equations of a page; called by mkdocs."""
    for shape, display in _SHAPES:
        content = shape.sub(
            lambda found, how=display: convert(html.unescape(found[1]).strip(), display=how),
            content,
        )
    return content
