"""What the upload page does by itself, and what is left of the site without scripts."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from django.utils import translation
from PIL import Image as Pillow
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from recognition.formats import MEGA, file_size
from tests.browser.conftest import Visit
from tests.browser.screenshots import DEMO
from tests.factories import PASSWORD
from tests.sites import Site

pytestmark = pytest.mark.browser

PORTRAIT = DEMO / "people" / "Mei_Tanaka" / "4.jpg"
TEXT: FilePayload = {"name": "list.txt", "mimeType": "text/plain", "buffer": b"hello"}


def choose(page: Page, *files: FilePayload) -> None:
    page.goto("/")
    page.set_input_files("input[type=file]", list(files))


def photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}


def test_photos_are_shown_and_checked_before_they_are_sent(visit: Visit) -> None:
    page = visit("user")
    send = page.locator("[data-dropzone] button.primary")
    expect(send).to_be_hidden()
    nothing: FilePayload = {"name": "nothing.jpg", "mimeType": "image/jpeg", "buffer": b""}
    choose(page, photo("mei.jpg"), TEXT, nothing)
    expect(page.locator(".chosen li")).to_have_count(3)
    bad = page.locator(".chosen .bad")
    expect(bad.nth(0)).to_contain_text("not a photo, will be refused")
    expect(bad.nth(1)).to_contain_text("empty, will be refused")
    for name in ("list.txt", "nothing.jpg"):
        page.get_by_role("button", name=f"Remove: {name}").click()
    expect(page.locator(".chosen li")).to_have_count(1)
    expect(send).to_be_enabled()


WATCH = """() => {
    const decode = window.createImageBitmap;
    let [all, now, most, widest] = [0, 0, 0, 0];
    const tell = () => {
        document.body.title = `${all} decoded, ${most} at once, ${widest} wide`;
    };
    window.createImageBitmap = async (...given) => {
        all += 1;
        now += 1;
        most = Math.max(most, now);
        tell();
        const picture = await decode(...given);
        now -= 1;
        widest = Math.max(widest, picture.width);
        tell();
        return picture;
    };
}"""
DRAWN = """canvases => canvases.filter(
    canvas => canvas.getContext("2d").getImageData(56, 56, 1, 1).data[3] === 255
).length"""


def test_previews_are_made_small_one_after_the_other_and_only_once(visit: Visit) -> None:
    page = visit("user")
    page.evaluate(WATCH)
    page.set_input_files("input[type=file]", [photo(f"{number}.jpg") for number in range(5)])
    seen = "5 decoded, 1 at once, 224 wide"
    expect(page.locator("body")).to_have_attribute("title", seen)
    page.get_by_role("button", name="Remove: 2.jpg").click()
    expect(page.locator(".chosen li")).to_have_count(4)
    assert page.eval_on_selector_all(".chosen canvas", DRAWN) == 4
    expect(page.locator("body")).to_have_attribute("title", seen)


SENT = """form => new Promise(resolve => {
    form.submit = async () => {
        const [file] = new FormData(form).getAll("photos");
        const picture = await createImageBitmap(file);
        resolve([file.name, file.size, picture.width, picture.height]);
    };
    form.requestSubmit();
})"""


def test_a_large_photo_is_made_smaller_and_upright_before_it_is_sent(visit: Visit) -> None:
    page = visit("user")
    noise = np.random.default_rng(0).normal(128, 30, (6048, 8064)).clip(0, 255).astype(np.uint8)
    tags, buffer = Pillow.Exif(), BytesIO()
    tags[0x0112] = 6  # to be turned by a quarter
    Pillow.fromarray(noise).save(buffer, "JPEG", exif=tags.tobytes())
    large = photo("large.jpg")
    large["buffer"] = buffer.getvalue()
    page.eval_on_selector("[data-dropzone]", "zone => { zone.dataset.maxBytes = 9e6 }")
    assert len(buffer.getvalue()) > 9e6
    page.set_input_files("input[type=file]", [large])
    expect(page.locator(".chosen .bad")).to_have_count(0)
    name, size, width, height = page.eval_on_selector("form:has([data-dropzone])", SENT)
    assert name == "large.jpg"
    assert size < len(buffer.getvalue()) / 3
    assert (width, height) == (3062, 4082)


def test_a_photo_that_is_small_anyway_is_sent_as_it_is(visit: Visit) -> None:
    page = visit("user")
    page.set_input_files("input[type=file]", [photo("mei.jpg")])
    _, size, *_ = page.eval_on_selector("form:has([data-dropzone])", SENT)
    assert size == PORTRAIT.stat().st_size


def test_too_many_photos_are_noticed_before_they_are_sent(visit: Visit) -> None:
    page = visit("user")
    choose(page, *(photo(f"{number}.jpg") for number in range(21)))
    expect(page.get_by_role("alert")).to_have_text("At most 20 photos at a time. Remove some.")
    expect(page.locator("[data-dropzone] button.primary")).to_be_disabled()


def test_more_than_the_site_takes_at_once_is_noticed_before_it_is_sent(visit: Visit) -> None:
    page = visit("user")
    page.eval_on_selector("[data-dropzone]", "zone => { zone.dataset.maxTotal = 1000 }")
    page.set_input_files("input[type=file]", [photo("mei.jpg")])
    expect(page.get_by_role("alert")).to_contain_text("Together these are over")


def test_photos_can_be_dropped(visit: Visit) -> None:
    page = visit("user")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["x"], "dropped.jpg", {type: "image/jpeg"}));
            const event = new DragEvent("drop", {dataTransfer: data, bubbles: true});
            document.querySelector("[data-dropzone]").dispatchEvent(event);
        }"""
    )
    expect(page.locator(".chosen")).to_contain_text("dropped.jpg")


def test_a_file_dropped_beside_the_zone_is_chosen_and_the_page_stays(visit: Visit) -> None:
    page = visit("user")
    stays = page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["x"], "beside.jpg", {type: "image/jpeg"}));
            return ["dragover", "drop"].map((kind) => document.querySelector("h1").dispatchEvent(
                new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true})
            ));
        }"""
    )
    assert stays == [False, False], "or the browser would open the file"
    expect(page.locator(".chosen li")).to_have_count(1)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_size_of_a_file_reads_the_same_before_and_after_it_is_sent(
    visit: Visit, language: str
) -> None:
    page = visit("user", language=language)
    sizes = [1, 1024, 1025, MEGA - 1, MEGA, MEGA + 1, 5 * MEGA // 2, 30 * MEGA, 30 * MEGA + 1]
    page.evaluate(
        """(sizes) => {
            const data = new DataTransfer();
            for (const size of sizes) data.items.add(new File([new Uint8Array(size)], "a.jpg"));
            const detail = data.files;
            document.querySelector("[data-dropzone]").dispatchEvent(
                new CustomEvent("photos", { detail })
            );
        }""",
        sizes,
    )
    shown = page.locator(".chosen .small").all_inner_texts()
    with translation.override(language):
        assert [text.split(" · ")[0].replace("\xa0", " ") for text in shown] == [
            file_size(size).replace("\xa0", " ") for size in sizes
        ]


def test_many_refused_files_leave_the_answers_in_view(visit: Visit) -> None:
    page = visit("user", width=390)
    broken: list[FilePayload] = [{**TEXT, "name": f"{number}.jpg"} for number in range(17)]
    choose(page, photo("mei.jpg"), photo("again.jpg"), *broken)
    page.click("[data-dropzone] button.primary")
    expect(page.locator(".tile").first).to_be_in_viewport()
    expect(page.locator(".message")).to_have_count(1)
    page.get_by_text("17 files were not accepted").click()
    expect(page.locator(".message li")).to_have_count(17)
    expect(page.locator(".message li").first).to_contain_text("could not be read as a photo")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_photo_is_chosen_and_sent_by_keyboard_alone(visit: Visit, key: str) -> None:
    page = visit("user")
    field = page.locator("input[type=file]")
    tab_to(page, field)
    with page.expect_file_chooser() as chooser:
        # Asked inside: the browser has then also heard that this window must not be opened. A key
        # takes another way than that order, and would sometimes be there first.
        expect(field).to_be_focused()
        page.keyboard.press(key)
    assert chooser.value.is_multiple()
    chooser.value.set_files([photo("mei.jpg")])
    expect(page.locator(".chosen")).to_contain_text("mei.jpg")
    expect(field).to_be_focused()
    tab_to(page, page.locator("[data-dropzone] button.primary"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("mei.jpg")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press the tabulator until this has the focus."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"the tabulator never comes to {wanted}")


def test_pointing_at_a_face_shows_its_card(visit: Visit) -> None:
    page = visit("user")
    choose(page, {**photo("group.jpg"), "buffer": (DEMO / "groups" / "1.jpg").read_bytes()})
    page.click("[data-dropzone] button.primary")
    page.locator(".boxes .box").nth(1).hover()
    expect(page.locator(".face.pointed")).to_have_attribute("id", "face-2")


def test_faces_and_their_cards_are_linked_both_ways_by_keyboard(visit: Visit) -> None:
    page = visit("user")
    choose(page, {**photo("group.jpg"), "buffer": (DEMO / "groups" / "1.jpg").read_bytes()})
    page.click("[data-dropzone] button.primary")
    page.locator("#box-2").focus()
    expect(page.locator(".face.pointed")).to_have_attribute("id", "face-2")
    page.keyboard.press("Enter")
    expect(page.locator("#face-2")).to_be_focused()
    tab_to(page, page.locator("#face-2 .crop"))
    expect(page.locator(".box.pointed")).to_have_attribute("id", "box-2")
    page.keyboard.press("Enter")
    expect(page.locator("#box-2")).to_be_focused()


def test_from_log_in_to_history_without_scripts(site: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=site.url, locale="en", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.fill("[name=login]", "user")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.primary")
    page.set_input_files("input[type=file]", [photo("without-scripts.jpg")])
    page.get_by_role("button", name="Identify", exact=True).click()
    expect(page.locator("h1")).to_have_text("without-scripts.jpg")
    while page.get_by_role("link", name="Check for the answer").is_visible():
        page.get_by_role("link", name="Check for the answer").click()
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")
    page.get_by_role("button", name="Which part decided?").click()
    expect(page.locator("#face-1")).to_be_visible()
    page.get_by_role("link", name="History").click()
    page.get_by_label("Name or file").fill("without-scr")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".row-file")).to_have_text("without-scripts.jpg")
    with page.expect_download() as table:
        page.get_by_role("link", name="table of the answers (CSV)").click()
    assert "Mei" in table.value.path().read_text(encoding="utf-8-sig")
    context.close()


def test_which_part_of_a_face_decided_is_shown_by_itself(visit: Visit) -> None:
    page = visit("user")
    choose(page, photo("mei.jpg"))
    page.click("[data-dropzone] button.primary")
    page.get_by_role("button", name="Which part decided?").click()
    expect(page.locator(".heat-face rect").first).to_be_visible()
    expect(page.locator(".heat")).to_contain_text("It is most so")
