"""Photos a second over the API and over the pages: `python docs/api_speed.py`.

Two sites with the demo gallery, one with one worker and one with two, are asked in turn, in three
rounds: eight clients send five photos each, one after the other, and wait for each answer. Over the
API the site holds the answer back (`?wait=20`); over the pages the client looks every half a
second, as a browser does. Prints the medians. No part of the product: nothing imports it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.factories import PASSWORD
from tests.sites import Site, Visitor

PHOTO = (ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "5.jpg").read_bytes()
CLIENTS, EACH, ROUNDS = 8, 5, 3
LOOK_EVERY = 0.5
UNLIMITED = {"FACESITE_PHOTOS_PER_HOUR": "100000", "FACESITE_PHOTOS_WAITING": "100000"}


@contextmanager
def site(workers: int) -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        made = Site(Path(folder), FACESITE_WORKERS=str(workers), **UNLIMITED)
        try:
            made.start("--demo")
            made.make_user("asker", "user")
            yield made
        finally:
            made.close()


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", PHOTO)


def over_the_api(where: Site) -> Callable[[], None]:
    secret = where.manage("token", "asker", "--scope", "identify").splitlines()[-1]
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": MULTIPART_CONTENT}

    def ask() -> None:
        body = encode_multipart(BOUNDARY, {"photos": upload()})
        path = f"{where.url}/api/v1/identifications?wait=20"
        with urlopen(Request(path, body, headers), timeout=60) as answer:  # noqa: S310
            (photo,) = json.load(answer)["photos"]
        if photo["status"] != "done":
            raise SystemExit(f"A photo has no answer: {photo}")

    return ask


def over_the_pages(where: Site) -> Callable[[], None]:
    known = Visitor(where)
    known.login("asker", PASSWORD)

    def ask() -> None:
        visitor = Visitor(where)
        for cookie in known.cookies:
            visitor.cookies.set_cookie(cookie)
        page = visitor.post("/", {"photos": upload()})
        while "hx-get" in page.text:
            time.sleep(LOOK_EVERY)
            page = visitor.get(page.url)

    return ask


def photos_a_second(ask: Callable[[], None]) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda _number: ask(), range(CLIENTS * EACH)))
    return CLIENTS * EACH / (time.perf_counter() - started)


def main() -> None:
    with site(1) as one, site(2) as two:
        ways = {
            "the API": (over_the_api(one), over_the_api(two)),
            "the pages": (over_the_pages(one), over_the_pages(two)),
        }
        for asks in ways.values():
            for ask in asks:
                ask()  # the worker loads its networks
        measured: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
        for _ in range(ROUNDS):
            for name, asks in ways.items():
                for found, ask in zip(measured[name], asks, strict=True):
                    found.append(photos_a_second(ask))
    sys.stdout.write("| photos a second over | one worker | two workers |\n| --- | --- | --- |\n")
    for name, rates in measured.items():
        one_worker, two_workers = (f"{median(several):.1f}" for several in rates)
        sys.stdout.write(f"| {name} | {one_worker} | {two_workers} |\n")


if __name__ == "__main__":
    main()
