"""Commands as a Russian reader meets them: in their help and in what they say is no English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, load_command_class
from django.utils.translation import override

from facesite.catalogues import compile_stale
from tests.recognition.test_commands import OURS

ENGLISH = re.compile(r"(?<![-|])\b[a-z']{2,}\s+[a-z']{2,}\b")
"""Two words of it side by side; what is typed, a name or a unit stands alone."""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_stale()


@pytest.fixture(autouse=True)
def _russian() -> Iterator[None]:
    with override("ru"):
        yield


@pytest.mark.parametrize("name", OURS)
def test_help_has_no_english(name: str) -> None:
    command = load_command_class("recognition", name)
    usage, said = command.create_parser("manage.py", name).format_help().split("\n\n", 1)
    assert usage.startswith("Вызов: manage.py ")
    assert "параметры:" in said
    assert ENGLISH.findall(said) == []


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["purge", "retry", "rotate_keys", "sweep", "verify_audit"])
def test_what_a_command_says_is_russian(command: str, media: Path) -> None:
    out = StringIO()
    call_command(command, stdout=out, stderr=out)
    assert re.search("[а-я]", out.getvalue())
    assert ENGLISH.findall(out.getvalue()) == []
