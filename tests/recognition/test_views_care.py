"""The operators' pages on which people are merged, hidden, and their photos moved."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recognition.models import EnrolledFace, Merge, ModelVersion, Person, User
from recognition.services.gallery import memory, moving, people
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.merging import merge
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review
from tests.factories import deeds
from tests.recognition.conftest import Meanwhile
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


def enrolled(name: str, *faces: Face) -> Person:
    person = Person(name=name)
    for face in faces:
        person = enrol_photo(person, photo(face), f"{name}-{face.shot}.png")[0].person
    return person


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrolled("Ann", Face(1), Face(1, shot=1))


@pytest.fixture
def ben(ann: Person) -> Person:
    return enrolled("Ben", Face(2))


def send(client: Client, route: str, pk: int, **form: object) -> str:
    response = client.post(reverse(route, args=(pk,)), form, follow=True)
    return re.sub(r"\s+", " ", response.content.decode())


def shown(client: Client, route: str, pk: int, **query: str | int) -> str:
    response = client.get(reverse(route, args=(pk,)), query, follow=True)
    return re.sub(r"\s+", " ", response.content.decode())


def in_gallery(version: ModelVersion) -> dict[int, int]:
    with memory.current(version) as gallery:
        return {person: gallery.photos_of(person) for person in gallery.everybody}


# merging


@pytest.mark.parametrize("stays", ["Ann", "Ben"])
def test_two_are_merged_and_the_chosen_name_stays(
    client: Client, ann: Person, ben: Person, stays: str
) -> None:
    page = shown(client, "person_merge", ann.pk, **{"with": ben.pk})
    assert "Merge these two?" in page
    kept = {"Ann": ann, "Ben": ben}[stays]
    page = send(client, "person_merge", ann.pk, **{"with": ben.pk, "stays": kept.pk})
    assert Person.objects.get() == kept
    assert f"merged with {stays}" in page
    assert kept.faces.count() == 3


def test_whoever_is_found_by_name_can_be_chosen(client: Client, ann: Person, ben: Person) -> None:
    assert "Ben" not in shown(client, "person_merge", ann.pk)
    page = shown(client, "person_merge", ann.pk, q="be")
    assert f"?with={ben.pk}" in page
    assert f"?with={ann.pk}" not in page


def test_who_looks_the_same_is_offered_first(client: Client, ann: Person, ben: Person) -> None:
    ben.faces.update(resembles=ann)
    assert f"?with={ben.pk}" in shown(client, "person_merge", ann.pk)
    assert f"?with={ann.pk}" in shown(client, "person_merge", ben.pk)


def test_a_name_that_is_taken_leads_to_the_merge(client: Client, ann: Person, ben: Person) -> None:
    page = send(client, "person_edit", ann.pk, name="Ben")
    assert "is there already" in page
    assert f"{reverse('person_merge', args=(ann.pk,))}?with={ben.pk}" in page
    assert "Merge with Ben" in page


def test_a_merge_is_undone_on_the_page_of_the_person(
    client: Client, ann: Person, ben: Person
) -> None:
    done = merge(ben, ann, None)
    assert reverse("merge_undo", args=(done.pk,)) in shown(client, "person", ann.pk)
    page = send(client, "merge_undo", done.pk)
    assert "Ben is a separate entry again." in page
    assert ben.faces.count() == 1


def test_why_it_cannot_be_undone_is_said(client: Client, ann: Person, ben: Person) -> None:
    done = merge(ben, ann, None)
    Person.objects.create(name="Ben")
    assert "another person is called Ben by now" in send(client, "merge_undo", done.pk)
    assert Merge.objects.exists()


def test_the_address_of_before_leads_to_them(client: Client, ann: Person, ben: Person) -> None:
    merge(ben, ann, None)
    response = client.get(reverse("person", args=(ben.pk,)))
    assert response.headers["Location"] == reverse("person", args=(ann.pk,))
    assert client.get(reverse("person", args=(999,))).status_code == 404


# photos of somebody else


def test_a_photo_is_moved_to_whose_it_is(
    client: Client, ann: Person, ben: Person, operator: User, version: ModelVersion
) -> None:
    assert in_gallery(version) == {ann.pk: 2, ben.pk: 1}
    face = ann.faces.get(filename="Ann-1.png")
    assert "Whose photos are these?" in shown(client, "photos_move", ann.pk, face=face.pk)
    page = send(client, "photos_move", ann.pk, face=face.pk, to=ben.pk)
    assert "1 photo now belongs to Ben." in page
    assert in_gallery(version) == {ann.pk: 1, ben.pk: 2}
    event = deeds().get(action="face.moved")
    assert event.details == {"before": ann.pk, "after": ben.pk}
    assert event.actor == operator


def test_photos_become_somebody_new(client: Client, ann: Person, version: ModelVersion) -> None:
    face = ann.faces.get(filename="Ann-1.png")
    send(client, "photos_move", ann.pk, face=face.pk, name="Cleo")
    cleo = Person.objects.get(name="Cleo")
    assert in_gallery(version) == {ann.pk: 1, cleo.pk: 1}


@pytest.mark.parametrize("name", ["", "Ben", "x" * 201])
def test_somebody_new_needs_a_name_of_their_own(
    client: Client, ann: Person, ben: Person, name: str
) -> None:
    page = send(client, "photos_move", ann.pk, face=ann.faces.all()[0].pk, name=name)
    assert 'class="message error"' in page
    assert Person.objects.count() == 2
    assert ann.faces.count() == 2


def test_without_a_photo_there_is_nothing_to_move(client: Client, ann: Person, ben: Person) -> None:
    foreign = ben.faces.get()
    assert "Choose the photos first." in shown(client, "photos_move", ann.pk, face=foreign.pk)
    assert "Choose the photos first." in send(client, "photos_move", ann.pk, to=ben.pk)


def test_what_a_reviewer_said_does_not_take_a_moved_photo_out(
    ann: Person, ben: Person, user: User, reviewer: User
) -> None:
    """Whoever moved it knows better than the verdict by which it came in."""
    row = submit(user, [SimpleUploadedFile("a.png", photo(Face(1, shot=4)))]).accepted[0]
    process(row.pk)
    face = row.faces.get()
    review(face, reviewer, "right")
    ann.faces.filter(filename="Ann-1.png").update(from_review=True, probe=face)
    moving.move(ann.faces.filter(filename="Ann-1.png"), ben, None)
    review(face, reviewer, "not_in_gallery")
    assert ben.faces.count() == 2


def test_an_answer_under_way_does_not_name_by_a_photo_that_has_moved(
    ann: Person, ben: Person, user: User, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: ann.faces.exists() and moving.move(ann.faces.all(), ben, None))
    row = submit(user, [SimpleUploadedFile("a.png", photo(Face(1, shot=4)))]).accepted[0]
    process(row.pk)
    assert {one.person for one in row.faces.get().candidates.all()} == {ben}


def test_an_answer_of_before_shows_no_photo_that_has_moved(
    client: Client, ann: Person, ben: Person, operator: User
) -> None:
    row = submit(operator, [SimpleUploadedFile("a.png", photo(Face(1, shot=4)))]).accepted[0]
    process(row.pk)
    face = ann.faces.get(filename="Ann-1.png")
    portrait = reverse("photo", args=("enrolled", face.pk))
    address = reverse("identification", args=(row.pk,))
    assert portrait in client.get(address).content.decode()
    moving.move(ann.faces.filter(pk=face.pk), ben, None)
    assert portrait not in client.get(address).content.decode()


# the portrait, being hidden, notes


def test_the_chosen_portrait_is_shown_in_the_list(client: Client, ann: Person) -> None:
    best, other = ann.faces.order_by("pk")
    assert reverse("photo", args=("enrolled", best.pk)) in client.get("/people/").content.decode()
    for face in (best, other):
        send(client, "face_portrait", face.pk)
    assert reverse("photo", args=("enrolled", other.pk)) in client.get("/people/").content.decode()
    assert EnrolledFace.objects.filter(chosen=True).get() == other


def test_who_is_hidden_is_in_no_answer_and_back_at_once(
    client: Client, ann: Person, ben: Person, version: ModelVersion
) -> None:
    page = send(client, "person_hide", ann.pk, hidden="on")
    assert "Hidden since" in page
    assert in_gallery(version) == {ben.pk: 1}
    assert "· hidden" in client.get(reverse("people")).content.decode()
    assert "Name them again" in page
    send(client, "person_hide", ann.pk)
    assert in_gallery(version) == {ann.pk: 2, ben.pk: 1}
    actions = [event.action for event in deeds().filter(subject_id=str(ann.pk))]
    assert actions[-2:] == ["person.hidden", "person.shown"]


def test_photos_of_who_is_hidden_are_enrolled_like_any(ann: Person, version: ModelVersion) -> None:
    people.hide(ann, None, hidden=True)
    enrol_photo(ann, photo(Face(1, shot=9)), "more.png")
    assert in_gallery(version) == {}
    people.hide(ann, None, hidden=False)
    assert in_gallery(version) == {ann.pk: 3}


def test_who_is_hidden_while_a_photo_is_looked_at_is_not_named(
    ann: Person, user: User, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: people.hide(ann, None, hidden=True))
    row = submit(user, [SimpleUploadedFile("a.png", photo(Face(1, shot=4)))]).accepted[0]
    process(row.pk)
    assert row.faces.get().decision == "unknown"


def test_notes_are_kept_as_they_are_written_and_only_operators_read_them(
    client: Client, ann: Person, login: Login, reviewer: User
) -> None:
    send(client, "person_edit", ann.pk, name="Ann", notes="Likes <b>tea</b>.")
    assert "Likes &lt;b&gt;tea&lt;/b&gt;." in shown(client, "person", ann.pk)
    record = reverse("admin:recognition_person_change", args=(ann.pk,))
    assert "tea" not in login(reviewer).get(record).content.decode()
    assert "tea" not in str(list(deeds().values()))
