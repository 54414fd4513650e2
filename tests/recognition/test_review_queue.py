"""Which face a reviewer is given, in which order, and that nobody else is given it meanwhile."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recognition.forms.review import QueueFilter
from recognition.models import Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review import queue
from recognition.services.review.queue import Queue
from recognition.services.review.verdicts import VerdictRefused, judge
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.reviewing import multiply

Login = Callable[[User], Client]


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def faces(ann: Person, user: User) -> list[ProbeFace]:
    """Four faces, from the most certain answer to the most doubtful, the oldest first."""
    for person in (1, 2, 1, 9):
        (row,) = submit(user, [SimpleUploadedFile("p.png", photo(Face(person, shot=3)))]).accepted
        process(row.pk)
    found = list(ProbeFace.objects.order_by("pk"))
    for face, probability in zip(found, (0.99, 0.05, 0.8, 0.45), strict=True):
        ProbeFace.objects.filter(pk=face.pk).update(probability=probability)
    return found


def chosen(**given: str) -> Queue:
    return QueueFilter(given).queue()


def numbers(faces: list[ProbeFace], *places: int) -> list[int]:
    return [faces[place].pk for place in places]


def test_the_most_doubtful_answer_comes_first(faces: list[ProbeFace], reviewer: User) -> None:
    assert queue.take(chosen(), reviewer, 4) == numbers(faces, 3, 2, 1, 0)


def test_the_newest_come_first_if_so_chosen(faces: list[ProbeFace], reviewer: User) -> None:
    assert queue.take(chosen(order="newest"), reviewer, 4) == numbers(faces, 3, 2, 1, 0)
    assert queue.take(chosen(order="newest"), reviewer, 1, faces[2].pk, again=True) == numbers(
        faces, 1
    )


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"person": "ann"}, (2, 0)),
        ({"decision": "unknown"}, (3,)),
        ({"decision": "match", "person": "Bob"}, (1,)),
        ({"review": "right"}, ()),
        ({"until": "2001-01-01"}, ()),
        ({"since": "2001-01-01"}, (3, 2, 1, 0)),
        ({"since": "soon"}, ()),
    ],
)
def test_a_filter_chooses(
    faces: list[ProbeFace], reviewer: User, given: dict[str, str], places: tuple[int, ...]
) -> None:
    assert queue.take(chosen(**given), reviewer, 9) == numbers(faces, *places)


def test_after_the_last_come_those_that_were_skipped(
    faces: list[ProbeFace], reviewer: User
) -> None:
    first, second = queue.take(chosen(), reviewer, 2)
    queue.let_go(first, reviewer)
    rest = queue.take(chosen(), reviewer, 9, second)
    assert rest == [*numbers(faces, 1, 0), first]


def test_a_face_that_was_deleted_is_no_place_to_go_on_from(
    faces: list[ProbeFace], reviewer: User
) -> None:
    gone = faces[3].pk
    faces[3].identification.delete()
    assert queue.take(chosen(), reviewer, 1, gone) == numbers(faces, 2)


def test_what_one_reviewer_holds_the_other_is_not_given(
    faces: list[ProbeFace], reviewer: User
) -> None:
    other = make_user("reviewer")
    assert queue.take(chosen(), reviewer, 3) == numbers(faces, 3, 2, 1)
    assert queue.take(chosen(), other, 3) == numbers(faces, 0)
    assert not queue.hold(faces[3].pk, other)


def test_who_comes_back_finds_their_faces_again(faces: list[ProbeFace], reviewer: User) -> None:
    held = queue.take(chosen(), reviewer, 2)
    assert queue.take(chosen(), reviewer, 2) == numbers(faces, 1, 0)
    assert queue.take(chosen(), reviewer, 2, again=True) == held


def pass_by(minutes: float) -> None:
    """As if so much time had gone since."""
    for face in ProbeFace.objects.exclude(held_until=None):
        until = face.held_until - dt.timedelta(minutes=minutes)  # type: ignore[operator]
        ProbeFace.objects.filter(pk=face.pk).update(held_until=until)


def test_after_five_minutes_somebody_else_may_take_it_over(
    faces: list[ProbeFace], reviewer: User
) -> None:
    other = make_user("reviewer")
    (face,) = queue.take(chosen(), reviewer, 1)
    pass_by(4.9)
    assert not queue.hold(face, other)
    pass_by(0.2)
    assert queue.hold(face, other)
    with pytest.raises(VerdictRefused, match="not_held"):
        judge(face, reviewer, "not_a_face")
    assert judge(face, other, "not_a_face").review == "not_a_face"


def test_who_still_looks_keeps_it(faces: list[ProbeFace], reviewer: User) -> None:
    other = make_user("reviewer")
    (face,) = queue.take(chosen(), reviewer, 1)
    for _ in range(3):
        pass_by(4)
        queue.go_on([face], reviewer)
    assert not queue.hold(face, other)


def test_to_go_on_looking_takes_nobodys_face(faces: list[ProbeFace], reviewer: User) -> None:
    other = make_user("reviewer")
    (face,) = queue.take(chosen(), reviewer, 1)
    queue.go_on([face, faces[0].pk], other)
    assert set(ProbeFace.objects.values_list("held_by", flat=True)) == {reviewer.pk, None}


def test_whoever_was_late_has_the_verdict_still_if_nobody_came(
    faces: list[ProbeFace], reviewer: User
) -> None:
    (face,) = queue.take(chosen(), reviewer, 1)
    pass_by(60)
    assert judge(face, reviewer, "not_in_gallery").held_by is None


def test_a_verdict_after_somebody_elses_is_refused(faces: list[ProbeFace], reviewer: User) -> None:
    other = make_user("reviewer")
    (face,) = queue.take(chosen(), reviewer, 1)
    pass_by(6)
    assert queue.hold(face, other)
    judge(face, other, "not_in_gallery")
    with pytest.raises(VerdictRefused, match="not_held"):
        judge(face, reviewer, "not_a_face")
    assert ProbeFace.objects.get(pk=face).review == "not_in_gallery"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_no_two_hold_the_same_face(
    faces: list[ProbeFace],
) -> None:
    multiply(60)
    reviewers = [make_user("reviewer") for _ in range(8)]
    together, taken = threading.Barrier(len(reviewers)), dict[int, list[int]]()

    def work(reviewer: User) -> None:
        together.wait()
        taken[reviewer.pk] = [face for _ in range(6) for face in queue.take(chosen(), reviewer, 1)]
        connection.close()

    threads = [threading.Thread(target=work, args=(reviewer,)) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_taken = [face for held in taken.values() for face in held]
    assert len(all_taken) == len(set(all_taken)) == 6 * len(reviewers)
    for face in ProbeFace.objects.filter(pk__in=all_taken):
        assert face.pk in taken[face.held_by_id or 0]


def test_groups_come_by_the_name_that_was_given(
    faces: list[ProbeFace], ann: Person, reviewer: User
) -> None:
    other = make_user("reviewer")
    assert queue.hold(faces[0].pk, other)
    found = queue.groups(chosen(), reviewer, 6)
    assert [(group.person and group.person.name, group.waiting) for group in found] == [
        ("Ann", 2),
        (None, 1),
        ("Bob", 1),
    ]
    assert found[0].faces == numbers(faces, 2)


def plan(faces: QuerySet[ProbeFace]) -> str:
    return str(faces.values_list("pk")[:3].explain())


def test_the_next_faces_are_found_by_an_index(faces: list[ProbeFace]) -> None:
    """However many wait: nothing is sorted."""
    multiply(2000)
    if connection.vendor == "postgresql":  # which plans by figures that it brings up to date later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE recognition_probeface")
    for waiting in (chosen(), chosen(order="newest")):
        for found in (waiting.after(None), waiting.after(faces[0].pk)):
            said = plan(found.filter(queue._free(None)))
            assert "index" in said.casefold()
            assert "TEMP B-TREE" not in said  # as SQLite calls it, and PostgreSQL below
            assert "->  Sort" not in said


def test_a_verdict_takes_as_many_queries_whatever_waits(
    faces: list[ProbeFace], reviewer: User, login: Login
) -> None:
    browser = login(reviewer)
    few = queries(browser)
    multiply(2000)
    assert queries(browser) <= few


def queries(browser: Client) -> int:
    """Of one verdict as the page sends it, which answers with the face after those it has."""
    page = browser.get(reverse("review"))
    now, *_, last = (card.item.face.pk for card in page.context["cards"])
    with CaptureQueriesContext(connection) as counted:
        said = {"verdict": "not_a_face", "after": last}
        path = reverse("review_face", args=(now,))
        assert browser.post(path, said, headers={"HX-Request": "true"}).status_code == 200
    return len(counted)
