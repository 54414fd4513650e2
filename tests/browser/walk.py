"""Every page of a running site: one of each address, found by following links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import APIRequestContext, APIResponse

from tests.recognition.matrix import Row, both, table

LINK = re.compile(r'<a[^>]*\shref="([^"]+)"')


def pages(asked: APIRequestContext, who: str) -> dict[str, str]:
    """Address as the URL configuration has it → a path of it that shows a page. Addresses without
    a part to fill in are asked for as they are; of the others the first that a page links to."""
    waiting = [*_without_parts(table(), who)]
    found: dict[str, str] = {}
    seen = {_pattern(path) for path in waiting}
    while waiting:
        path = waiting.pop(0)
        answer = asked.get(path, max_redirects=0)
        if answer.status != 200 or not _is_page(answer):
            continue
        found[_pattern(path)] = path
        for link in _links(answer.text(), path):
            pattern = _pattern(link)
            if pattern and pattern not in seen:
                seen.add(pattern)
                waiting.append(link)
    return found


def _is_page(answer: APIResponse) -> bool:
    """Not a file to download, nor the part of a page that a script asks for."""
    return "text/html" in answer.headers["content-type"] and "<html" in answer.text()


def _without_parts(rows: Mapping[str, Row], who: str) -> Iterator[str]:
    for address, row in rows.items():
        if "<" not in address and both(row[who])[0] == "200":
            yield address


def _links(page: str, path: str) -> Iterator[str]:
    for href in LINK.findall(page):
        target = urlsplit(urljoin(f"//site{path}", unescape(href)))
        if target.netloc == "site" and target.scheme in {"", "http", "https"}:
            yield f"{target.path}?{target.query}".rstrip("?")


def _pattern(path: str) -> str:
    """Nothing where there is no such address."""
    try:
        return resolve(urlsplit(path).path).route
    except Resolver404:
        return ""
