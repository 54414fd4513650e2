"""Reviewing in a browser: 200 faces by keyboard, many at once, undo, without scripts, on a phone.

`python -m pytest -m browser -s tests/browser/test_review.py -k keyboard` prints what 16 faces and
200 faces take.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, StorageState, expect

from tests.browser.conftest import listen, log_in
from tests.browser.test_site import overflow
from tests.sites import Site

pytestmark = pytest.mark.browser

ASKED = """
from recognition.models import User
from tests.reviewing import ask, multiply
ask(User.objects.get(username="user"))
multiply(300)
"""
KEYS = {"match": "RN3F", "unknown": "NF12", "ambiguous": "1NF2", "unclear": "NF1N"}
"""What is pressed, in turn, for a face that was answered so."""
SEEN = "[data-card]:not([hidden])"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    """A running site with the demo gallery, where hundreds of faces wait for a review."""
    site = make_site()
    for name, role in (("user", "user"), ("first", "reviewer"), ("second", "reviewer")):
        site.make_user(name, role)
    site.manage("prepare", "--demo")
    site.manage("shell", "-v0", "-c", ASKED)
    return site.start()


@pytest.fixture(scope="module")
def cookies(site: Site, browser: Browser) -> dict[str, StorageState]:
    states = {}
    for name in ("first", "second"):
        context = browser.new_context(base_url=site.url, locale="en")
        log_in(context.new_page(), name)
        states[name] = context.storage_state()
        context.close()
    return states


@pytest.fixture
def review(site: Site, browser: Browser, cookies: dict[str, StorageState]) -> Iterator[Open]:
    """Opens the reviewers' page in a window of its own, as one of two of them."""
    contexts, complaints = [], list[str]()

    def open_page(
        path: str = "/review/", who: str = "first", *, faultless: bool = True, **window: Any
    ) -> Page:
        usual: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "locale": "en"}
        state = cookies[who]
        context = browser.new_context(base_url=site.url, storage_state=state, **usual | window)
        contexts.append(context)
        page = context.new_page()
        if faultless:
            listen(page, complaints)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


class Requests:
    """What a page asks for: verdicts, pictures, and whatever else; and how long the site took.
    Once a minute it says that somebody still looks, however many faces that are."""

    def __init__(self, page: Page) -> None:
        self.kinds, self.milliseconds = Counter[str](), list[float]()
        page.on("request", self._count)
        page.on("requestfinished", self._time)

    def _count(self, request: Request) -> None:
        kind = "picture" if request.resource_type == "image" else request.resource_type
        if not request.url.endswith("/review/hold/"):
            self.kinds["verdict" if request.method == "POST" else kind] += 1

    def _time(self, request: Request) -> None:
        if request.method == "POST":
            timing = request.timing
            self.milliseconds.append(timing["responseStart"] - timing["requestStart"])


def card(page: Page) -> str:
    return page.locator(SEEN).get_attribute("data-card") or ""


def press(page: Page, key: str) -> None:
    """One key, and another face is there."""
    page.evaluate("() => document.querySelector('[data-card]:not([hidden])').id = 'judged'")
    page.keyboard.press(key)
    page.wait_for_selector(f"{SEEN}:not(#judged)")


def by_keyboard(page: Page, faces: int) -> None:
    turns = {answer: itertools.cycle(keys) for answer, keys in KEYS.items()}
    for _ in range(faces):
        said = (page.locator(SEEN).get_attribute("class") or "").split()[-1]
        press(page, next(turns[said]))
    kept(page)


def kept(page: Page) -> None:
    """Every verdict is."""
    page.wait_for_selector("#cards:not([aria-busy=true])")


def ask(site: Site, question: str) -> str:
    """What a line of Python says in the site."""
    code = f"from recognition.models import *; print({question})"
    return site.manage("shell", "-v0", "-c", code).strip()


def reviewed(site: Site) -> int:
    return int(ask(site, "ProbeFace.objects.exclude(review='').count()"))


@pytest.mark.parametrize("faces", [16, 200])
def test_by_keyboard_a_face_takes_one_key_and_one_request(
    site: Site, review: Open, faces: int
) -> None:
    page, before = review(), reviewed(site)
    seen = Requests(page)
    by_keyboard(page, faces)
    spent = f"{median(seen.milliseconds):.0f} ms until the site answers (median)"
    sys.stdout.write(f"\n{faces} faces, {faces} keys: {dict(seen.kinds)}, {spent}\n")
    assert seen.kinds["verdict"] == faces
    assert set(seen.kinds) == {"verdict", "picture"}, "a page was loaded, or something else"
    assert reviewed(site) - before == faces


def test_the_faces_that_come_next_are_there_with_their_pictures(review: Open) -> None:
    page = review()
    ahead = page.locator("[data-card][hidden]")
    expect(ahead).to_have_count(2)
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    assert page.locator("[data-card][hidden] img").evaluate_all(loaded)
    unanswered: list[Route] = []

    def leave(route: Route) -> None:
        unanswered.append(route)

    page.route("**/review/faces/**", leave)
    expected = ahead.first.get_attribute("data-card")
    press(page, "N")
    assert card(page) == expected
    unanswered[0].continue_()
    kept(page)


def test_undo_brings_back_the_face_and_takes_back_the_verdict(site: Site, review: Open) -> None:
    page = review()
    first = card(page)
    press(page, "F")
    press(page, "Space")
    press(page, "U")
    kept(page)
    assert card(page) == first
    assert ask(site, f"repr(ProbeFace.objects.get(pk={first}).review)") == "''"
    expect(page.locator(f"{SEEN} .past")).to_contain_text("Taken back")
    expect(page.locator("#undo")).to_be_hidden()


def test_somebody_else_is_found_by_typing_a_name(site: Site, review: Open) -> None:
    page = review("/review/?decision=unknown")
    first = card(page)
    page.keyboard.press("s")
    page.keyboard.type("sofi")
    expect(page.locator(f"{SEEN} .found button")).to_have_count(1)
    press(page, "Enter")
    kept(page)
    said = f"ProbeFace.objects.get(pk={first})"
    assert ask(site, f"{said}.review, {said}.true_person.name") == "somebody_else Sofia_Marquez"


def test_the_keys_work_in_a_russian_layout_and_explain_themselves(review: Open) -> None:
    page = review(locale="ru")
    first = card(page)
    page.keyboard.press("?")
    expect(page.locator("#keys dl")).to_be_visible()
    page.evaluate("""document.body.dispatchEvent(
        new KeyboardEvent("keydown", {code: "KeyF", key: "а", bubbles: true, cancelable: true}))""")
    expect(page.locator(SEEN)).not_to_have_attribute("data-card", first)


def test_a_verdict_that_did_not_get_through_is_told_and_the_face_is_back(review: Open) -> None:
    page = review(faultless=False)
    first = card(page)
    page.context.set_offline(True)
    page.keyboard.press("F")
    expect(page.locator("#refused")).to_contain_text("The site did not answer.")
    assert card(page) == first
    page.context.set_offline(False)
    press(page, "F")
    expect(page.locator("#refused")).to_be_hidden()


def test_two_reviewers_are_never_shown_the_same_face(review: Open) -> None:
    windows = [review(who=name) for name in ("first", "second")]
    seen: list[set[str]] = [set(), set()]
    for _ in range(5):
        for window, faces in zip(windows, seen, strict=True):
            faces.add(card(window))
            press(window, "N")
    assert len(seen[0]) == len(seen[1]) == 5
    assert not seen[0] & seen[1]


def test_in_the_grid_many_are_judged_but_those_without_a_tick(site: Site, review: Open) -> None:
    page, before = review("/review/grid/?decision=match"), reviewed(site)
    crowd = page.locator(".crowd").first
    ticked = crowd.locator("[name=face]").count()
    crowd.locator(".crowd-face").first.click()
    expect(crowd.locator(".ticked").first).to_have_text(str(ticked - 1))
    crowd.get_by_role("button", name="The ticked ones are right").click()
    expect(page.locator(".message")).to_contain_text(f"{ticked - 1} faces judged.")
    assert "decision=match" in page.url
    assert reviewed(site) - before == ticked - 1
    page.get_by_role("button", name="Undo").click()
    page.wait_for_load_state("networkidle")
    assert reviewed(site) == before


def test_without_scripts_buttons_do_the_same(site: Site, review: Open) -> None:
    page, before = review("/review/?decision=match", java_script_enabled=False), reviewed(site)
    first = card(page)
    page.locator(f"{SEEN} [value=right]").click()
    expect(page).to_have_url(f"{site.url}/review/?decision=match&after={first}&done={first}")
    assert reviewed(site) - before == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(SEEN)).to_have_attribute("data-card", first)
    assert reviewed(site) == before


def test_without_scripts_a_person_is_searched_for(site: Site, review: Open) -> None:
    page = review("/review/?decision=unknown", java_script_enabled=False)
    before, first = reviewed(site), card(page)
    page.locator(f"{SEEN} .elsewhere > summary").click()
    page.locator(f"{SEEN} [name=q]").fill("sofia")
    page.locator(f"{SEEN} [name=q]").press("Enter")
    page.locator(f"{SEEN} .found button").click()
    expect(page).to_have_url(f"{site.url}/review/?decision=unknown&after={first}&done={first}")
    assert reviewed(site) - before == 1


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("path", ["/review/", "/review/grid/"])
def test_on_a_phone_nothing_is_wider_than_the_page(review: Open, path: str, language: str) -> None:
    page = review(path, viewport={"width": 390, "height": 844}, locale=language)
    assert overflow(page) <= 0
    page.locator(".review-filter > summary").click()
    assert overflow(page) <= 0
