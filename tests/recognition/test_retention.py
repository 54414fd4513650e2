"""How long photos are kept."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import AuditEvent, Identification, Person, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import retention
from recognition.services.review.verdicts import review
from recognition.services.site import sweeping
from recognition.services.work import processes
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
KEPT = {"named": 100, "unnamed": 10, "waiting": 2}


@pytest.fixture(autouse=True)
def _terms(settings: Settings, recognizer: StripeRecognizer) -> None:
    settings.KEPT_FOR = {name: dt.timedelta(days=days) for name, days in KEPT.items()}


@pytest.fixture
def photos(user: User, reviewer: User) -> dict[str, Identification]:
    """One of each kind."""
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    faces = {
        "named": Face(1, shot=1),
        "unnamed": Face(200),
        "judged": Face(201),
        "waiting": Face(1),
    }
    rows = {}
    for name, face in faces.items():
        (rows[name],) = submit(user, [SimpleUploadedFile(f"{name}.png", photo(face))]).accepted
        if name != "waiting":
            process(rows[name].pk)
    review(rows["judged"].faces.get(), reviewer, "not_in_gallery")
    return rows


def left(photos: dict[str, Identification], days: int) -> set[str]:
    """Which there are still, so many days after they were asked about."""
    asked = timezone.now() - dt.timedelta(days=days, minutes=1)
    Identification.objects.update(created_at=asked)
    retention.purge()
    there = set(Identification.objects.values_list("pk", flat=True))
    return {name for name, row in photos.items() if row.pk in there}


def test_each_kind_is_kept_for_its_time(photos: dict[str, Identification]) -> None:
    assert left(photos, 1) == {"named", "unnamed", "judged", "waiting"}
    assert left(photos, 2) == {"named", "unnamed", "judged"}
    assert left(photos, 9) == {"named", "unnamed", "judged"}
    assert left(photos, 10) == {"named", "judged"}
    assert left(photos, 99) == {"named", "judged"}
    assert left(photos, 100) == set()
    told = AuditEvent.objects.filter(action="photo.expired")
    assert {(event.actor_name, event.subject_id) for event in told} == {
        ("", str(row.pk)) for row in photos.values()
    }


def test_many_go_in_several_turns(
    photos: dict[str, Identification], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    assert left(photos, 100) == set()


def test_the_command_says_what_goes_and_in_a_dry_run_what_would(
    photos: dict[str, Identification],
) -> None:
    Identification.objects.update(created_at=timezone.now() - dt.timedelta(days=50))

    def said(*arguments: str) -> str:
        out = StringIO()
        call_command("purge", *arguments, stdout=out)
        return out.getvalue()

    assert "1  Photos in which nobody was named" in said("--dry-run")
    assert Identification.objects.count() == len(photos)
    deleted = said()
    assert deleted.startswith("Deleted:")
    assert "1  Photos that got no answer" in deleted
    assert Identification.objects.count() == len(photos) - 2
    assert said("--quiet") == ""


def test_the_site_does_it_once_a_day_in_a_process_of_its_own(
    db: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "start", lambda *words: started.append(words))
    settings.DATA_DIR = tmp_path
    for _ in range(2):
        sweeping.tidy()
    assert started == [("purge", "--quiet")]
    last = tmp_path / "purged"
    yesterday = last.stat().st_mtime - retention.EVERY.total_seconds() - 1
    os.utime(last, (yesterday, yesterday))
    sweeping.tidy()
    assert len(started) == 2


@pytest.mark.parametrize(("language", "says"), [("en", "for 100 days"), ("ru", "100 дней")])
def test_everybody_can_read_how_long(language: str, says: str, user: User, login: Login) -> None:
    client = login(user)
    client.cookies["django_language"] = language
    page = client.get(reverse("privacy")).content.decode()
    assert says in page
    assert reverse("privacy") in client.get(reverse("history")).content.decode()
