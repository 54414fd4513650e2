"""People seen more than once whom the site cannot name: put together, parted, forgotten, named."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ml import clustering
from ml.clustering import Ints, together
from recognition.models import (
    AuditEvent,
    EnrolledFace,
    Enrolment,
    How,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    Purpose,
    Stranger,
    User,
)
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.people import process_enrolment
from recognition.services.identification import reading as answers
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import deletion, erasure, export, retention
from recognition.services.review.verdicts import review
from recognition.services.site import sweeping
from recognition.services.strangers import gathering, naming, reading, sorting
from recognition.services.strangers.sorting import StrangerRefused
from recognition.services.work import processes
from tests.factories import make_user
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.usefixtures("recognizer")
SOMEBODY = 7
POOR = 0.2


@pytest.fixture(autouse=True)
def _somebody_is_enrolled(recognizer: StripeRecognizer) -> None:
    enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")


def ask(user: User, *faces: Face) -> list[ProbeFace]:
    row = submit(user, [SimpleUploadedFile("asked.png", photo(*faces))]).accepted[0]
    process(row.pk)
    return list(row.faces.order_by("index"))


def seen(user: User, times: int, person: int = SOMEBODY, first: int = 1) -> Stranger:
    """Somebody in so many photos, once they have been put together."""
    faces = [ask(user, Face(person, shot))[0] for shot in range(first, first + times)]
    gathering.gather()
    (found,) = {ProbeFace.objects.get(pk=face.pk).stranger for face in faces}
    assert found is not None
    return found


def strangers_of(*faces: ProbeFace) -> list[int | None]:
    rows = ProbeFace.objects.in_bulk([face.pk for face in faces])
    return [rows[face.pk].stranger_id for face in faces]


def test_twenty_photos_of_somebody_unknown_are_one_row(user: User) -> None:
    seen(user, 20)
    others = [ask(user, Face(person))[0] for person in (8, 9)]
    assert gathering.gather() == 2
    (row,) = reading.nameless()
    assert (row.photos, len(set(strangers_of(*others)))) == (20, 2)
    assert row.first < row.last


def test_a_face_that_comes_later_joins_and_what_is_done_stays(user: User) -> None:
    stranger = seen(user, 2)
    assert gathering.gather() == 0
    assert seen(user, 1, first=9) == stranger
    assert Stranger.objects.get() == stranger


def test_only_unnamed_faces_that_are_good_enough_are_put_together(
    user: User, reviewer: User
) -> None:
    named, poor = ask(user, Face(1, 1))[0], ask(user, Face(SOMEBODY, 1, quality=POOR))[0]
    no_face, known, unknown = (ask(user, Face(SOMEBODY, shot))[0] for shot in (2, 3, 4))
    review(no_face, reviewer, "not_a_face")
    review(known, reviewer, "somebody_else", Person.objects.get())
    review(unknown, reviewer, "not_in_gallery")
    assert gathering.gather() == 1
    assert strangers_of(named, poor, no_face, known) == [None] * 4
    assert strangers_of(unknown) != [None]


def test_a_face_that_a_reviewer_names_leaves_its_stranger(user: User, reviewer: User) -> None:
    stranger = seen(user, 3)
    face = stranger.faces.first()
    assert face is not None
    review(face, reviewer, "somebody_else", Person.objects.get())
    assert reading.faces_of(stranger).count() == 2
    sweeping.tidy()
    assert stranger.faces.count() == 2


def test_faces_of_another_version_are_not_compared(user: User, version: ModelVersion) -> None:
    old = seen(user, 2)
    other = ModelVersion.objects.create(name="other", digest="1" * 64, embedding_size=128)
    Identification.objects.update(model_version=other)
    assert seen(user, 2, first=5) != old
    assert old.faces.count() == 2


def test_a_worker_is_asked_once_there_are_new_faces_and_not_while_there_are_none(
    user: User, broker: Broker
) -> None:
    ask(user, Face(1, 1))
    broker.redis.flushall()
    sweeping.sweep()
    assert broker.sent() == []
    ask(user, Face(SOMEBODY, 1))
    broker.redis.flushall()
    sweeping.sweep()
    assert [task for task, _ in broker.sent()] == ["gather"]


def test_many_new_faces_are_left_to_a_process_of_their_own(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(user, Face(SOMEBODY, 1))
    ask(user, Face(SOMEBODY, 2))
    started = []
    monkeypatch.setattr(processes, "start", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(gathering, "MANY", 1)
    gathering.launch()
    assert (started, Stranger.objects.count()) == ([("gather", "--quiet")], 0)
    monkeypatch.setattr(gathering, "MANY", 2)
    gathering.launch()
    assert Stranger.objects.count() == 1


def test_a_site_that_puts_no_faces_together_lets_go_of_all(user: User, settings: Settings) -> None:
    seen(user, 2)
    settings.RECURRING = False
    ask(user, Face(SOMEBODY, 5))
    gathering.launch()
    sweeping.tidy()
    assert not Stranger.objects.exists()


def test_what_somebody_decided_while_faces_were_compared_holds(
    user: User, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, ann = seen(user, 2), Person.objects.get()
    (new,) = ask(user, Face(SOMEBODY, 9))

    def name_meanwhile(*faces: Any) -> Ints:
        naming.name(stranger, ann, operator)
        return together(*faces)

    monkeypatch.setattr(clustering, "together", name_meanwhile)
    gathering.gather()
    assert strangers_of(new) == [None]


def test_a_stranger_goes_with_the_last_photo(user: User) -> None:
    stranger = seen(user, 2)
    deletion.delete_photos(Identification.objects.filter(faces__stranger=stranger), user)
    sweeping.tidy()
    assert not Stranger.objects.exists()


def test_ticked_faces_part_for_good(user: User, reviewer: User) -> None:
    stranger = seen(user, 4)
    faces = list(stranger.faces.order_by("pk"))
    other = sorting.part(stranger, faces[2:], reviewer)
    gathering.gather()
    seen(user, 1, first=9)
    assert strangers_of(*faces) == [stranger.pk] * 2 + [other.pk] * 2
    assert AuditEvent.objects.latest("number").details == {"faces": 2, "other": other.pk}


@pytest.mark.parametrize(("ticked", "code"), [(0, "none_ticked"), (2, "all_ticked")])
def test_parting_takes_some_of_the_faces(
    user: User, reviewer: User, ticked: int, code: str
) -> None:
    stranger = seen(user, 2)
    with pytest.raises(StrangerRefused) as refused:
        sorting.part(stranger, list(stranger.faces.all()[:ticked]), reviewer)
    assert refused.value.code == code


def test_who_is_ignored_stays_so_as_faces_join(user: User, reviewer: User) -> None:
    stranger = seen(user, 2)
    sorting.ignore(stranger, reviewer, ignored=True)
    assert seen(user, 2, first=5) == stranger
    assert not reading.nameless().exists()
    assert [row.photos for row in reading.nameless(ignored=True)] == [4]
    sorting.ignore(stranger, reviewer, ignored=False)
    assert reading.nameless().exists()


def test_who_is_forgotten_is_recognised_by_nothing_and_the_answers_stay(
    user: User, reviewer: User
) -> None:
    stranger = seen(user, 3)
    keys = [face.pk for face in stranger.faces.all()]
    assert sorting.forget(stranger, reviewer) == 3
    gathering.gather()
    faces = ProbeFace.objects.filter(pk__in=keys)
    assert {bytes(face.embedding) for face in faces} == {bytes(4 * 128)}
    assert all(face.crop.size for face in faces)
    assert not reading.nameless().exists()
    assert not Stranger.objects.filter(pk=stranger.pk).exists()


@pytest.mark.parametrize("role", ["user", "auditor"])
def test_nobody_else_decides(user: User, role: str) -> None:
    stranger, somebody = seen(user, 2), make_user(role)
    for decide in (
        lambda: sorting.ignore(stranger, somebody, ignored=True),
        lambda: sorting.forget(stranger, somebody),
        lambda: sorting.part(stranger, [], somebody),
        lambda: naming.name(stranger, Person(name="Bob"), somebody),
        lambda: naming.take_back(stranger, somebody),
    ):
        with pytest.raises(PermissionDenied):
            decide()


def enrol_all() -> None:
    for row in Enrolment.objects.order_by("created_at"):
        process_enrolment(row.pk)


def test_who_is_named_is_recognised_from_then_on_and_the_answers_say_so(
    user: User, operator: User
) -> None:
    stranger = seen(user, 8)
    before = list(stranger.faces.order_by("pk").values_list("decision", "person", "probability"))
    assert naming.name(stranger, Person(name="Bob"), operator) == naming.ENROLLED
    enrol_all()
    bob = Person.objects.get(name="Bob")
    assert bob.faces.filter(from_review=True, probe__stranger=stranger).count() == naming.ENROLLED
    (after,) = ask(user, Face(SOMEBODY, 30))
    assert (after.decision, after.person, after.found) == ("match", bob, None)
    faces = stranger.faces.order_by("pk")
    assert list(faces.values_list("decision", "person", "probability")) == before
    assert {face.found for face in ProbeFace.objects.filter(stranger=stranger)} == {bob}
    assert {row.photos for row in reading.named()} == {8}


def test_a_reviewer_alone_names_nobody(user: User, reviewer: User) -> None:
    stranger = seen(user, 2)
    with pytest.raises(PermissionDenied):
        naming.name(stranger, Person(name="Bob"), reviewer)


def test_whoever_is_named_has_to_have_agreed_where_that_is_asked(
    user: User, operator: User, settings: Settings
) -> None:
    settings.REQUIRE_CONSENT = True
    stranger = seen(user, 2)
    with pytest.raises(StrangerRefused) as refused:
        naming.name(stranger, Person(name="Bob"), operator)
    assert refused.value.code == "no_consent"
    assert not Person.objects.filter(name="Bob").exists()
    agreed = Agreed([Purpose.RECOGNITION], How.PAPER)
    naming.name(stranger, Person(name="Bob"), operator, agreed)
    enrol_all()
    assert Person.objects.get(name="Bob").faces.count() == 2


def test_a_stranger_is_named_once(user: User, operator: User) -> None:
    stranger = seen(user, 2)
    naming.name(stranger, Person(name="Bob"), operator)
    with pytest.raises(StrangerRefused) as refused:
        naming.name(stranger, Person(name="Cy"), operator)
    assert refused.value.code == "named"


def test_nobody_joins_who_has_a_name(user: User, operator: User) -> None:
    stranger = seen(user, 2)
    naming.name(stranger, Person(name="Bob"), operator)  # and no worker has enrolled him yet
    assert seen(user, 1, first=9) != stranger


def test_a_name_is_taken_back_with_what_it_brought_in(user: User, operator: User) -> None:
    stranger = seen(user, 2)
    naming.name(stranger, Person(name="Bob"), operator)
    enrol_all()
    naming.take_back(stranger, operator)
    bob = Person.objects.get(name="Bob")
    assert not bob.faces.exists()
    assert [row.pk for row in reading.nameless()] == [stranger.pk]


def test_a_name_taken_back_before_the_worker_came_enrols_nobody(user: User, operator: User) -> None:
    stranger = seen(user, 2)
    naming.name(stranger, Person(name="Bob"), operator)
    naming.take_back(stranger, operator)
    enrol_all()
    assert set(Enrolment.objects.values_list("error_code", flat=True)) == {"not_confirmed"}
    assert not EnrolledFace.objects.filter(person__name="Bob").exists()


def named(user: User, operator: User) -> tuple[Person, Stranger]:
    stranger = seen(user, 2)
    naming.name(stranger, Person(name="Bob"), operator)
    enrol_all()
    return Person.objects.get(name="Bob"), stranger


def test_erasing_somebody_takes_the_photos_in_which_they_were_found_to_be(
    user: User, operator: User
) -> None:
    bob, _ = named(user, operator)
    kept = ask(user, Face(1, 5))[0].identification_id
    erasure.remove_person(bob, operator)
    assert list(Identification.objects.values_list("pk", flat=True)) == [kept]
    assert not Stranger.objects.exists()


def test_the_export_of_somebody_has_the_faces_found_to_be_theirs(
    user: User, operator: User
) -> None:
    bob, stranger = named(user, operator)
    exported = b"".join(export.export(bob, operator))
    for face in stranger.faces.all():
        assert f"answers/{face.pk}/face".encode() in exported


def test_photos_of_whoever_was_named_since_are_kept_as_named_ones(
    user: User, operator: User
) -> None:
    named(user, operator)
    unnamed = next(term for term in retention.terms() if term.name == "unnamed")
    Identification.objects.update(created_at=timezone.now() - unnamed.kept_for * 2)
    assert not unnamed.over().exists()


def test_lists_take_as_many_queries_for_many_as_for_one(user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            for one in reading.of(reading.nameless()):
                assert one.askers == (user.username,)
                assert len(one.faces) == 2
            list(answers.with_names(Identification.objects.all()))
        return len(captured)

    seen(user, 2)
    before = queries()
    for person in (20, 21, 22):
        seen(user, 2, person)
    assert queries() == before
