"""Pictures of a running site: the handful for the README, or everything for looking at.

    python -m tests.browser.screenshots http://127.0.0.1:8000 admin PASSWORD docs
    python -m tests.browser.screenshots http://127.0.0.1:8000 admin PASSWORD /tmp/look --everything

The account has to be an administrator's, and the gallery the demo gallery. What is uploaded for the
pictures stays in that account's history. The scene "run" shows the newest training, so that there
has to be one.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

DEMO = Path(__file__).resolve().parents[2] / "demo" / "photos"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--headless", "--disable-background-networking"]
HEIGHTS = {1280: 860, 390: 844}
BATCH = {
    "amina.jpg": DEMO / "people" / "Amina_Diallo" / "5.jpg",
    "jonas.jpg": DEMO / "people" / "Jonas_Weber" / "5.jpg",
    "visitor.jpg": DEMO / "strangers" / "1.jpg",
    "mei.jpg": DEMO / "people" / "Mei_Tanaka" / "5.jpg",
    "everybody.jpg": DEMO / "groups" / "3.jpg",
}
PORTRAIT = {"portrait.jpg": DEMO / "people" / "Ekaterina_Belova" / "5.jpg"}
STRANGER = {"visitor.jpg": DEMO / "strangers" / "4.jpg"}
GROUP = {"team.jpg": DEMO / "groups" / "1.jpg"}

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Shot:
    scene: str
    language: str
    width: int
    scheme: Scheme

    @property
    def filename(self) -> str:
        return f"{self.scene}-{self.language}-{self.width}-{self.scheme}.png"


README = (
    Shot("group", "en", 1280, "light"),
    Shot("match", "en", 390, "light"),
    Shot("unknown", "ru", 390, "light"),
    Shot("batch", "en", 1280, "light"),
    Shot("review", "en", 1280, "light"),
)


@dataclass(frozen=True)
class Visitor:
    """A browser window at a site, with an account."""

    page: Page
    site: str
    user: str
    password: str

    def open(self, path: str) -> None:
        self.page.goto(self.site + path)

    def speak(self, language: str) -> None:
        self.open("/accounts/login/")
        self.page.click(f"button[name=language][value={language}]")

    def log_in(self) -> None:
        self.page.fill("[name=login]", self.user)
        self.page.fill("[name=password]", self.password)
        self.page.click("main button")
        self.page.wait_for_selector("[data-dropzone].ready")

    def choose(self, photos: Mapping[str, Path]) -> None:
        self.open("/")
        files: list[FilePayload] = [
            {"name": name, "mimeType": "image/jpeg", "buffer": path.read_bytes()}
            for name, path in photos.items()
        ]
        self.page.set_input_files("input[type=file]", files)

    def upload(self, photos: Mapping[str, Path]) -> None:
        self.choose(photos)
        self.page.click("[data-dropzone] button.primary")
        self.page.wait_for_selector("#answers:not([hx-get])")

    def compare(self, *photos: Path) -> None:
        self.open("/compare/")
        self.page.set_input_files("input[type=file]", list(photos))
        self.page.click("[data-dropzone] button.primary")
        self.page.wait_for_selector("#comparison:not([hx-get])")

    def open_first(self, path: str, selector: str) -> None:
        self.open(path)
        self.page.click(selector)
        self.page.wait_for_load_state()


PAGES = {
    "upload": "/",
    "history": "/history/",
    "people": "/people/",
    "import": "/people/import/",
    "care": "/people/to-look-at/",
    "strangers": "/strangers/",
    "training": "/training/",
    "models": "/models/",
    "status": "/status/",
    "dashboard": "/dashboard/",
    "consent": "/consent/",
    "privacy": "/privacy/",
    "account": "/my-data/",
    "tokens": "/api-tokens/",
    "webhooks": "/webhooks/",
    "api": "/api/v1/docs",
    "overview": "/admin/",
    "admin": "/admin/recognition/identification/",
    "review": "/review/",
    "grid": "/review/grid/",
}
ON_THE_WAY: dict[str, Callable[[Visitor], None]] = {
    "chosen": lambda visitor: visitor.choose(BATCH),
    "match": lambda visitor: visitor.upload(PORTRAIT),
    "unknown": lambda visitor: visitor.upload(STRANGER),
    "group": lambda visitor: visitor.upload(GROUP),
    "batch": lambda visitor: visitor.upload(BATCH),
    "person": lambda visitor: visitor.open_first("/people/", ".person"),
    "run": lambda visitor: visitor.open_first("/training/", ".run"),
    "version": lambda visitor: visitor.open_first("/models/", ".version-name"),
    "compare": lambda visitor: visitor.compare(*PORTRAIT.values(), *STRANGER.values()),
    "stranger": lambda visitor: visitor.open_first("/strangers/", ".stranger"),
}
SCENES = {name: partial(Visitor.open, path=path) for name, path in PAGES.items()} | ON_THE_WAY


def take(browser: Browser, shot: Shot, arguments: argparse.Namespace) -> None:
    context = browser.new_context(
        viewport={"width": shot.width, "height": HEIGHTS[shot.width]},
        device_scale_factor=1 if shot.width == 1280 else 2,
        color_scheme=shot.scheme,
        locale=shot.language,
    )
    visitor = Visitor(context.new_page(), arguments.site, arguments.user, arguments.password)
    visitor.speak(shot.language)
    if shot.scene != "login":
        visitor.log_in()
        SCENES[shot.scene](visitor)
    visitor.page.wait_for_load_state("networkidle")
    picture = arguments.folder / shot.filename
    visitor.page.screenshot(path=picture, full_page=arguments.everything)
    context.close()


def everything() -> Iterator[Shot]:
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for kind in itertools.product(("login", *SCENES), ("en", "ru"), HEIGHTS, schemes):
        yield Shot(*kind)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("site", help="address of the running site")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--everything", action="store_true", help="all scenes in all variants")
    parser.add_argument("--scene", action="append", help="only this scene; can be repeated")
    arguments = parser.parse_args()
    arguments.site = arguments.site.rstrip("/")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for shot in everything() if arguments.everything else README:
            if not arguments.scene or shot.scene in arguments.scene:
                take(browser, shot, arguments)
        browser.close()


if __name__ == "__main__":
    main()
