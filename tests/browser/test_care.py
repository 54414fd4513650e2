"""What operators put right about people, as they go about it. Each leaves the site as it was."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_consent import open_person
from tests.browser.test_site import MEI, another_photo_of, answered, overflow, payload, upload
from tests.sites import Site

pytestmark = pytest.mark.browser


def add_person(page: Page, name: str) -> None:
    page.goto("/people/add/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Continue to the photos").click()


def enrol(page: Page, *photos: object) -> None:
    page.get_by_label("Enrol what looks like somebody else anyway").check()
    page.set_input_files("input[type=file]", [payload(photo) for photo in photos])  # type: ignore[arg-type]
    page.click("[data-dropzone] button.primary")
    expect(page.locator(".enrolled > li")).to_have_count(len(photos))


def whom(page: Page) -> str:
    upload(page, MEI)
    answered(page)
    return page.locator(".face h3").inner_text()


def test_a_double_is_merged_and_told_apart_again(visit: Visit) -> None:
    page, asker = visit("operator", width=390), visit("user")
    add_person(page, "M. Tanaka")
    enrol(page, another_photo_of(MEI))
    page.get_by_role("link", name="Merge").click()
    assert overflow(page) <= 0
    page.get_by_role("link", name="Mei Tanaka").click()
    expect(page.locator("h1")).to_have_text("Merge these two?")
    assert overflow(page) <= 0
    page.get_by_role("radio", name="Mei Tanaka").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.locator("h1")).to_have_text("Mei Tanaka")
    expect(page.locator(".message")).to_contain_text("M. Tanaka is merged with Mei Tanaka.")
    assert overflow(page) <= 0
    assert whom(asker) == "Mei Tanaka"
    photos = page.locator(".enrolled > li").count()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("M. Tanaka")
    expect(page.locator(".enrolled > li")).to_have_count(1)
    open_person(page, "Mei Tanaka")
    expect(page.locator(".enrolled > li")).to_have_count(photos - 1)
    remove(page, "M. Tanaka")


def remove(page: Page, name: str) -> None:
    page.goto(f"/people/?q={name}")
    page.locator(".people a.person").first.click()
    page.get_by_role("link", name="Remove").first.click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.locator(".message")).to_contain_text(f"{name} was removed.")


def test_a_photo_under_the_wrong_name_is_moved_by_keyboard(visit: Visit) -> None:
    page = visit("operator")
    add_person(page, "Wrong Name")
    enrol(page, another_photo_of(MEI))
    page.get_by_role("checkbox", name="Choose photo 1").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Move the chosen photos").press("Enter")
    expect(page.locator("h1")).to_have_text("Whose photos are these?")
    page.get_by_role("button", name="Mei Tanaka").press("Enter")
    expect(page.locator(".message")).to_have_text("1 photo now belongs to Mei Tanaka.")
    expect(page.locator("#photos")).to_contain_text("No photo is enrolled yet")
    remove(page, "Wrong Name")
    open_person(page, "Mei Tanaka")
    moved = page.locator(".enrolled > li", has_text="another.jpg")
    moved.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.locator(".message")).to_have_text("The photo was removed.")


def test_who_is_hidden_is_not_named_until_they_are_again(visit: Visit) -> None:
    page, asker = visit("operator"), visit("user")
    open_person(page, "Mei Tanaka")
    page.get_by_role("button", name="Hide from answers").click()
    expect(page.locator("main")).to_contain_text("no answer names this person")
    assert whom(asker) != "Mei Tanaka"
    page.get_by_role("button", name="Name them again").click()
    expect(page.get_by_role("button", name="Hide from answers")).to_be_visible()
    assert whom(asker) == "Mei Tanaka"


def doubles(page: Page, site: Site) -> None:
    """What there is to look at, without waiting until the site does so by itself."""
    site.manage("look_over")
    page.goto("/people/to-look-at/")


@pytest.mark.parametrize("width", [390, 1280])
def test_who_may_be_there_twice_is_resolved_in_place(visit: Visit, site: Site, width: int) -> None:
    page = visit("operator", width=width)
    add_person(page, "M. Tanaka")
    enrol(page, another_photo_of(MEI))
    doubles(page, site)
    expect(page.locator(".findings > li")).to_have_count(1)
    assert overflow(page) <= 0
    page.get_by_role("button", name="Two people").click()
    expect(page.locator(".empty")).to_have_text("Nothing of this kind.")
    doubles(page, site)
    expect(page.locator(".empty")).to_be_visible()
    remove(page, "M. Tanaka")

    add_person(page, "Mei T.")
    enrol(page, another_photo_of(MEI))
    doubles(page, site)
    page.get_by_role("button", name="One person: keep “Mei Tanaka”").click()
    expect(page.locator(".message")).to_contain_text("Mei T. is merged with Mei Tanaka.")
    expect(page.locator(".empty")).to_be_visible()
    open_person(page, "Mei Tanaka")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("Mei T.")
    remove(page, "Mei T.")
