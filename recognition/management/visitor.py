"""Somebody at a browser, as far as the site can tell: one connection, cookies, forms, polling."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30.0
ASKS_AGAIN = re.compile(r'id="answers" hx-get="([^"]+)" hx-trigger="([^"]+)"')


@dataclass(frozen=True)
class Page:
    """What came back, after redirects."""

    status: int
    path: str
    text: str


class Visitor:
    """Uses the site at a port of this machine."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._cookies: SimpleCookie = SimpleCookie()

    def get(self, path: str, **headers: str) -> Page:
        return self._ask("GET", path, None, headers)

    def log_in(self, name: str, password: str) -> Page:
        self.get("/accounts/login/")
        fields = {"login": name, "password": password, "csrfmiddlewaretoken": self._csrf()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", "/accounts/login/", urlencode(fields).encode(), headers)

    def ask(self, photos: Sequence[bytes]) -> Page:
        """Upload them and wait for their answers."""
        return self.wait_for_answer(self.upload(photos))

    def upload(self, photos: Sequence[bytes]) -> Page:
        content, body = form({"csrfmiddlewaretoken": self._csrf()}, photos)
        return self._ask("POST", "/", body, {"Content-Type": content})

    def wait_for_answer(self, page: Page) -> Page:
        """Look as the page does, at its own times, until it has nothing left to wait for."""
        until = time.monotonic() + TIMEOUT_SECONDS
        pause = None
        while again := ASKS_AGAIN.search(page.text):
            if time.monotonic() > until:
                raise TimeoutError(f"no answer within {TIMEOUT_SECONDS:.0f} s")
            time.sleep(_first_look(again[2]) if pause is None else pause)
            asked = time.monotonic()
            news = self.get(unescape(again[1]), **{"HX-Request": "true"})
            if news.status == 204:  # nothing new; the page stays, and looks again when it is time
                pause = max(0.0, _next_look(again[2]) - (time.monotonic() - asked))
            else:
                page, pause = Page(news.status, page.path, news.text), None
        return page

    def _csrf(self) -> str:
        return self._cookies["csrftoken"].value

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Page:
        cookies = "; ".join(f"{name}={one.coded_value}" for name, one in self._cookies.items())
        asked = method, path, body, {**headers, "Cookie": cookies}
        try:
            answer = self._answer(*asked)
        except ConnectionError:  # the site has closed what nobody used for a while
            self._connection.close()
            answer = self._answer(*asked)
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        if answer.status in {301, 302, 303}:
            target = urlsplit(answer.headers["Location"])
            return self._ask("GET", target.path, None, {})
        return Page(answer.status, path, text)

    def _answer(self, *asked: Any) -> HTTPResponse:
        self._connection.request(*asked)
        return self._connection.getresponse()


def form(fields: Mapping[str, str], photos: Sequence[bytes]) -> tuple[str, bytes]:
    """The content type and the body of a form with these fields and JPEG files."""
    mark = secrets.token_hex(16)
    start = f"--{mark}\r\nContent-Disposition: form-data; name="
    told = [f'{start}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    file = f'{start}"photos"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
    files = [file + photo + b"\r\n" for photo in photos]
    body = b"".join([*told, *files, f"--{mark}--\r\n".encode()])
    return f"multipart/form-data; boundary={mark}", body


def _first_look(trigger: str) -> float:
    """Seconds until a part of a page with this trigger of htmx looks for news."""
    if not trigger.startswith("load"):
        return _next_look(trigger)
    delay = re.match(r"load delay:(\d+)ms", trigger)
    return int(delay[1]) / 1000 if delay else 0.0


def _next_look(trigger: str) -> float:
    """Seconds from one look to the next."""
    found = re.search(r"every (\d+)(ms|s)", trigger)
    if found is None:
        raise ValueError(f"no delay in {trigger!r}")
    return int(found[1]) / (1000 if found[2] == "ms" else 1)
