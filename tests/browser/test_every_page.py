"""What holds on every page: found by following links, so that a new page is looked at as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, StorageState

from tests.browser import walk
from tests.browser.test_site import BROKEN, GROUP, MEI, STRANGER, answered, no_face, upload
from tests.sites import Site

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
LIMIT = 100_000
"""Bytes of a page without its photos."""
PHOTO = re.compile("/photos?/|/photo$")
STILL = 0.03
"""Cumulative layout shift, of which up to 0.1 counts as good."""
NEEDED = {"", "history/", "people/", "people/<int:pk>/", "identifications/<uuid:pk>/", "status/"}
OWN_ROWS = """
from django.utils import timezone
from recognition.models import Person, TrainingRun
Person.objects.create(name="Ы" * 200)
TrainingRun.objects.create(
    name="looked-at", architecture="paper", status="failed", finished_at=timezone.now()
)
"""
WHOLE = """() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    tab: document.querySelector("nav [aria-current]")?.getBoundingClientRect().toJSON(),
})"""
LINES = "new Set([...document.querySelectorAll('nav a')].map(a => a.offsetTop)).size"
MOVED = """() => new Promise((done) => {
    new PerformanceObserver((list, observer) => {
        observer.disconnect();
        done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0));
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(done, 300, 0);
})"""
UNSIZED = """() =>
    document.querySelectorAll("img:not([width]), img:not([height])").length"""


class Window:
    def __init__(self, site: Site, browser: Browser, state: StorageState) -> None:
        self._site, self._browser, self._state = site, browser, state

    def open(self, **options: Any) -> BrowserContext:
        return self._browser.new_context(
            base_url=self._site.url, storage_state=self._state, **{"locale": "en", **options}
        )


@pytest.fixture(scope="module")
def as_admin(site: Site, browser: Browser, logged_in: Callable[[str], StorageState]) -> Window:
    """Opens a window at a site that has been used: answers of every kind, a training, and somebody
    whose name is one long word."""
    site.manage("shell", "-v0", "-c", OWN_ROWS)
    window = Window(site, browser, logged_in("admin"))
    page = window.open().new_page()
    for photos in ((MEI,), (GROUP, STRANGER, BROKEN, no_face())):
        upload(page, *photos)
        answered(page)
    page.context.close()
    return window


@pytest.fixture(scope="module")
def paths(as_admin: Window) -> Mapping[str, str]:
    context = as_admin.open()
    found = walk.pages(context.request, "administrator")
    context.close()
    assert set(found) >= NEEDED
    return found


def visited(context: BrowserContext, paths: Mapping[str, str]) -> Iterator[tuple[str, Page]]:
    page = context.new_page()
    for path in paths.values():
        page.goto(path)
        yield path, page
    context.close()


def own(paths: Mapping[str, str]) -> dict[str, str]:
    """Without the administration, whose frame is not the site's."""
    return {pattern: path for pattern, path in paths.items() if not path.startswith("/admin/")}


def faults(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    as_admin: Window, paths: Mapping[str, str], scheme: Literal["light", "dark"]
) -> None:
    window = as_admin.open(color_scheme=scheme)
    found = {path: faults(page) for path, page in visited(window, paths)}
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_strangers(
    browser: Browser, site: Site, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(base_url=site.url, color_scheme=scheme)
    paths = walk.pages(context.request, "stranger") | {"404": "/nothing/"}
    assert "accounts/login/" in paths
    found = {path: faults(page) for path, page in visited(context, paths)}
    assert {path: said for path, said in found.items() if said} == {}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_is_cut_on_a_phone(
    as_admin: Window, paths: Mapping[str, str], language: str
) -> None:
    window = as_admin.open(locale=language, viewport={"width": 390, "height": 844})
    cut = []
    for path, page in visited(window, own(paths)):
        whole = page.evaluate(WHOLE)
        tab = whole["tab"]
        if whole["over"] > 0 or (tab and not 0 <= tab["left"] <= tab["right"] <= 390):
            cut.append((path, whole))
    assert cut == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_tabs_are_in_one_line_on_a_screen(as_admin: Window, language: str) -> None:
    page = as_admin.open(locale=language).new_page()
    page.goto("/")
    assert page.evaluate(LINES) == 1
    page.context.close()


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_tabs_are_in_two_lines_on_a_phone(as_admin: Window, language: str, width: int) -> None:
    page = as_admin.open(locale=language, viewport={"width": width, "height": 844}).new_page()
    page.goto("/")
    assert page.evaluate(LINES) == 2
    page.context.close()


def test_no_page_has_more_than_a_hundred_kilobytes_beside_its_photos(
    as_admin: Window, paths: Mapping[str, str]
) -> None:
    weights = {path: weight(as_admin, path) for path in own(paths).values()}
    assert {path: size for path, size in weights.items() if size > LIMIT} == {}


def weight(window: Window, path: str) -> int:
    """In bytes, for a browser that comes for the first time."""
    context = window.open()
    page = context.new_page()
    asked: list[Request] = []

    def note(request: Request) -> None:
        if not PHOTO.search(request.url):
            asked.append(request)

    page.on("requestfinished", note)
    page.goto(path, wait_until="load")
    size = sum(request.sizes()["responseBodySize"] for request in asked)
    context.close()
    return size


def test_nothing_moves_while_a_page_loads(as_admin: Window, paths: Mapping[str, str]) -> None:
    found = {}
    for path, page in visited(as_admin.open(), own(paths)):
        moved, unsized = page.evaluate(MOVED), page.evaluate(UNSIZED)
        if moved > STILL or unsized:
            found[path] = (moved, unsized)
    assert found == {}
