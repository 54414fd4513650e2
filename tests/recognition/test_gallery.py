"""The gallery in a worker's memory follows what others change, and reads nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognition.models import EnrolledFace, GalleryChange, ModelVersion, Person
from recognition.services.gallery import memory
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.privacy import erasure
from tests.recognition.fakes import Face, StripeRecognizer, embedding, photo


def enrol(name: str, number: int, shot: int = 0) -> EnrolledFace:
    person = Person.objects.filter(name=name).first() or Person(name=name)
    face, _ = enrol_photo(person, photo(Face(number, shot=shot)), f"{shot}.png")
    return face


def sizes(version: ModelVersion) -> tuple[int, int]:
    with memory.current(version) as followed:
        return followed.people, followed.templates


def nearest(version: ModelVersion, number: int) -> int:
    with memory.current(version) as followed:
        return followed.search(embedding(number, 99))[0].person


def queries(action: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        action()
    return [query["sql"] for query in captured.captured_queries]


@pytest.fixture
def gallery_of_ten(recognizer: StripeRecognizer, version: ModelVersion) -> ModelVersion:
    for number in range(1, 11):
        enrol(f"Person {number}", number)
    assert sizes(version) == (10, 10)
    return version


def test_an_unchanged_gallery_costs_one_query_and_reads_no_template(
    gallery_of_ten: ModelVersion,
) -> None:
    (only,) = queries(lambda: sizes(gallery_of_ten))
    assert "gallerychange" in only
    assert "template" not in only


def test_an_added_photo_is_seen_at_the_next_question_and_alone_is_read(
    gallery_of_ten: ModelVersion,
) -> None:
    face = enrol("Somebody new", 200)
    asked = queries(lambda: sizes(gallery_of_ten))
    assert sizes(gallery_of_ten) == (11, 11)
    assert nearest(gallery_of_ten, 200) == face.person_id
    templates = [sql for sql in asked if "recognition_template" in sql]
    assert len(asked) == 2
    assert len(templates) == 1
    assert f"IN ({face.pk})" in templates[0]


def test_a_removed_photo_is_gone_at_the_next_question(gallery_of_ten: ModelVersion) -> None:
    face = enrol("Person 1", 1, shot=5)
    assert sizes(gallery_of_ten) == (10, 11)
    erasure.remove_face(face, None)
    assert sizes(gallery_of_ten) == (10, 10)


def test_a_removed_person_is_gone_at_the_next_question(gallery_of_ten: ModelVersion) -> None:
    erasure.remove_person(Person.objects.get(name="Person 3"), None)
    assert sizes(gallery_of_ten) == (9, 9)


def test_what_came_and_went_between_two_questions_leaves_nothing(
    gallery_of_ten: ModelVersion,
) -> None:
    erasure.remove_face(enrol("Person 1", 1, shot=5), None)
    erasure.remove_person(enrol("Fleeting", 77).person, None)
    assert sizes(gallery_of_ten) == (10, 10)


def test_every_way_to_the_same_gallery_gives_the_same_answers(
    gallery_of_ten: ModelVersion,
) -> None:
    erasure.remove_person(Person.objects.get(name="Person 3"), None)
    for shot in range(1, 4):
        enrol("Person 5", 5, shot=shot)
    with memory.current(gallery_of_ten) as followed:
        by_following = followed.search(embedding(5, 50))
    memory._followed.clear()
    with memory.current(gallery_of_ten) as read_afresh:
        afresh = read_afresh.search(embedding(5, 50))
    assert [near.person for near in by_following] == [near.person for near in afresh]
    assert [near.similarity for near in by_following] == pytest.approx(
        [near.similarity for near in afresh], abs=1e-6
    )


def test_another_model_version_has_a_gallery_of_its_own(gallery_of_ten: ModelVersion) -> None:
    candidate = ModelVersion.objects.create(name="next", digest="1" * 64, embedding_size=128)
    assert sizes(candidate) == (0, 0)
    assert sizes(gallery_of_ten) == (10, 10)


def test_a_long_list_of_changes_is_followed_to_its_end(
    gallery_of_ten: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_BATCH", 2)
    for number in range(11, 18):
        enrol(f"Person {number}", number)
    assert sizes(gallery_of_ten) == (17, 17)


def test_revisions_grow_with_each_change(recognizer: StripeRecognizer) -> None:
    for shot in range(3):
        enrol("Ann", 1, shot)
    erasure.remove_person(Person.objects.get(), None)
    revisions = list(GalleryChange.objects.order_by("pk").values_list("revision", flat=True))
    assert revisions == [1, 2, 3, 4, 4, 4]


def in_another_thread(action: Callable[[], object]) -> None:
    """With a database connection of its own, as another process has."""

    def run() -> None:
        try:
            action()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.mark.django_db(transaction=True)
def test_what_another_process_commits_is_seen_at_the_very_next_question(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    enrol("Ann", 1)
    assert sizes(version) == (1, 1)
    in_another_thread(lambda: enrol("Ben", 2))
    assert sizes(version) == (2, 2)
    in_another_thread(lambda: erasure.remove_person(Person.objects.get(name="Ann"), None))
    assert sizes(version) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_none_is_missed(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    """The second change has to wait for the first, however long that takes to commit."""
    sizes(version)
    first_is_under_way, may_commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with memory.changing() as changes:
            changes.removed([(10**6, 1)])
            first_is_under_way.set()
            may_commit.wait(10)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(in_another_thread, slowly)
        first_is_under_way.wait(10)
        quick = pool.submit(in_another_thread, lambda: enrol("Ben", 2))
        assert sizes(version) == (0, 0)
        assert not quick.done()
        may_commit.set()
        slow.result()
        quick.result()
    assert sizes(version) == (1, 1)
    assert list(GalleryChange.objects.order_by("pk").values_list("revision", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_threads_of_one_process_share_one_gallery_without_harm(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    def work(number: int) -> None:
        enrol(f"Person {number}", number)
        sizes(version)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(1, 13)))
    assert sizes(version) == (12, 12)
