"""What reviewers and operators say of faces over the API."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognition.models import Person, ProbeFace, Stranger, User
from recognition.services.identification.answering import process, submit
from recognition.services.review import queue
from tests.factories import make_user
from tests.recognition.api.conftest import Program, sent
from tests.recognition.fakes import Face, photo


def asked(user: User, number: int, times: int = 1) -> list[ProbeFace]:
    for shot in range(times):
        upload = SimpleUploadedFile(f"{shot}.png", photo(Face(number, shot=shot + 1)))
        process(submit(user, [upload]).accepted[0].pk)
    return list(ProbeFace.objects.order_by("pk"))


def judge(client: Client, face: ProbeFace, **said: object) -> tuple[int, str | None]:
    answer = sent(client, "POST", f"/api/v1/faces/{face.pk}/verdict", said)
    return answer.status_code, answer.json().get("code")


def test_a_verdict_is_kept_and_one_without_sense_is_refused(
    user: User, reviewer: User, gallery: dict[str, Person], program: Program
) -> None:
    (face,) = asked(user, 1)
    client = program(reviewer)
    assert judge(client, face, verdict="somebody_else") == (409, "person_missing")
    assert judge(client, face, verdict="splendid")[0] == 409
    assert judge(client, face, verdict="somebody_else", person=gallery["Bob"].pk) == (200, None)
    face.refresh_from_db()
    assert (face.review, face.true_person) == ("somebody_else", gallery["Bob"])
    assert judge(client, face, verdict="right") == (200, None)


def test_a_face_that_somebody_else_looks_at_is_theirs(
    user: User, reviewer: User, gallery: dict[str, Person], program: Program
) -> None:
    (face,) = asked(user, 1)
    queue.hold(face.pk, make_user("reviewer"))
    assert judge(program(reviewer), face, verdict="right") == (409, "not_held")


def test_a_stranger_is_listed_and_gets_a_name(
    user: User, operator: User, gallery: dict[str, Person], program: Program
) -> None:
    stranger = Stranger.objects.create()
    faces = asked(user, 5, times=2)
    ProbeFace.objects.update(stranger=stranger)
    client = program(operator)
    (listed,) = client.get("/api/v1/strangers").json()["items"]
    assert (listed["id"], listed["photos"]) == (stranger.pk, 2)
    assert sorted(listed["faces"]) == [face.pk for face in faces]
    assert listed["asked_by"] == [user.username]
    path = f"/api/v1/strangers/{stranger.pk}/name"
    assert sent(client, "POST", path, {}).status_code == 422
    named = sent(client, "POST", path, {"name": "Nora"})
    assert Person.objects.get(pk=named.json()["person"]).name == "Nora"
    again = sent(client, "POST", path, {"person": gallery["Ada"].pk})
    assert (again.status_code, again.json()["code"]) == (409, "named")
    assert client.get("/api/v1/strangers").json()["items"] == []
