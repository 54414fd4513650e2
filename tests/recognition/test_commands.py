"""What all commands of the site have in common."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import BaseCommand

import recognition
from facesite.commands import INTERNAL, Commands
from recognition.models import Person
from tests.factories import make_user

FOLDER = Path(recognition.__file__).parent / "management" / "commands"
OURS = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
CALLED = [name for name in OURS if name not in INTERNAL]


@pytest.mark.parametrize("name", CALLED)
def test_every_command_that_people_call_has_json(name: str) -> None:
    command: BaseCommand = load_command_class("recognition", name)
    assert "--json" in command.create_parser("manage.py", name).format_help()


def test_help_lists_what_people_call_and_not_what_the_site_starts() -> None:
    listed = Commands(["manage.py"]).main_help_text(commands_only=True).split()
    assert set(OURS) & set(listed) == set(CALLED)
    assert set(OURS) >= INTERNAL
    assert "purge\n" in Commands(["manage.py"]).main_help_text()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("export_person", "Ann", "{folder}/ann.zip"), "file"),
        (("invite",), "link"),
        (("model_versions",), "versions"),
        (("purge", "--dry-run"), "named"),
        (("reset_link", "ann"), "link"),
        (("retry",), "waiting"),
        (("sweep",), "requeued"),
        (("verify_audit",), "whole"),
        (("verify_integrity",), "sound"),
    ],
)
def test_json_is_the_whole_last_line(
    command: tuple[str, ...], says: str, tmp_path: Path, media: Path
) -> None:
    make_user("user", username="ann")
    Person.objects.create(name="Ann")
    out = StringIO()
    words = [word.format(folder=tmp_path) for word in command]
    try:
        call_command(*words, "--json", stdout=out, stderr=StringIO())
    except SystemExit:
        assert command == ("verify_integrity",)  # no model is installed here
    assert says in json.loads(out.getvalue().splitlines()[-1])
