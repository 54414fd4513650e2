"""What somebody reads or hears of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Stands in a page as it is, in any language: names, measures of ISO/IEC 19795-1, the languages of
# the switch, a key.
PROPER = frozenset(
    {"facesite", "English", "EN", "RU", "en", "ru", "esc"}
    | {"JPEG", "PNG", "WebP", "HEIC", "AVIF", "ZIP", "CSV"}
    | {"SFace", "DIR", "FPIR", "TAR", "FAR", "API"}
    | {"QR", "Aegis", "FreeOTP", "Google", "Authenticator"}
)
WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
SPOKEN = ("alt", "title", "placeholder", "aria-label")
SILENT = ("script", "style", "code")
ICON = "material-symbols-outlined"  # unfold's icons are words in a font of pictures


def latin_words(html: str) -> set[str]:
    reader = Visible()
    reader.feed(html)
    return set(WORD.findall(" ".join(reader.seen)))


class Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._within, self._depth = "", 0  # a silent element

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.seen += [text for name, text in given.items() if is_spoken(name, text)]
        if self._depth:
            self._depth += tag == self._within
        elif tag in SILENT or ICON in given.get("class", ""):
            self._within, self._depth = tag, 1

    def handle_endtag(self, tag: str) -> None:
        self._depth -= bool(self._depth) and tag == self._within

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.seen.append(data)


def is_spoken(attribute: str, text: str) -> bool:
    """Scripts say the sentences that pages give them as data."""
    return attribute in SPOKEN or (attribute.startswith("data-") and " " in text)
