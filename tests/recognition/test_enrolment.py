"""Which photos come into the gallery, which do not, and what remains of those that leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from ml import imaging
from recognition.models import AuditEvent, EnrolledFace, Enrolment, Person, Template, User
from recognition.services.gallery import people
from recognition.services.gallery.enrolling import USUAL, EnrolmentRefused, Options, enrol_photo
from recognition.services.privacy import erasure
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, embedding, photo

pytestmark = pytest.mark.usefixtures("recognizer")
LARGEST = Options(largest=True)


@pytest.fixture
def ann(db: None) -> Person:
    return Person.objects.create(name="Ann")


@pytest.fixture
def ben(db: None) -> Person:
    return Person.objects.create(name="Ben")


def files(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def refused(person: Person, data: bytes, options: Options = USUAL) -> EnrolmentRefused:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol_photo(person, data, "photo.png", options=options)
    assert not EnrolledFace.objects.filter(person__name=person.name).exists()
    return caught.value


def test_an_enrolled_photo_leaves_its_crop_a_portrait_and_a_template(ann: Person) -> None:
    face, created = enrol_photo(ann, photo(Face(1)), "ann.png")
    assert created
    assert (face.person, face.filename, face.quality) == (ann, "ann.png", 1.0)
    assert face.box == [20, 5, 60, 60]
    template = np.frombuffer(Template.objects.get().embedding, "<f4")
    assert np.array_equal(template, embedding(1))


def test_the_crop_is_kept_pixel_by_pixel_so_that_it_can_be_embedded_again(ann: Person) -> None:
    face, _ = enrol_photo(ann, photo(Face(1, shot=7)), "ann.png")
    crop = imaging.decode(face.crop.read())
    assert crop.shape == (112, 112, 3)
    assert np.unique(crop.reshape(-1, 3), axis=0).tolist() == [[1, 7, 255]]


def test_the_portrait_shows_the_face_with_a_margin(ann: Person) -> None:
    face, _ = enrol_photo(ann, photo(Face(1, width=400), height=400), "ann.png")
    portrait = imaging.inspect(face.portrait.read())
    assert (portrait.format, portrait.width) == ("JPEG", 256)


@pytest.mark.parametrize(
    ("degrees", "side"),
    [(0, np.s_[-8:]), (90, np.s_[:, -8:]), (180, np.s_[:8]), (-90, np.s_[:, :8])],
)
def test_the_portrait_of_a_turned_photo_is_upright(
    degrees: int, side: tuple[slice, ...], ann: Person, recognizer: StripeRecognizer
) -> None:
    """The lower edge of the photo is white, and comes to lie elsewhere."""
    image = imaging.decode(photo(Face(1, width=400), height=400)).copy()
    image[-120:] = 255
    recognizer.degrees = degrees
    face, _ = enrol_photo(ann, imaging.encode_png(image), "ann.png")
    portrait = imaging.decode(face.portrait.read())
    assert portrait[side].mean() > 240
    assert portrait.mean() < 150


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no photo", "unreadable_image"),
        (photo(Face(1))[:-40], "damaged_image"),
        (photo(), "no_face"),
        (photo(Face(1), Face(2)), "several_faces"),
        (photo(Face(1, quality=0.2)), "blurred"),
    ],
)
def test_a_photo_that_would_not_help_is_refused_with_its_reason(
    ann: Person, media: Path, data: bytes, code: str
) -> None:
    assert refused(ann, data).code == code
    assert files(media) == 0


def test_of_several_faces_the_clearly_largest_is_taken_on_demand(ann: Person) -> None:
    face, _ = enrol_photo(
        ann, photo(Face(1, width=40), Face(2, width=70)), "a.png", options=LARGEST
    )
    assert face.box[2] == 70


def test_the_only_face_is_the_largest_too(ann: Person) -> None:
    face, _ = enrol_photo(ann, photo(Face(1)), "a.png", options=LARGEST)
    assert face.box[2] == 60


def test_no_face_is_taken_when_none_is_clearly_the_largest(ann: Person) -> None:
    data = photo(Face(1, width=50), Face(2, width=70))
    assert refused(ann, data, LARGEST).code == "several_faces"


def test_the_same_photo_twice_changes_nothing(ann: Person, recognizer: StripeRecognizer) -> None:
    first, _ = enrol_photo(ann, photo(Face(1)), "ann.png")
    again, created = enrol_photo(ann, photo(Face(1)), "renamed.png")
    assert (again, created) == (first, False)
    assert recognizer.looked_at == 1


def test_a_photo_of_somebody_else_is_refused_by_their_name(ann: Person, ben: Person) -> None:
    enrol_photo(ann, photo(Face(1)), "ann.png")
    refusal = refused(ben, photo(Face(1)))
    assert (refusal.code, refusal.params) == ("enrolled_elsewhere", {"name": "Ann"})


def test_somebody_new_is_stored_with_the_first_photo_and_not_before() -> None:
    refused(Person(name="Cleo"), photo())
    assert not Person.objects.exists()
    face, _ = enrol_photo(Person(name="Cleo"), photo(Face(3)), "cleo.png")
    assert face.person == Person.objects.get(name="Cleo")


def test_no_photo_comes_in_for_a_person_who_has_been_removed(ann: Person, media: Path) -> None:
    Person.objects.all().delete()
    assert refused(ann, photo(Face(1))).code == "person_removed"
    assert files(media) == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_photo_enrolled_by_two_at_once_is_there_once(media: Path) -> None:
    ann = Person.objects.create(name="Ann")

    def enrol(number: int) -> bool:
        created = enrol_photo(ann, photo(Face(1)), f"{number}.png")[1]
        connection.close()
        return created

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enrol, range(4))) == [False, False, False, True]
    assert EnrolledFace.objects.count() == 1
    assert files(media) == 2


def test_a_removed_person_leaves_no_file_and_no_embedding(
    ann: Person,
    operator: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    for shot in range(3):
        enrol_photo(ann, photo(Face(1, shot=shot)), "ann.png")
    people.request_enrolment(ann, [SimpleUploadedFile("w.png", photo(Face(1, 9)))], operator)
    assert files(media) == 7
    with django_capture_on_commit_callbacks(execute=True):
        erasure.remove_person(ann, operator)
    assert files(media) == 0
    assert not Template.objects.exists()
    assert not Enrolment.objects.exists()


def test_a_removed_photo_leaves_the_others(
    ann: Person,
    operator: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    first, second = (enrol_photo(ann, photo(Face(1, s)), "ann.png")[0] for s in range(2))
    with django_capture_on_commit_callbacks(execute=True):
        erasure.remove_face(first, operator)
    assert list(ann.faces.all()) == [second]
    assert files(media) == 2


def test_changes_of_people_are_in_the_audit_log_without_their_names(operator: User) -> None:
    ann = people.add_person("Ann", operator)
    ann.name = "Anna"
    people.change_person(ann, operator, ["name"])
    face, _ = enrol_photo(ann, photo(Face(1)), "ann.png", actor=operator)
    erasure.remove_face(face, operator)
    erasure.remove_person(ann, operator)
    events = AuditEvent.objects.order_by("pk")
    assert list(events.values_list("action", flat=True)) == [
        "person.added",
        "person.renamed",
        "face.enrolled",
        "face.removed",
        "person.removed",
    ]
    assert {event.actor for event in events} == {operator}
    assert "Ann" not in str([event.details for event in events])


def test_two_people_may_share_a_name_but_not_the_external_id_too(ann: Person) -> None:
    people.add_person("Ann", None, external_id="2")
    with pytest.raises(people.NameTaken):
        people.add_person(" Ann ", None)


def request(person: Person, operator: User, data: bytes) -> Enrolment:
    file = SimpleUploadedFile("photo.png", data)
    (row,) = people.request_enrolment(person, [file], operator).accepted
    return row


def test_photos_from_the_page_wait_for_a_worker(
    ann: Person,
    operator: User,
    broker: Broker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    files = [SimpleUploadedFile("a.png", photo(Face(1))), SimpleUploadedFile("b.txt", b"text")]
    with django_capture_on_commit_callbacks(execute=True):
        requested = people.request_enrolment(ann, files, operator)
    (row,) = requested.accepted
    assert [each.filename for each in requested.refused] == ["b.txt"]
    assert broker.sent() == [("enrol", str(row.pk))]


def test_a_photo_from_the_page_is_enrolled_once(
    ann: Person,
    operator: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = request(ann, operator, photo(Face(1)))
    with django_capture_on_commit_callbacks(execute=True):
        people.process_enrolment(row.pk)
        people.process_enrolment(row.pk, redelivered=True)
    row.refresh_from_db()
    assert (row.status, row.face) == ("done", ann.faces.get())
    assert not row.original
    assert files(media) == 2
    assert AuditEvent.objects.get(action="face.enrolled").actor == operator


def test_a_refused_photo_from_the_page_says_why(ann: Person, ben: Person, operator: User) -> None:
    face, _ = enrol_photo(ann, photo(Face(1)), "ann.png")
    nobody, elsewhere = request(ben, operator, photo()), request(ben, operator, photo(Face(1)))
    for row in (nobody, elsewhere):
        people.process_enrolment(row.pk)
        row.refresh_from_db()
    assert (nobody.status, nobody.error_code) == ("rejected", "no_face")
    assert (elsewhere.status, elsewhere.error_code) == ("rejected", "enrolled_elsewhere")
    assert elsewhere.face == face


def test_an_enrolment_that_was_interrupted_after_its_photo_came_in_still_ends_well(
    ann: Person, operator: User
) -> None:
    row = request(ann, operator, photo(Face(1)))
    face, _ = enrol_photo(ann, photo(Face(1)), "photo.png")
    people.process_enrolment(row.pk)
    row.refresh_from_db()
    assert (row.status, row.face) == ("done", face)
