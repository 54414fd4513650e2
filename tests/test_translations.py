"""Every sentence of the site is there in every language, whole and with its numbers in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.template.base import Lexer, TokenType

from facesite import corrections, extraction
from tests.visible import PROPER, latin_words

LANGUAGES = [code for code, _name in settings.LANGUAGES]
TEMPLATES = Path(settings.BASE_DIR) / "templates"
PLACEHOLDERS = re.compile(r"%\(\w+\)[a-z]|%[sd]|%%|\{\w*\}|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def sentences() -> Catalog:
    return extraction.gather()


def messages(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    return {(m.context, first(m.id)): m for m in catalogue if m.id}


def first(said: Any) -> str:
    return forms(said)[0]


def forms(said: Any) -> tuple[str, ...]:
    """Singular and plurals; just the one of a sentence that counts nothing."""
    return (said,) if isinstance(said, str) else tuple(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_what_the_site_says_and_nothing_else(
    language: str, sentences: Catalog
) -> None:
    catalogue = extraction.read_catalogue(language)
    said, kept = set(messages(sentences)), set(messages(catalogue))
    assert said - kept == set(), "make messages"
    assert kept - said == set(), "make messages"
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    catalogue = extraction.read_catalogue(language)
    poor = [
        message.id
        for message in messages(catalogue).values()
        if message.fuzzy or not all(form.strip() for form in forms(message.string))
    ]
    assert not poor
    plural = [m for m in messages(catalogue).values() if isinstance(m.id, tuple)]
    assert all(len(forms(m.string)) == catalogue.num_plurals for m in plural)


def test_english_says_what_the_code_says() -> None:
    catalogue = extraction.read_catalogue(extraction.SOURCE_LANGUAGE)
    assert [m.id for m in messages(catalogue).values() if m.string != m.id] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_tags_survive_translation(language: str) -> None:
    catalogue = extraction.read_catalogue(language)
    for message in messages(catalogue).values():
        *_, original = forms(message.id)  # the plural, which always says its number
        for form in forms(message.string):
            assert parts(form) == parts(original), message.id


def parts(text: str) -> list[str]:
    return sorted(PLACEHOLDERS.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_spaces_around_a_sentence_stay(language: str) -> None:
    for message in messages(extraction.read_catalogue(language)).values():
        for original, said in zip(forms(message.id), forms(message.string), strict=False):
            assert said[:1].isspace() == original[:1].isspace(), original
            assert said[-1:].isspace() == original[-1:].isspace(), original


def test_gathering_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {code: extraction.catalogue_path(code).read_bytes() for code in LANGUAGES}
    for code, text in before.items():
        (tmp_path / code / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / code / "LC_MESSAGES" / "django.po").write_bytes(text)
    sentences = extraction.gather()
    monkeypatch.setattr(extraction, "FOLDER", tmp_path)
    for code in LANGUAGES:
        extraction.update(code, sentences)
        assert extraction.catalogue_path(code).read_bytes() == before[code]


def test_a_catalogue_names_no_machine_and_no_day() -> None:
    for code in LANGUAGES:
        text = extraction.catalogue_path(code).read_text(encoding="utf-8")
        assert "Date:" not in text
        assert "/home/" not in text
        assert "site-packages" not in text


@pytest.mark.parametrize(
    "template", [path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")]
)
def test_a_template_says_nothing_untranslated(template: str) -> None:
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    assert latin_words("".join(outside_of_tags(source))) - PROPER == set()


def outside_of_tags(source: str) -> Iterator[str]:
    """The HTML of a template, with a sign in the place of every template tag."""
    within: str | None = None
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            name, *arguments = token.split_contents()
            if name in {"blocktranslate", "comment"}:
                within = f"end{name}"
            elif name == "block" and arguments[0].endswith("_class"):
                within = "endblock"
            elif name == within:
                within = None
        if within is None and token.token_type == TokenType.TEXT:
            yield token.contents
        elif token.token_type != TokenType.COMMENT:
            yield "·"


@pytest.mark.parametrize("sentence", [*corrections.DJANGO, *corrections.ALLAUTH])
def test_what_is_corrected_is_what_a_package_says(sentence: str) -> None:
    packages = (*extraction.SPOKEN_FOR, "allauth")
    theirs = [extraction.spoken_by(package) for package in packages]
    assert any(extraction.translates(one, sentence, None) for one in theirs)
