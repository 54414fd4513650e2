"""Each promise broken on purpose: it is named, and mended where that can be done."""

from __future__ import annotations

import datetime as dt
import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from recognition.management.commands.verify_integrity import PROMISES
from recognition.models import (
    GalleryChange,
    GalleryRevision,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    Template,
    User,
)
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.site import integrity
from recognition.services.versions import predictors
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

HOUR = dt.timedelta(hours=1)
EVERYTHING = {check.code for check in integrity.CHECKS}


@pytest.fixture(autouse=True)
def answered(user: User, recognizer: StripeRecognizer, broker: Broker) -> Identification:
    """Somebody enrolled, one photo answered, one that waits."""
    enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")
    row = submit(user, [SimpleUploadedFile("one.png", photo(Face(1, shot=1)))]).accepted[0]
    process(row.pk)
    submit(user, [SimpleUploadedFile("waiting.png", photo(Face(2)))])
    row.refresh_from_db()
    return row


def broken(*, repair: bool = False) -> dict[str, int]:
    found = integrity.verify(repair=repair)
    return {finding.code: len(finding.broken) for finding in found if finding.broken}


def test_a_site_in_order_keeps_everything() -> None:
    assert broken() == {}
    assert set(PROMISES) == EVERYTHING


def waiting() -> Any:
    return Identification.objects.filter(filename="waiting.png")


def lose_a_photo() -> None:
    default_storage.delete(Identification.objects.get(status="done").photo.name or "")


def leave_a_file() -> None:
    name = default_storage.save("photos/nobody.jpg", ContentFile(b"x"))
    os.utime(default_storage.path(name), (0, 0))


def forget_a_row() -> None:
    waiting().update(created_at=timezone.now() - HOUR)


def lose_a_worker() -> None:
    waiting().get().claim()
    waiting().update(claimed_at=timezone.now() - HOUR)


def keep_bytes() -> None:
    done = Identification.objects.filter(status="done")
    name = default_storage.save("originals/kept", ContentFile(b"x"))
    done.update(original=name)


def keep_a_failure_for_long() -> None:
    waiting().get().claim()
    long_ago = timezone.now() - 100 * 24 * HOUR
    waiting().update(status="failed", created_at=long_ago, finished_at=long_ago)


def lose_a_template() -> None:
    Template.objects.all().delete()


def lose_the_trigger() -> None:
    table = " ON recognition_enrolment" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER recognition_enrolment_forward{table}")


def run_ahead() -> None:
    GalleryRevision.objects.update(revision=0)
    GalleryChange.objects.update(revision=5)


def lose_the_answer() -> None:
    Identification.objects.filter(status="done").update(model_version=None)


def give_faces_to_what_waits() -> None:
    ProbeFace.objects.update(identification=waiting().get())


def end_before_the_beginning() -> None:
    Identification.objects.filter(status="done").update(finished_at=timezone.now() - HOUR)


@pytest.mark.parametrize(
    ("breaking", "code", "mended"),
    [
        (lose_a_photo, "rows_without_files", False),
        (leave_a_file, "files_without_rows", True),
        (forget_a_row, "stuck", False),  # until a worker takes it, see below
        (lose_a_worker, "stuck", True),
        (keep_bytes, "kept_too_long", True),
        (keep_a_failure_for_long, "kept_too_long", True),
        (lose_a_template, "without_template", True),
        (lose_the_trigger, "triggers", False),
        (run_ahead, "revisions", True),
        (lose_the_answer, "half_answers", False),
        (give_faces_to_what_waits, "half_answers", False),
        (end_before_the_beginning, "times", False),
    ],
)
def test_what_is_broken_is_named_and_mended(
    breaking: Any, code: str, mended: bool, recognizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = predictors.active()
    monkeypatch.setattr(predictors, "load", lambda _version: loaded)
    breaking()
    before = broken()
    assert before == {code: 1}
    assert broken() == before  # reading changes nothing
    assert (broken(repair=True) == {}) == mended


def test_a_forgotten_row_is_sent_again(broker: Broker) -> None:
    forget_a_row()
    broker.redis.flushall()
    broken(repair=True)
    assert broker.sent() == [("identify", str(waiting().get().pk))]


def test_more_than_one_active_version_or_none_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    ModelVersion.objects.update(state=ModelVersion.State.RETIRED)
    assert broken()["one_version"] == 1


def test_the_command_tells_people_and_machines() -> None:
    out = StringIO()
    call_command("verify_integrity", "--json", stdout=out)
    assert json.loads(out.getvalue())["sound"] is True
    keep_bytes()
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_integrity", stdout=out)
    assert ended.value.code == 1
    assert "1 broken" in out.getvalue()
    out = StringIO()
    call_command("verify_integrity", "--repair", "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert [one["repaired"] for one in told["findings"] if one["check"] == "kept_too_long"] == [1]
