"""Many people at once, from an archive and from a folder, as an operator goes about it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visit
from tests.browser.screenshots import DEMO
from tests.browser.test_site import (
    GROUP,
    another_photo_of,
    answered,
    no_face,
    overflow,
    upload,
)

pytestmark = pytest.mark.browser

NORA, OLEG = DEMO / "strangers" / "2.jpg", DEMO / "strangers" / "3.jpg"


def archive(files: dict[str, bytes]) -> FilePayload:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return {"name": "people.zip", "mimeType": "application/zip", "buffer": buffer.getvalue()}


def look(page: Page) -> None:
    page.get_by_role("button", name="Check them").click()
    expect(page.locator("h1")).to_have_text("What would happen")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_archive_is_seen_before_it_is_enrolled_and_the_right_face_is_chosen(
    visit: Visit, tmp_path: Path, scripts: bool
) -> None:
    page = window(visit, scripts=scripts)
    person = "Nora_Lind" if scripts else "Nina_Lind"
    photo = NORA if scripts else OLEG
    page.goto("/people/import/")
    files = {
        f"people/{person}/1.jpg": photo.read_bytes(),
        f"people/{person}/sky.jpg": no_face()["buffer"],
        f"people/{person}_Friend/group.jpg": GROUP.read_bytes(),
        "people/list.csv": b"name,external_id\nNobody,1\n",
    }
    page.set_input_files("[name=archive]", [archive(files)])
    page.get_by_role("button", name="Check them").click()
    await_end(page, "What would happen", scripts=scripts)
    assert overflow(page) <= 0
    expect(page.locator("main")).to_contain_text("No face was found")
    expect(page.locator("main")).to_contain_text("Line 2: no folder has this name.")
    several = page.locator(".import-file", has_text="group.jpg")
    expect(several.locator("img")).to_be_visible()
    several.get_by_role("button", name="Face 2").click()
    expect(several.get_by_role("button", name="Face 2")).to_have_attribute("aria-pressed", "true")
    several.get_by_role("button", name="Undo").click()
    expect(several.get_by_role("button", name="Undo")).to_have_count(0)
    page.get_by_role("button", name="Enrol what can be enrolled").click()
    await_end(page, "What came of it", scripts=scripts)
    assert overflow(page) <= 0
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the report").click()
    started.value.save_as(tmp_path / "report.csv")
    report = (tmp_path / "report.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(report) == 5
    assert f"people/{person}/1.jpg,{person.replace('_', ' ')},Enrolled," in report
    asker = visit("user")
    upload(asker, another_photo_of(photo))
    answered(asker)
    expect(asker.locator(".face h3")).to_have_text(person.replace("_", " "))


def window(visit: Visit, *, scripts: bool) -> Page:
    page = visit("operator", width=390)
    if scripts:
        return page
    browser = page.context.browser
    assert browser
    state = page.context.storage_state()
    context = browser.new_context(
        java_script_enabled=False,
        storage_state=state,
        base_url=page.url,
        locale="en",
        viewport={"width": 390, "height": 900},
    )
    return context.new_page()


def await_end(page: Page, title: str, *, scripts: bool) -> None:
    """The page goes on by itself, or by a link."""
    further = page.get_by_role("link", name="See the progress")
    while not scripts and further.is_visible():
        further.click()
    expect(page.locator("h1")).to_have_text(title)


def test_a_folder_is_sent_in_parts_and_looked_at(visit: Visit, tmp_path: Path) -> None:
    page = visit("operator")
    people = tmp_path / "people"
    for name in ("Pia_Holm", "Ravi_Nair"):
        (people / name).mkdir(parents=True)
        for number in range(1, 31):
            (people / name / f"{number}.jpg").write_bytes(b"no photo")
    (people / "Pia_Holm" / "1.jpg").write_bytes(NORA.read_bytes())
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(f"{asked.method} {asked.url}"))
    page.goto("/people/import/")
    page.set_input_files("#people-folder", people)
    expect(page.locator(".import-chosen")).to_have_text("people · 60")
    look(page)
    assert sum(one.startswith("POST") and one.endswith("/files/") for one in sent) == 2
    expect(page.locator("#import-summary")).to_contain_text("Refused59")
    expect(page.locator(".import-people > li")).to_have_count(2)
    page.get_by_role("button", name="Discard this import").click()
    expect(page.locator(".message")).to_contain_text("discarded")
