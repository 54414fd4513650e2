"""Somebody comes again and again, is one stranger, gets a name, and is recognised from then on."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import WAIT_MILLISECONDS, Visit
from tests.browser.screenshots import DEMO
from tests.browser.test_care import remove
from tests.browser.test_site import answered, overflow, upload

pytestmark = pytest.mark.browser
SOMEBODY = DEMO / "strangers" / "5.jpg"
ANOTHER = DEMO / "strangers" / "7.jpg"
NAME = "Nora Newman"


def photos_of(path: Path, first: int, last: int) -> Iterator[FilePayload]:
    """Each turned a little and in a light of its own."""
    for number in range(first, last):
        with Image.open(path) as photo:
            turned = photo.convert("RGB").rotate(2 * number - 4, Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        ImageEnhance.Brightness(turned).enhance(0.8 + number / 10).save(buffer, "JPEG", quality=85)
        name = f"seen-{number}.jpg"
        yield {"name": name, "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def a_crop(asker: Page) -> str:
    """Where the face in the first of the answers is."""
    asker.locator(".tile").first.click()
    return asker.locator(".crop img").get_attribute("src") or ""


def row_with(page: Page, crop: str, photos: int) -> Locator:
    """The stranger with this face, once a worker has put so many photos together: other tests leave
    strangers of their own."""
    row = page.locator(".stranger", has_text=f"in {photos} photos")
    row = row.filter(has=page.locator(f'img[src="{crop}"]'))
    for _ in range(WAIT_MILLISECONDS // 500):
        page.goto("/strangers/")
        if row.count():
            break
        page.wait_for_timeout(500)
    return row


def test_somebody_seen_again_and_again_gets_a_name(visit: Visit) -> None:
    asker, reviewer, operator = visit("user"), visit("reviewer", width=390), visit("operator")
    upload(asker, *photos_of(SOMEBODY, 0, 4))
    answered(asker)
    crop = a_crop(asker)
    expect(row_with(reviewer, crop, 4)).to_have_count(1)
    assert overflow(reviewer) <= 0
    row_with(reviewer, crop, 4).click()
    expect(reviewer.locator(".crops img")).to_have_count(4)
    expect(reviewer.get_by_role("link", name="Say who it is")).to_have_count(0)
    assert overflow(reviewer) <= 0

    row_with(operator, crop, 4).click()
    operator.get_by_role("link", name="Say who it is").click()
    operator.get_by_label("Or somebody new, called").fill(NAME)
    operator.get_by_role("button", name="That is who it is").click()
    expect(operator.locator(".message")).to_contain_text(f"Found to be {NAME}.")
    operator.get_by_role("link", name="The person").click()
    expect(operator.locator(".enrolled > li")).to_have_count(4)

    asker.goto("/history/")
    expect(asker.get_by_text(f"since found to be {NAME}")).to_have_count(4)
    upload(asker, *photos_of(SOMEBODY, 4, 5))
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text(NAME)
    remove(operator, NAME)
    asker.goto("/history/")
    expect(asker.get_by_text(NAME)).to_have_count(0)


def test_a_face_that_is_somebody_else_is_parted_by_keyboard(visit: Visit) -> None:
    asker, reviewer = visit("user"), visit("reviewer")
    upload(asker, *photos_of(ANOTHER, 0, 5))
    answered(asker)
    row_with(reviewer, a_crop(asker), 5).press("Enter")
    reviewer.get_by_role("checkbox").last.press("Space")
    reviewer.get_by_role("button", name="Separate the ticked faces").press("Enter")
    expect(reviewer.locator(".message")).to_contain_text("Separated.")
    expect(reviewer.locator(".crops img")).to_have_count(1)
    reviewer.go_back()
    reviewer.reload()
    reviewer.get_by_role("button", name="Ignore").press("Enter")
    expect(reviewer.locator(".message")).to_contain_text("Ignored")
    reviewer.get_by_role("link", name="Ignored").press("Enter")
    expect(reviewer.locator(".stranger")).to_contain_text(re.compile("in 4 photos"))
