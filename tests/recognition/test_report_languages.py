"""A training's report in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from facesite.catalogues import compile_stale
from ml import language
from recognition.models import ModelVersion, User
from recognition.services.training import languages
from recognition.services.versions import registry


def test_numbers_and_sentences_are_those_of_the_language_whatever_is_active() -> None:
    compile_stale()
    with override("en"), language.speaking(languages.language("ru")):
        assert language.percent(0.98765) == "98,77\N{NO-BREAK SPACE}%"
        assert language.rate(0.003) == "0,3\N{NO-BREAK SPACE}%"
        assert language.points(-0.012) == "\N{MINUS SIGN}1,20"
        assert language.number(12345.6, 1) == "12\N{NO-BREAK SPACE}345,6"
        assert language.tell("Cost") == "Затраты"
        assert language.tell_number("%(count)s person", "%(count)s people", 3) == "3 человека"


def test_every_language_but_english_is_written_beside_it() -> None:
    assert [one.code for one in languages.beside_english()] == ["ru"]


@pytest.mark.django_db
def test_a_reader_has_the_report_in_their_language_and_else_in_english(
    login: Callable[[User], Client], operator: User
) -> None:
    version = ModelVersion.objects.create(name="paper-1", digest="1" * 64, embedding_size=128)
    pages: Path = registry.report(version).parent
    pages.mkdir(parents=True)
    (pages / "report.html").write_text("English")
    browser: Client = login(operator)
    browser.cookies["django_language"] = "ru"

    def read() -> bytes:
        return b"".join(browser.get(reverse("model_report", args=("paper-1",))))

    assert read() == b"English"
    (pages / "report.ru.html").write_text("Russian")
    assert read() == b"Russian"
    browser.cookies["django_language"] = "en"
    assert read() == b"English"
