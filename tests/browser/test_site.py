"""The whole way, as people go it: a real browser, a real site, its worker and its broker."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visit
from tests.browser.screenshots import DEMO

pytestmark = pytest.mark.browser

MEI = DEMO / "people" / "Mei_Tanaka" / "4.jpg"
STRANGER = DEMO / "strangers" / "4.jpg"
ARJUN = DEMO / "people" / "Arjun_Mehta" / "4.jpg"
GROUP = DEMO / "groups" / "1.jpg"
NEWCOMER = DEMO / "strangers" / "1.jpg"
BROKEN: FilePayload = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"not a photo"}


def no_face() -> FilePayload:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).save(buffer, "JPEG")
    return {"name": "sky.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def another_photo_of(path: Path) -> FilePayload:
    """Smaller, brighter, cut differently and a little turned."""
    with Image.open(path) as photo:
        turned = photo.convert("RGB").rotate(4, Image.Resampling.BICUBIC)
    width, height = turned.size
    part = turned.crop((width // 20, height // 20, width - width // 30, height - height // 30))
    part.thumbnail((700, 700))
    buffer = io.BytesIO()
    ImageEnhance.Brightness(part).enhance(1.1).save(buffer, "JPEG", quality=80)
    return {"name": "another.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def payload(photo: Path | FilePayload) -> FilePayload:
    if not isinstance(photo, Path):
        return photo
    return {"name": photo.name, "mimeType": "image/jpeg", "buffer": photo.read_bytes()}


def upload(page: Page, *photos: Path | FilePayload) -> None:
    page.goto("/")
    page.set_input_files("input[type=file]", [payload(photo) for photo in photos])
    page.click("[data-dropzone] button.primary")


def answered(page: Page) -> None:
    expect(page.locator("#answers")).to_be_visible()
    expect(page.locator("#answers[hx-get]")).to_have_count(0)


def test_a_photo_goes_in_and_a_name_comes_out_by_itself(visit: Visit) -> None:
    page = visit("user")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    upload(page, MEI)
    answered(page)
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")
    expect(page.locator(".face")).to_contain_text("Almost certainly")
    expect(page.locator(".face .evidence img").first).to_be_visible()
    assert len(loads) == 2, "the upload page and the answer's, which was never loaded again"


def test_somebody_whom_nobody_enrolled_is_unknown(visit: Visit) -> None:
    page = visit("user")
    upload(page, STRANGER)
    answered(page)
    expect(page.locator(".face.unknown h3")).to_have_text("Nobody the site knows")


def test_every_face_of_a_group_has_a_box_and_a_card(visit: Visit) -> None:
    page = visit("user")
    upload(page, GROUP)
    answered(page)
    expect(page.locator(".boxes .box")).to_have_count(4)
    expect(page.locator(".face")).to_have_count(4)
    page.locator(".boxes .box").nth(2).click()
    expect(page.locator("#face-3")).to_be_in_viewport()


def test_a_photo_without_a_face_gets_an_answer_and_advice(visit: Visit) -> None:
    page = visit("user")
    upload(page, no_face())
    answered(page)
    expect(page.locator("#answers h2")).to_have_text("No face found")


def test_a_broken_file_is_named_and_the_others_go_on(visit: Visit) -> None:
    page = visit("user")
    upload(page, BROKEN, MEI)
    answered(page)
    expect(page.locator(".message")).to_contain_text("broken.jpg")
    expect(page.locator(".message")).to_contain_text("could not be read as a photo")
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")


def test_the_history_finds_a_photo_again(visit: Visit) -> None:
    page = visit("user")
    upload(page, MEI)
    answered(page)
    page.get_by_role("link", name="History").click()
    page.get_by_label("Name or file").fill("mei tan")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="4.jpg").first.click()
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")


def test_photos_are_chosen_in_the_history_and_deleted(visit: Visit) -> None:
    page = visit("user", width=390)
    upload(page, MEI, STRANGER)
    answered(page)
    page.goto("/history/")
    before = page.locator(".rows > li").count()
    assert overflow(page) <= 0
    for number in (0, 1):
        page.locator(".tick").nth(number).click()
    page.get_by_role("button", name="Delete the chosen photos").click()
    expect(page.locator("h1")).to_have_text("Delete 2 photos?")
    assert overflow(page) <= 0
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".message")).to_have_text("2 photos were deleted.")
    expect(page.locator(".rows > li")).to_have_count(before - 2)


def test_a_reviewer_deletes_somebody_elses_photo_and_says_why(visit: Visit) -> None:
    asker, reviewer = visit("user"), visit("reviewer")
    upload(asker, {**payload(STRANGER), "name": "passer-by.jpg"})
    answered(asker)
    reviewer.goto("/admin/recognition/identification/")
    reviewer.get_by_text("passer-by.jpg").click()
    reviewer.get_by_role("link", name="Delete this photo").click()
    reviewer.get_by_label("Why").select_option(label="Somebody in it asked for it")
    reviewer.get_by_role("button", name="Delete for good").click()
    expect(reviewer.locator(".message")).to_have_text("1 photo was deleted.")
    asker.goto("/history/")
    expect(asker.get_by_text("passer-by.jpg")).to_have_count(0)


def test_the_language_is_switched_in_the_page_and_stays(visit: Visit) -> None:
    page = visit("user")
    for language, title in (("ru", "Кто на фото?"), ("en", "Who is in the photo?")):
        page.click(f"button[name=language][value={language}]")
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.goto("/history/")
        page.goto("/")
        expect(page.locator("h1")).to_have_text(title)


def test_the_browsers_language_is_spoken_at_once(visit: Visit) -> None:
    page = visit(language="ru")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "ru")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_is_wider_than_a_phone(visit: Visit, language: str) -> None:
    page = visit("user", width=390, language=language)
    upload(page, GROUP)
    answered(page)
    answer = page.url
    for path in (answer, "/", "/history/", "/privacy/", "/accounts/password/change/"):
        page.goto(path)
        assert overflow(page) <= 0, path
    page = visit("operator", width=390, language=language)
    people = (
        "/people/",
        "/people/add/",
        "/people/consent/?everybody=on",
        "/consent/",
        "/consent/1/",
    )
    for path in (*people, "/status/", "/admin/", "/admin/recognition/person/"):
        page.goto(path)
        assert overflow(page) <= 0, path


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_about_somebody_or_about_photos_is_wider_than_a_phone(
    visit: Visit, language: str
) -> None:
    asker, reviewer, operator = (
        visit(role, width=390, language=language) for role in ("user", "reviewer", "operator")
    )
    long: FilePayload = {**payload(MEI), "name": f"{'IMG_20260131_' * 6}.jpg"}
    upload(asker, GROUP, STRANGER, BROKEN, no_face(), long)
    answered(asker)
    assert overflow(asker) <= 0, "a batch"
    reviewer.goto("/admin/recognition/identification/")
    expect(reviewer.locator("html")).to_have_attribute("lang", language)
    assert overflow(reviewer) <= 0, "the list"
    for name in (GROUP.name, STRANGER.name, long["name"]):
        reviewer.goto("/admin/recognition/identification/")
        reviewer.get_by_text(name).first.click()
        expect(reviewer.locator(".fs-detail")).to_be_visible()
        assert overflow(reviewer) <= 0, f"the review of {name}"
    for window, people in ((operator, "/people/"), (reviewer, "/admin/recognition/person/")):
        window.goto(people)
        window.get_by_role("link", name="Mei Tanaka").first.click()
        window.wait_for_url(re.compile(f"{people}\\d+/"))
        assert overflow(window) <= 0, window.url


def overflow(page: Page) -> int:
    page.wait_for_load_state("networkidle")
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_a_reviewer_judges_a_face_and_the_user_reads_it(visit: Visit) -> None:
    asker, reviewer = visit("user"), visit("reviewer")
    upload(asker, ARJUN)  # whom no other test asks about: this name is not given to him any more
    answered(asker)
    reviewer.goto("/review/?order=newest")
    reviewer.locator("[data-card]:not([hidden]) .elsewhere > summary").click()
    reviewer.keyboard.type("sofia")
    reviewer.locator(".found button", has_text="Sofia Marquez").click()
    reviewer.get_by_role("button", name="Undo").wait_for()
    asker.reload()
    expect(asker.locator(".face")).to_contain_text("it is Sofia Marquez")


def test_an_operator_adds_somebody_and_the_next_photo_names_them(visit: Visit) -> None:
    asker, operator = visit("user"), visit("operator")
    upload(asker, another_photo_of(NEWCOMER))
    answered(asker)
    expect(asker.locator(".face.unknown")).to_have_count(1)
    operator.goto("/people/")
    operator.get_by_role("link", name="Add a person").first.click()
    operator.fill("[name=name]", "Юлия Смирнова")
    operator.click("main form button.primary")
    operator.set_input_files("input[type=file]", [NEWCOMER, GROUP])
    operator.click("[data-dropzone] button.primary")
    expect(operator.locator("main")).to_contain_text("1.jpg")
    expect(operator.locator("[hx-get]")).to_have_count(0)
    expect(operator.locator("main")).to_contain_text("several faces")
    upload(asker, another_photo_of(NEWCOMER))
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text("Юлия Смирнова")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_every_role_open_without_a_complaint(visit: Visit, scheme: str) -> None:
    everyone = ("/", "/history/", "/accounts/password/change/")
    paths = {
        "user": everyone,
        "reviewer": (*everyone, "/status/", *map("/admin/recognition/{}/".format, REVIEWED)),
        "operator": ("/people/", "/people/add/", "/status/", "/admin/"),
    }
    for role, visited in paths.items():
        page = visit(role)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in visited:
            page.goto(path)
            page.wait_for_load_state("networkidle")


REVIEWED = ("identification", "person", "enrolledface", "modelversion", "auditevent")
