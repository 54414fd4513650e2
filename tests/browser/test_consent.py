"""Consent of several people at once, and its withdrawal, as an operator goes about it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_site import MEI, answered, overflow, upload

pytestmark = pytest.mark.browser
CHOSEN = ("Amina Diallo", "Mei Tanaka", "Sofia Marquez")


def open_person(page: Page, name: str) -> None:
    page.goto("/people/")
    page.get_by_role("link", name=name).click()
    expect(page.locator("h1")).to_have_text(name)


def test_consent_is_recorded_in_bulk_and_who_withdraws_is_named_no_more(visit: Visit) -> None:
    page, asker = visit("operator", width=390), visit("user")
    page.goto("/people/")
    assert overflow(page) <= 0
    for name in CHOSEN:
        page.get_by_role("checkbox", name=f"Choose {name}").check()
    page.get_by_role("button", name="Record consent for the chosen people").click()
    expect(page.locator("main")).to_contain_text("3 people have agreed")
    assert overflow(page) <= 0
    page.get_by_label("To be recognised").check()
    page.get_by_label("How they agreed").select_option(label="On paper, signed")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".message")).to_have_text("The consent of 3 people is recorded.")
    upload(asker, MEI)
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Mei Tanaka")

    open_person(page, "Mei Tanaka")
    expect(page.locator(".consents > li")).to_have_count(1)
    expect(page.locator(".consents")).to_contain_text("On paper, signed")
    assert overflow(page) <= 0
    page.get_by_role("link", name="Withdraw consent").click()
    expect(page.locator("h1")).to_have_text("Withdraw consent?")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".consents")).to_contain_text("withdrawn on")
    upload(asker, MEI)
    answered(asker)
    expect(asker.locator(".face.unknown")).to_have_count(1)

    page.get_by_role("link", name="Record consent").click()
    page.get_by_label("To be recognised").check()
    page.get_by_label("How they agreed").select_option(label="Electronically")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".consents > li")).to_have_count(2)
    upload(asker, MEI)
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Mei Tanaka")
