"""Two photos, and whether they show one person, as a user asks it."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_site import GROUP, MEI, STRANGER, another_photo_of, overflow, payload

pytestmark = pytest.mark.browser


def choose(page: Page, *photos: FilePayload) -> None:
    page.goto("/")
    page.get_by_role("link", name="Compare two photos").click()
    page.set_input_files("input[type=file]", list(photos))


def compare(page: Page, *photos: FilePayload) -> None:
    choose(page, *photos)
    page.get_by_role("button", name="Compare", exact=True).click()


@pytest.mark.parametrize("width", [1280, 390])
def test_two_photos_are_compared_and_the_comparison_is_deleted(visit: Visit, width: int) -> None:
    page = visit("user", width=width)
    compare(page, payload(MEI), another_photo_of(MEI))
    expect(page.locator(".comparison-verdict h2")).to_have_text("The same person")
    expect(page.locator(".comparison-verdict")).to_contain_text("almost certainly")
    expect(page.locator(".compared-photos img").last).to_be_visible()
    assert overflow(page) <= 0
    page.get_by_role("button", name="Delete this comparison").click()
    expect(page.locator(".message")).to_contain_text("were deleted")
    compare(page, payload(MEI), payload(STRANGER))
    expect(page.locator(".comparison-verdict h2")).to_have_text("Two people")


def test_of_a_group_the_face_is_chosen(visit: Visit) -> None:
    page = visit("user")
    compare(page, payload(MEI), payload(GROUP))
    faces = page.get_by_role("navigation", name=f"Faces of {GROUP.name}")
    expect(faces.get_by_role("link")).to_have_count(4)
    said = []
    for number in range(1, 5):
        faces.get_by_role("link", name=f"Face {number}").click()
        expect(faces.get_by_role("link", name=f"Face {number}")).to_have_attribute(
            "aria-current", "true"
        )
        said.append(page.locator(".comparison-verdict h2").inner_text())
    assert said.count("Two people") >= 3, "one of them at the most is Mei Tanaka"


def test_it_takes_two(visit: Visit) -> None:
    page = visit("user")
    choose(page, payload(MEI), payload(GROUP), payload(STRANGER))
    expect(page.get_by_role("alert")).to_have_text("At most 2 photos at a time. Remove some.")
