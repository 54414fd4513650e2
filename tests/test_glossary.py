"""One word for one thing in Russian: `docs/glossary.md` says which; others are looked for here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from facesite import extraction

ROOT = Path(settings.BASE_DIR)
NOT = re.compile(
    r"опозна(?!ват)\w*|неопознан\w*"  # a police word
    r"|\bшаблон\w*|эмбеддинг\w*|похожест\w*"
    r"|\bчуж(?:ие|ак\w*)\b|\bчуж(?:их|им|ими)\b(?! (?:фото|сеанс|имен|учётн))"
    r"|работающ(?:ая|ей|ую) верси\w*|введ\w+ в работу|вводит\w* в работу|\bввод в работу"
    r"|тренировк\w*|чекпоинт\w*|хэш\w*|дайджест\w*|воркер\w*|рабоч(?:ий|ие|его|их) процесс\w*"
    r"|\bревью\b|рецензент\w*|аккаунт\w*|сесси[яию]\w*|e-?mail|имейл\w*|электронн(?:ая|ой) почт\w*"
    r"|код\w* восстановления|внест[иь] в галерею|внесите в галерею",
    re.IGNORECASE,
)
MARKUP = re.compile(r"```.*?```|`[^`]*`|%\(\w+\)|<[^>]*>|https?://\S+", re.DOTALL)
POLITE = re.compile(r"(?<=[а-яё,] )(?:Вы|Вас|Вам|Вами|Ваш[а-яё]*)\b")
WITHOUT_YO = re.compile(
    r"\b(?:учетн\w+|еще|ее|(?:удал|измен|заверш|введ)ен|прием\w*)\b", re.IGNORECASE
)


def texts() -> Iterator[tuple[str, str]]:
    for message in extraction.read_catalogue("ru"):
        if message.id:
            yield str(message.id), str(message.string)
    for page in (ROOT / "README.ru.md", *sorted((ROOT / "docs").glob("*.ru.md"))):
        yield page.name, page.read_text("utf-8")


@pytest.mark.parametrize(
    "wrong", [NOT, POLITE, WITHOUT_YO], ids=["another word", "Вы in capitals", "е for ё"]
)
def test_russian_keeps_to_the_glossary(wrong: re.Pattern[str]) -> None:
    found = {where: wrong.findall(MARKUP.sub("", text)) for where, text in texts()}
    assert {where: words for where, words in found.items() if words} == {}


@pytest.mark.parametrize("word", ["Опознать", "шаблоны", "работающая версия", "E-mail", "чужих"])
def test_a_word_that_the_glossary_forbids_is_found(word: str) -> None:
    assert NOT.search(f"Так говорит {word}.")
