"""All pages together: links lead somewhere, names that they use exist, and every page can be found."""

from __future__ import annotations

import re
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors(page: str) -> set[str]:
    """What `#…` may name in a page, as GitHub makes it from headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for link in _LINK.findall(_FENCED.sub("", PAGES[name])):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_names_exist(name: str) -> None:
    named = re.findall(r"`((?:qt_engine|qt_tui|tests|docs|configs|themes|benchmarks)/[\w./-]*)`", PAGES[name])
    for path in named:
        if path == "qt_engine/_shipped" or "NAME" in path:  # made when a wheel is built; a place for a name
            continue
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", PAGES)
def test_modules_classes_and_functions_that_a_page_names_exist(name: str) -> None:
    for dotted in re.findall(r"\b((?:qt_engine|qt_tui)(?:\.\w+)+)", PAGES[name]):
        if dotted.endswith(".py"):
            continue
        words = dotted.split(".")
        for length in range(len(words), 0, -1):
            try:
                module = import_module(".".join(words[:length]))
            except ModuleNotFoundError:
                continue
            reduce(getattr, words[length:], module)  # raises AttributeError, naming what does not exist
            break
        else:
            pytest.fail(dotted)


def test_the_index_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in _LINK.findall(PAGES["docs/index.md"])}
    pages = {Path(name).name for name in PAGES if name.startswith("docs/")} - {"index.md"}
    assert pages <= linked


def test_every_picture_is_shown_somewhere() -> None:
    shown = {Path(link).name for page in PAGES.values() for link in _LINK.findall(page)}
    assert {path.name for path in (ROOT / "docs" / "images").iterdir()} <= shown
