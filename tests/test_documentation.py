"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = ("README.md", "CONTRIBUTING.md")
PAGES = [*TOP, *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]
SECTION = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(path):
    """Identifiers of its headings, as the site and GitHub make them."""
    for heading in SECTION.findall(path.read_text(encoding="utf-8")):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("name", TOP)  # the strict build of the site checks the others
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    for link in links:
        path, _, section = link.partition("#")
        assert (ROOT / path).exists(), link
        assert not section or section in anchors(ROOT / path), link


@pytest.mark.parametrize("name", PAGES)
def test_scripts_that_are_named_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for script in re.findall(
        r"\b(?:benchmarks|examples|docs|data|tests)/[\w/]+\.(?:py|toml)", text
    ):
        assert (ROOT / script).is_file() or "NAME" in script, script
