"""From a face in a group photo into the gallery, and what people say of an answer."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.screenshots import DEMO
from tests.browser.test_site import MEI, another_photo_of, answered, overflow, upload

pytestmark = pytest.mark.browser
STRANGER = DEMO / "strangers" / "6.jpg"
KWAME = DEMO / "people" / "Kwame_Boateng" / "4.jpg"


def both_in_one() -> FilePayload:
    """Mei Tanaka on the left of somebody whom nobody has enrolled."""
    left, right = (Image.open(path).convert("RGB").resize((512, 512)) for path in (MEI, STRANGER))
    group = Image.new("RGB", (1024, 512))
    group.paste(left, (0, 0))
    group.paste(right, (512, 0))
    buffer = io.BytesIO()
    group.save(buffer, "JPEG", quality=92)
    return {"name": "both.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def test_somebody_is_enrolled_from_a_group_photo_and_named_in_the_next(visit: Visit) -> None:
    page, asker = visit("operator", width=390), visit("user")
    upload(page, both_in_one())
    answered(page)
    expect(page.locator(".face.unknown")).to_have_count(1)
    page.locator(".face.unknown").get_by_role("link", name="Enrol this person").click()
    expect(page.locator("h1")).to_have_text("Who is this?")
    assert overflow(page) <= 0

    page.get_by_role("searchbox").press_sequentially("Mei")
    expect(page.get_by_role("radio", name="Mei Tanaka")).to_be_visible()
    page.get_by_role("searchbox").fill("Nina Berg")
    expect(page.get_by_role("radio", name="Somebody new")).to_be_checked()
    expect(page.get_by_role("textbox", name="Name of somebody new")).to_have_value("Nina Berg")
    page.get_by_role("button", name="Enrol this face").click()
    expect(page.locator(".message")).to_have_text("This face is being enrolled as Nina Berg.")
    expect(page.locator(".face.unknown .naming")).to_contain_text("Enrolled as Nina Berg")
    assert overflow(page) <= 0

    upload(asker, another_photo_of(STRANGER))
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Nina Berg")

    page.locator(".face.unknown").get_by_role("button", name="Take out of the gallery").click()
    expect(page.locator(".face.unknown .naming")).to_contain_text("Enrol this person")
    upload(asker, STRANGER)
    answered(asker)
    expect(asker.locator(".face.unknown")).to_have_count(1)


def test_what_a_reviewer_proposes_an_operator_enrols(visit: Visit) -> None:
    asker, reviewer, operator = visit("user"), visit("reviewer"), visit("operator")
    upload(asker, STRANGER)
    answered(asker)
    reviewer.goto("/review/?order=newest")
    reviewer.locator(".review-card").get_by_role("link", name="The whole answer").click()
    reviewer.get_by_role("link", name="Propose this face for enrolment").click()
    reviewer.get_by_role("textbox", name="Name of somebody new").fill("Olga Stein")
    reviewer.get_by_role("button", name="Propose this face").click()
    expect(reviewer.locator(".naming")).to_contain_text("Proposed for enrolment as Olga Stein")

    operator.goto("/people/")
    operator.get_by_role("link", name="1 proposed face").click()
    operator.get_by_role("link", name="Enrol", exact=True).click()
    operator.get_by_role("button", name="Enrol this face").click()
    expect(operator.locator("h1")).to_have_text("Olga Stein")
    expect(operator.locator(".enrolled > li")).to_have_count(1)
    operator.get_by_role("button", name="Take out again").click()
    expect(operator.locator(".message")).to_have_text("The photo was removed.")
    expect(operator.locator("h1")).to_have_text("Olga Stein")
    expect(operator.locator(".enrolled > li")).to_have_count(0)


def test_a_wrong_name_goes_to_the_reviewers_and_is_not_given_again(visit: Visit) -> None:
    asker, reviewer = visit("user", width=390), visit("reviewer")
    upload(asker, KWAME)
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Kwame Boateng")
    asker.get_by_text("Is this right?").click()
    asker.get_by_label("The name, if you know it").fill("Otto Lang")
    asker.get_by_role("button", name="It is somebody else").click()
    expect(asker.locator(".opinion")).to_contain_text("You said that this is Otto Lang.")
    assert overflow(asker) <= 0

    reviewer.goto("/review/?asker=disagrees")
    expect(reviewer.locator(".review-card")).to_have_count(1)
    expect(reviewer.locator(".review-card")).to_contain_text("says that this is Otto Lang")
    reviewer.locator(".review-card").press("n")
    expect(reviewer.locator("#undo")).to_be_visible()

    upload(asker, another_photo_of(KWAME))
    answered(asker)
    expect(asker.locator(".face.unknown")).to_contain_text("Corrected by a reviewer")

    reviewer.locator("#undo button").click()
    expect(reviewer.locator(".review-card")).to_be_visible()
    upload(asker, KWAME)
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Kwame Boateng")
