"""Gathers every sentence of the site into the catalogues under `locale`, without the gettext tools.

`python -m facesite.extraction`, or `make messages`. What is said in English already is filled in by
itself there; what is new in the other languages waits in them, empty, for somebody to translate it.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from facesite.catalogues import FOLDER

SOURCE_LANGUAGE: Final = "en"
OURS: Final = ("facesite", "ml", "recognition", "templates")
# unfold brings no languages: what it says in Django's words Django translates, the rest is ours.
UNFOLD: Final = ("", "templates/admin", "templates/unfold", "contrib/filters")
SPOKEN_FOR: Final = ("django.conf", "django.contrib.admin", "django.contrib.auth")
KEYWORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "tell")),
    **dict.fromkeys(("ngettext", "ngettext_lazy", "ngettext_noop", "tell_number"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
# Says nothing about the sentences, and changes from one run or machine to the next.
NOISE: Final = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Report-Msgid-Bugs-To|Last-Translator|Language-Team'
    r"|Generated-By|Project-Id-Version): .*\n",
    re.MULTILINE,
)


def catalogue_path(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def gather() -> Catalog:
    """Every sentence, with the files that say it."""
    found = Catalog()
    for folder in OURS:
        for file in sorted((FOLDER.parent / folder).rglob("*")):
            _add(found, file, FOLDER.parent, ())
    unfold, translations = _folder("unfold"), tuple(map(spoken_by, SPOKEN_FOR))
    for folder in UNFOLD:
        for file in sorted((unfold / folder).glob("**/*" if folder else "*")):
            _add(found, file, unfold.parent, translations)
    return found


def _add(found: Catalog, file: Path, root: Path, spoken_for: tuple[Any, ...]) -> None:
    if file.suffix not in {".py", ".html", ".txt"}:
        return
    name = file.relative_to(root).as_posix()
    for _line, message, comments, context in _sentences(file, name):
        if not any(translates(catalogue, message, context) for catalogue in spoken_for):
            found.add(message, locations=[(name, 0)], auto_comments=comments, context=context)


def _sentences(file: Path, name: str) -> Iterator[tuple[int, Any, list[str], str | None]]:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        # What comes out is Python's calls between words of X, indented as the page was.
        text = "\n".join(line.strip() for line in templatize(text, origin=name).splitlines())
    source = io.BytesIO(text.encode())
    return extract("python", source, KEYWORDS, ("Translators:",), strip_comment_tags=True)


def spoken_by(package: str) -> gettext.NullTranslations:
    """The Russian that comes with a package."""
    return gettext.translation("django", str(_folder(package) / "locale"), ["ru"], fallback=True)


def _folder(package: str) -> Path:
    return Path(str(files(package)))


def translates(catalogue: gettext.NullTranslations, message: Any, context: str | None) -> bool:
    first = message[0] if isinstance(message, tuple) else message
    if isinstance(message, tuple):
        return bool(catalogue.ngettext(first, message[1], 2) != message[1])
    said = catalogue.pgettext(context, first) if context else catalogue.gettext(first)
    return bool(said != first)


def update(language: str, found: Catalog) -> None:
    """Bring one catalogue up to date; sentences that nobody says any more leave it."""
    catalogue = read_catalogue(language)
    catalogue.update(deepcopy(found), no_fuzzy_matching=True)
    catalogue.header_comment, catalogue.fuzzy = "", False
    for message in catalogue:
        if message.fuzzy:  # it counts things now, or no longer does: the old words do not fit
            message.flags.discard("fuzzy")
            message.string = ""
        if message.id and language == SOURCE_LANGUAGE:
            message.string = message.id
    _write(catalogue, catalogue_path(language))


def _write(catalogue: Catalog, path: Path) -> None:
    text = io.BytesIO()
    write_po(
        text, catalogue, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NOISE.sub("", text.getvalue().decode()).lstrip(), encoding="utf-8")


if __name__ == "__main__":
    sentences = gather()
    for folder in sorted(FOLDER.iterdir()):
        update(folder.name, sentences)
