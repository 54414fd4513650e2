"""Photos over the API: what is asked, answered, listed and deleted."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from facesite.waiting import LATER, with_news
from recognition.models import AuditEvent, IdempotencyKey, Identification, Person, Scope, User
from recognition.services.identification import idempotency
from recognition.services.identification.answering import process
from recognition.services.privacy import retention
from tests.recognition.api.conftest import Program
from tests.recognition.fakes import Face, photo

pytestmark = pytest.mark.usefixtures("gallery")

PATH = "/api/v1/identifications"
ADA = photo(Face(1, shot=1))


def upload(client: Client, *photos: bytes, query: str = "", **headers: str) -> Any:
    files = [SimpleUploadedFile(f"{at}.png", data) for at, data in enumerate(photos)]
    return client.post(f"{PATH}{query}", {"photos": files}, headers=headers)


def answer_all() -> None:
    for row in Identification.objects.filter(status="queued"):
        process(row.pk)


def test_a_photo_is_taken_and_answered_where_the_location_says(
    user: User, program: Program
) -> None:
    client = program(user, Scope.IDENTIFY)
    taken = upload(client, ADA)
    assert taken.status_code == 202
    assert taken.json()["photos"][0]["status"] == "queued"
    answer_all()
    (answered,) = client.get(taken.headers["Location"]).json()["photos"]
    assert (answered["path"], answered["status"]) == ("0.png", "done")
    assert (answered["faces"][0]["decision"], answered["faces"][0]["person"]) == ("match", "Ada")
    assert client.get(f"{PATH}/{answered['id']}").json() == answered


def test_the_answer_is_that_of_the_command(
    reviewer: User, program: Program, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    client = program(reviewer)
    taken = upload(client, photo(Face(1, shot=1), Face(9)))
    answer_all()
    (mine,) = client.get(taken.headers["Location"]).json()["photos"]
    file = tmp_path / "two.png"
    file.write_bytes(photo(Face(1, shot=1), Face(9)))
    call_command("identify", str(file), "--json")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (mine["model"], mine["gallery"]) == (said["model"], said["gallery"])
    (theirs,) = said["photos"]
    beside = {"id", "review", "found"}
    assert [{k: v for k, v in face.items() if k not in beside} for face in mine["faces"]] == theirs[
        "faces"
    ]
    assert {key: mine[key] for key in theirs if key not in {"path", "faces"}} == {
        key: value for key, value in theirs.items() if key not in {"path", "faces"}
    }


def test_a_user_learns_nothing_of_people_whom_the_answer_does_not_name(
    user: User, program: Program
) -> None:
    client = program(user)
    taken = upload(client, photo(Face(1, shot=1), Face(9)))
    answer_all()
    ada, unknown = client.get(taken.headers["Location"]).json()["photos"][0]["faces"]
    assert [one["person"] for one in ada["candidates"]] == ["Ada"]
    assert unknown["decision"] == "unknown"
    shown = (unknown["candidates"], unknown["probability"], unknown["similarity"])
    assert (*shown, unknown["threshold"]) == ([], None, None, None)


def test_nobody_moves_up_when_whoever_was_named_is_removed(
    reviewer: User, program: Program, gallery: dict[str, Person]
) -> None:
    client = program(reviewer)
    taken = upload(client, ADA)
    answer_all()
    gallery["Ada"].delete()
    (face,) = client.get(taken.headers["Location"]).json()["photos"][0]["faces"]
    assert face["person"] is None
    assert [one["person"] for one in face["candidates"]] == ["Bob"]


def test_whoever_waits_leaves_word_and_gets_the_answer_as_it_is_read_later(
    user: User, program: Program
) -> None:
    client = program(user)
    taken = upload(client, ADA, query="?wait=5")
    assert taken.status_code == 202  # only the web process holds an answer back
    later = taken.wsgi_request.META[LATER]
    assert with_news([later]) == []
    answer_all()
    assert with_news([later]) == [later]
    assert json.loads(later.said()) == {
        **client.get(taken.headers["Location"]).json(),
        "refused": [],
    }
    assert client.get(f"{taken.headers['Location']}?wait=5").status_code == 200


def test_nobody_waits_longer_than_twenty_seconds(user: User, program: Program) -> None:
    refused = upload(program(user), ADA, query="?wait=21")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert refused.json()["errors"][0]["field"] == "query.wait"
    assert not Identification.objects.exists()


def test_what_is_no_photo_is_told_and_the_rest_goes_on(user: User, program: Program) -> None:
    client = program(user)
    said = upload(client, ADA, b"no photo", b"").json()
    assert [one["path"] for one in said["photos"]] == ["0.png"]
    assert said["refused"] == [
        {"path": "1.png", "error": "unreadable_image"},
        {"path": "2.png", "error": "empty_file"},
    ]
    nothing = upload(client, b"no photo")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "unreadable_image")
    assert upload(client).json()["errors"][0]["field"] == "file.photos"


class TestAKeyOfTheProgramsOwn:
    def test_asking_again_uploads_nothing(self, user: User, program: Program) -> None:
        client = program(user)
        first, again = (
            upload(client, ADA, b"no photo", **{"idempotency-key": "k"}) for _ in range(2)
        )
        assert first.json() == again.json()
        assert Identification.objects.count() == 1

    def test_with_other_photos_it_is_refused(self, user: User, program: Program) -> None:
        client = program(user)
        upload(client, ADA, **{"idempotency-key": "k"})
        other = upload(client, photo(Face(2)), **{"idempotency-key": "k"})
        assert (other.status_code, other.json()["code"]) == (422, "other_upload")

    def test_it_is_ones_own(self, user: User, stranger: User, program: Program) -> None:
        for one in (user, stranger):
            assert upload(program(one), ADA, **{"idempotency-key": "k"}).status_code == 202
        assert Identification.objects.count() == 2

    def test_what_is_being_stored_is_not_stored_twice(self, user: User, program: Program) -> None:
        client = program(user)
        upload(client, ADA, **{"idempotency-key": "k"})
        IdempotencyKey.objects.update(refused=None)
        again = upload(client, ADA, **{"idempotency-key": "k"})
        assert (again.status_code, again.json()["code"]) == (409, "in_progress")

    def test_it_is_forgotten_after_a_day_though_nobody_sends_anything(
        self, user: User, program: Program
    ) -> None:
        upload(program(user), ADA, **{"idempotency-key": "k"})
        assert retention.purge()["idempotency_keys"] == 0
        IdempotencyKey.objects.update(created_at=timezone.now() - idempotency.KEPT)
        assert retention.due()["idempotency_keys"] == retention.purge()["idempotency_keys"] == 1

    def test_what_was_refused_may_be_sent_again(
        self, user: User, program: Program, settings: Settings
    ) -> None:
        client = program(user)
        settings.PHOTOS_WAITING = 0
        assert upload(client, ADA, **{"idempotency-key": "k"}).status_code == 429
        settings.PHOTOS_WAITING = 5
        assert upload(client, ADA, **{"idempotency-key": "k"}).status_code == 202


def test_quotas_are_those_of_the_pages(user: User, program: Program, settings: Settings) -> None:
    settings.PHOTOS_WAITING, settings.PHOTOS_PER_HOUR = 2, 9
    client = program(user)
    taken = upload(client, ADA)
    assert taken.headers["RateLimit-Policy"] == '"hour";q=9;w=3600, "waiting";q=2'
    assert taken.headers["RateLimit"] == '"hour";r=8;t=3600, "waiting";r=1'
    refused = upload(client, ADA, ADA, **{"accept-language": "ru"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiting")
    assert refused.headers["Retry-After"] == "15"
    quota = client.get("/api/v1/me").json()["quota"]
    assert (quota["hour"]["left"], quota["waiting"]["left"]) == (8, 1)


class TestTheList:
    @pytest.fixture
    def client(self, user: User, program: Program) -> Client:
        client = program(user)
        for data in (ADA, photo(Face(2, shot=1)), photo(Face(9))):
            upload(client, data)
        answer_all()
        return client

    def test_it_comes_a_page_at_a_time_and_misses_nothing(self, client: Client) -> None:
        seen, cursor = [], ""
        while True:
            page = client.get(PATH, {"limit": "2", "cursor": cursor}).json()
            seen += [one["id"] for one in page["items"]]
            if not (cursor := page["next"]):
                break
            upload(client, ADA)  # what comes meanwhile moves nothing
        newest = Identification.objects.filter(status="done").order_by("-created_at")
        assert seen == [str(pk) for pk in newest.values_list("pk", flat=True)]

    def test_it_is_narrowed_as_the_history_is(self, client: Client) -> None:
        def who(**query: str) -> list[Any]:
            items = client.get(PATH, query).json()["items"]
            return [item["faces"][0]["person"] for item in items]

        assert who(search="ada") == ["Ada"]
        assert who(outcome="unknown") == [None]
        assert who(since="2100-01-01") == []
        refused = client.get(PATH, {"outcome": "nothing"})
        assert refused.json()["errors"][0]["field"] == "query.outcome"

    def test_a_cursor_that_somebody_made_up_is_refused(self, client: Client) -> None:
        for cursor in ("x", "bnVsbA", "WyJhIiwiYiJd", "é"):
            refused = client.get(PATH, {"cursor": cursor})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), cursor

    def test_it_takes_as_many_queries_for_many(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client.get(PATH)
        for limit in ("2", "3"):
            with django_assert_num_queries(8):
                client.get(PATH, {"limit": limit})


def test_one_deletes_ones_own(user: User, stranger: User, program: Program) -> None:
    pk = upload(program(user), ADA).json()["photos"][0]["id"]
    assert program(stranger).delete(f"{PATH}/{pk}").status_code == 404
    gone = program(user).delete(f"{PATH}/{pk}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert not Identification.objects.exists()


def test_only_what_failed_is_tried_again(user: User, program: Program) -> None:
    client = program(user)
    pk = upload(client, ADA).json()["photos"][0]["id"]
    refused = client.post(f"{PATH}/{pk}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_failed")
    Identification.objects.update(status="failed")
    again = client.post(f"{PATH}/{pk}/retry")
    assert (again.status_code, again.json()["status"]) == (202, "queued")


def test_a_reviewer_who_reads_somebodys_answer_is_in_the_log(
    user: User, reviewer: User, stranger: User, program: Program
) -> None:
    pk = upload(program(user), ADA).json()["photos"][0]["id"]
    assert program(stranger).get(f"{PATH}/{pk}").status_code == 404
    assert program(reviewer).get(f"{PATH}/{pk}").status_code == 200
    assert AuditEvent.objects.filter(action="photo.opened", actor=reviewer).count() == 1
    assert program(reviewer).get(f"/api/v1/uploads/{uuid4()}").status_code == 404
