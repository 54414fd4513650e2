"""From an invitation to the first answer, on a phone and in either language."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_site import MEI, answered, overflow
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("language", "name"), [("en", "newcomer"), ("ru", "novenkaya")], ids=["en", "ru"]
)
def test_whoever_is_invited_signs_up_and_gets_an_answer(
    visit: Visit, language: str, name: str
) -> None:
    operator = visit("operator")
    operator.goto("/invite/")
    operator.click("main form button.primary")
    link = operator.locator("#link").input_value()

    page = visit(width=390, language=language)
    page.goto(link)
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert overflow(page) <= 0
    page.fill("[name=username]", name)
    for field in page.locator("[type=password]").all():
        field.fill(PASSWORD)
    page.click("main form button.primary")
    page.wait_for_selector("[data-dropzone].ready")
    page.set_input_files("input[type=file]", MEI)
    page.click("[data-dropzone] button.primary")
    answered(page)
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")
