"""The camera of the device: asked for only when somebody wants it, and let go afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.conftest import Visit, listen
from tests.browser.screenshots import ARGUMENTS, CHROMIUM
from tests.browser.test_site import MEI, answered, overflow
from tests.sites import Site

pytestmark = pytest.mark.browser

FRAMES = 30
WATCH = """
    window.streams = [];
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        window.streams.push(stream);
        return stream;
    };
"""
RUNNING = "streams.flatMap(s => s.getTracks()).filter(t => t.readyState === 'live').length"

Film = Callable[..., Page]


def film(path: Path) -> None:
    """Mei Tanaka, who sits still for a second, as a camera would show her."""
    with Image.open(MEI) as photo:
        frame = ImageOps.pad(photo.convert("RGB"), (1280, 720))
    buffer = BytesIO()
    frame.save(buffer, "JPEG", quality=92)
    path.write_bytes(FRAMES * buffer.getvalue())


@pytest.fixture(scope="module")
def filming(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with such a camera."""
    path = tmp_path_factory.mktemp("camera") / "mei.mjpeg"
    film(path)
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
    filming = browser.browser_type.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *camera])
    yield filming
    filming.close()


@pytest.fixture
def window(
    site: Site, filming: Browser, logged_in: Callable[[str], StorageState]
) -> Iterator[Film]:
    """A window of it, whose user lets the site have the camera or does not."""
    contexts, complaints = list[BrowserContext](), list[str]()

    def window(*permissions: str, role: str = "user", width: int = 1280) -> Page:
        context = filming.new_context(
            base_url=site.url,
            locale="en",
            viewport={"width": width, "height": 900},
            storage_state=logged_in(role),
        )
        contexts.append(context)
        context.grant_permissions(list(permissions))
        context.add_init_script(WATCH)
        page = context.new_page()
        listen(page, complaints)
        page.goto("/")
        page.wait_for_selector("[data-dropzone].ready")
        return page

    yield window
    for context in contexts:
        context.close()
    assert complaints == []


def use_camera(page: Page) -> None:
    page.get_by_role("button", name="Use the camera").click()


def take(page: Page) -> None:
    page.get_by_role("button", name="Take the photo").click()


def test_a_photo_is_taken_looked_at_taken_again_and_answered(window: Film) -> None:
    page = window("camera", width=390)
    assert page.evaluate("streams.length") == 0, "nobody was asked for the camera yet"
    use_camera(page)
    take(page)
    expect(page.get_by_label("The photo that was taken")).to_be_visible()
    assert overflow(page) <= 0
    page.get_by_role("button", name="Take another").click()
    take(page)
    page.get_by_role("button", name="Use this photo").click()
    expect(page.locator(".chosen li")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("streams.length") == 1
    page.wait_for_function(f"{RUNNING} === 0")
    page.click("[data-dropzone] button.primary")
    answered(page)
    expect(page.locator(".face h3")).to_have_text("Mei Tanaka")


def test_the_camera_is_off_once_its_window_is_left_by_a_key(window: Film) -> None:
    page = window("camera")
    use_camera(page)
    expect(page.get_by_role("button", name="Take the photo")).to_be_focused()
    assert page.evaluate(RUNNING) == 1
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function(f"{RUNNING} === 0")
    expect(page.locator(".chosen li")).to_have_count(0)


def test_who_does_not_let_the_page_have_the_camera_reads_why_nothing_comes(window: Film) -> None:
    page = window()
    use_camera(page)
    expect(page.get_by_role("dialog")).to_contain_text("The camera cannot be used")
    expect(page.get_by_role("button", name="Take the photo")).to_be_hidden()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_photos_for_enrolment_are_taken_with_it_too(window: Film) -> None:
    page = window("camera", role="operator")
    page.goto("/people/?q=Mei")
    page.get_by_role("link", name="Mei Tanaka").click()
    use_camera(page)
    take(page)
    page.get_by_role("button", name="Use this photo").click()
    page.click("[data-dropzone] button.primary")
    expect(page.locator("#photos[hx-get]")).to_have_count(0)
    expect(page.locator(".enrolled-file").last).to_contain_text("camera 20")


def test_without_access_to_cameras_a_phone_offers_its_own(visit: Visit) -> None:
    page = visit("user")
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    with page.expect_file_chooser() as chooser:
        use_camera(page)
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(MEI)
    expect(page.locator(".chosen")).to_contain_text("4.jpg")
