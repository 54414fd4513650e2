from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, expect, sync_playwright

from tests.browser.screenshots import ARGUMENTS, CHROMIUM
from tests.factories import PASSWORD
from tests.sites import Site

WAIT_MILLISECONDS = 30_000
"""Until something expected counts as missing: others may be using the machine."""


class Visit(Protocol):
    """Opens a window at the site, as somebody with this role; without one, as a stranger."""

    def __call__(
        self, role: str | None = None, *, width: int = 1280, language: str = "en"
    ) -> Page: ...


@pytest.fixture(scope="session")
def site(make_site: Callable[..., Site]) -> Site:
    """A running site with the demo gallery and somebody of every role."""
    site = make_site()
    for role in ("user", "reviewer", "operator"):
        site.make_user(role, role)
    return site.start("--demo")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def logged_in(site: Site, browser: Browser) -> Callable[[str], StorageState]:
    """The cookies of somebody with this role, who logs in once: the site limits log-ins a minute,
    and a fast machine would open more windows than that."""

    @cache
    def cookies(role: str) -> StorageState:
        context = browser.new_context(base_url=site.url, locale="en")
        log_in(context.new_page(), role)
        state = context.storage_state()
        context.close()
        return state

    return cookies


@pytest.fixture
def visit(
    site: Site, browser: Browser, logged_in: Callable[[str], StorageState]
) -> Iterator[Visit]:
    """In no window may a script fail or the content security policy have to stop anything."""
    contexts, complaints = [], list[str]()

    def visit(role: str | None = None, *, width: int = 1280, language: str = "en") -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 900},
            locale=language,
            storage_state=logged_in(role) if role else None,
        )
        contexts.append(context)
        page = context.new_page()
        listen(page, complaints)
        if role is not None:
            page.goto("/")
            page.wait_for_selector("[data-dropzone].ready")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def listen(page: Page, complaints: list[str]) -> None:
    def console(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", console)


def log_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.primary")
    page.wait_for_selector("[data-dropzone].ready")
