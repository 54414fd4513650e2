"""What a reviewer refused for a face is not answered about it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from recognition.models import ModelVersion, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import corrections
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review
from tests.recognition.fakes import Face, StripeRecognizer, photo

Ask = Callable[..., list[ProbeFace]]
ANN = Face(1, shot=1)


def enrolled(name: str, *faces: Face) -> Person:
    person = Person.objects.create(name=name)
    for face in faces:
        enrol_photo(person, photo(face), f"{face.shot}.png")
    return person


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrolled("Ann", Face(1))


@pytest.fixture
def bob(recognizer: StripeRecognizer) -> Person:
    return enrolled("Bob", Face(2))


@pytest.fixture
def anna(ann: Person) -> Person:
    """The same face once more, under another name."""
    anna = Person.objects.create(name="Anna")
    enrol_photo(anna, photo(Face(1), height=81), "anna.png")
    enrolled("Others", Face(20))
    return anna


@pytest.fixture
def ask(user: User, recognizer: StripeRecognizer) -> Ask:
    def ask(*faces: Face) -> list[ProbeFace]:
        row = submit(user, [SimpleUploadedFile("asked.png", photo(*faces))]).accepted[0]
        process(row.pk)
        return list(row.faces.order_by("index"))

    return ask


@pytest.fixture
def refused(ask: Ask, ann: Person, bob: Person, reviewer: User) -> ProbeFace:
    """A face that was named Ann, and is nobody of the gallery."""
    return review(ask(ANN)[0], reviewer, "not_in_gallery")


@pytest.mark.parametrize("verdict", ["not_in_gallery", "not_a_face", "somebody_else"])
def test_the_same_photo_does_not_get_the_refused_name_again(
    ask: Ask, ann: Person, bob: Person, reviewer: User, verdict: str
) -> None:
    (before,) = ask(ANN)
    review(before, reviewer, verdict, bob if verdict == "somebody_else" else None)
    (after,) = ask(ANN)
    assert (before.person, before.corrected) == (ann, False)
    assert (after.decision, after.person, after.corrected) == ("unknown", None, True)
    assert [one.person for one in after.candidates.all()] == [bob]


def test_nothing_is_corrected_for_who_was_right(ask: Ask, ann: Person, reviewer: User) -> None:
    review(ask(ANN)[0], reviewer, "right")
    (after,) = ask(ANN)
    assert (after.person, after.corrected) == (ann, False)


def test_another_photo_of_the_person_keeps_its_name(
    ask: Ask, refused: ProbeFace, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the test people are more alike than people's are."""
    monkeypatch.setattr(corrections, "SAME_PICTURE", 0.95)
    (other,) = ask(Face(1, shot=2))
    assert (other.person, other.corrected) == (ann, False)


def test_a_face_nearly_the_same_is_corrected_too(
    ask: Ask, refused: ProbeFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (np.frombuffer(ask(one)[0].embedding, "<f4") for one in (ANN, Face(1, 2)))
    monkeypatch.setattr(corrections, "SAME_PICTURE", float(first @ second) - 1e-4)
    assert ask(Face(1, shot=2))[0].corrected
    monkeypatch.setattr(corrections, "SAME_PICTURE", float(first @ second) + 1e-4)
    assert not ask(Face(1, shot=2))[0].corrected


def test_who_passes_beside_the_refused_one_is_named(
    ask: Ask, ann: Person, anna: Person, reviewer: User
) -> None:
    (before,) = ask(ANN)
    assert before.decision == "ambiguous"
    review(before, reviewer, "somebody_else", anna)
    (after,) = ask(ANN)
    assert (after.decision, after.person, after.corrected) == ("match", anna, True)


def test_an_answer_between_two_is_refused_for_both(ask: Ask, anna: Person, reviewer: User) -> None:
    review(ask(ANN)[0], reviewer, "not_in_gallery")
    (after,) = ask(ANN)
    assert (after.decision, after.names, after.corrected) == ("unknown", 0, True)


def test_name_after_name_can_be_refused(ask: Ask, anna: Person, reviewer: User) -> None:
    review(ask(ANN)[0], reviewer, "somebody_else", anna)
    (second,) = ask(ANN)
    review(second, reviewer, "not_in_gallery")
    (third,) = ask(ANN)
    assert (second.person, third.decision, third.corrected) == (anna, "unknown", True)


def test_only_the_face_that_it_is_about_is_corrected(
    ask: Ask, refused: ProbeFace, ann: Person, bob: Person
) -> None:
    faces = ask(Face(2, shot=1), ANN, Face(9))
    assert [(face.person, face.corrected) for face in faces] == [
        (bob, False),
        (None, True),
        (None, False),
    ]


def test_who_looks_like_the_corrected_face_gets_the_name_that_it_had(
    ask: Ask, refused: ProbeFace, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is twice in a photo; a face that is not Ann's takes nothing from the one that is."""
    monkeypatch.setattr(corrections, "SAME_PICTURE", 0.95)
    wrong, right = ask(ANN, Face(1, shot=2))
    assert (wrong.person, wrong.corrected) == (None, True)
    assert (right.person, right.rival, right.corrected) == (ann, None, False)


def test_a_verdict_that_is_taken_back_counts_no_longer(
    ask: Ask, refused: ProbeFace, ann: Person, reviewer: User
) -> None:
    review(refused, reviewer, "right")
    (after,) = ask(ANN)
    assert (after.person, after.corrected) == (ann, False)


def test_a_photo_that_is_deleted_corrects_nothing(
    ask: Ask, refused: ProbeFace, ann: Person, user: User
) -> None:
    refused.identification.delete()
    assert ask(ANN)[0].person == ann


def test_another_version_has_nothing_to_go_by(ask: Ask, refused: ProbeFace, ann: Person) -> None:
    """Embeddings of two networks say nothing of each other."""
    other = ModelVersion.objects.create(name="other", digest="1" * 64, embedding_size=128)
    type(refused.identification).objects.update(model_version=other)
    assert ask(ANN)[0].person == ann


def test_the_newest_refusals_are_compared_with_and_not_all(
    ask: Ask, refused: ProbeFace, ann: Person, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "SAME_PICTURE", 0.95)
    monkeypatch.setattr(corrections, "MOST", 1)
    review(ask(Face(1, shot=2))[0], reviewer, "not_a_face")
    assert not ask(ANN)[0].corrected
    assert ask(Face(1, shot=2))[0].corrected


@pytest.mark.parametrize("faces", [1, 12])
def test_it_takes_two_queries_however_many_faces_there_are(
    ask: Ask, refused: ProbeFace, faces: int
) -> None:
    with CaptureQueriesContext(connection) as queries:
        ask(*(Face(1, shot=1 + shot) for shot in range(faces)))
    asked = [one["sql"] for one in queries if "not_in_gallery" in one["sql"]]
    assert len(asked) == 2


def test_a_photo_of_nobody_costs_none(ask: Ask, refused: ProbeFace) -> None:
    with CaptureQueriesContext(connection) as queries:
        ask(Face(9))
    assert not [one for one in queries if "not_in_gallery" in one["sql"]]


def test_a_site_that_encrypts_corrects_as_well(
    settings: Settings, ask: Ask, ann: Person, reviewer: User
) -> None:
    settings.ENCRYPT, settings.ENCRYPTION_KEYS = True, (bytes(32),)
    review(ask(ANN)[0], reviewer, "not_in_gallery")
    assert ask(ANN)[0].corrected


def test_the_page_the_history_and_the_json_say_so(
    ask: Ask, refused: ProbeFace, user: User, client: Client
) -> None:
    (face,) = ask(ANN)
    client.force_login(user)
    page = client.get(reverse("identification", args=[face.identification_id]))
    assert "Corrected by a reviewer" in page.text
    assert client.get(reverse("history")).text.count("corrected by a reviewer") == 1
    assert [one["corrected"] for one in Answer.of_row(face.identification).as_json()] == [True]


def test_the_command_goes_the_same_way(refused: ProbeFace, tmp_path: Path) -> None:
    path = tmp_path / "asked.png"
    path.write_bytes(photo(ANN))
    out = StringIO()
    call_command("identify", str(path), "--json", stdout=out)
    (face,) = json.loads(out.getvalue().splitlines()[-1])["photos"][0]["faces"]
    assert (face["decision"], face["person"], face["corrected"]) == ("unknown", None, True)
    call_command("identify", str(path), stdout=out)
    assert "corrected by a reviewer" in out.getvalue()
