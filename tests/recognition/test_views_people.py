"""The operators' pages: who is enrolled, adding and removing."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recognition.models import AuditEvent, EnrolledFace, Enrolment, Person, Purpose, User
from recognition.services.gallery import owners
from recognition.services.gallery import people as service
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.people import process_enrolment
from recognition.services.identification.answering import process, submit
from tests.factories import agreed, deeds
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


@pytest.fixture
def ada(recognizer: StripeRecognizer) -> Person:
    face, _ = enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    return face.person


def page(client: Client, route: str, *args: object, **query: str) -> str:
    content = client.get(reverse(route, args=args), query).content.decode()
    return re.sub(r"\s+", " ", content)


def names(client: Client, query: str = "") -> list[str]:
    return re.findall(r'"person-name">([^<]+)<', page(client, "people", q=query))


def send(client: Client, person: Person, *files: tuple[str, bytes]) -> None:
    photos = [SimpleUploadedFile(name, data) for name, data in files]
    client.post(reverse("person_enrol", args=(person.pk,)), {"photos": photos})


def work() -> None:
    for row in Enrolment.objects.filter(status="queued"):
        process_enrolment(row.pk)


def test_people_are_listed_by_name_with_portrait_and_number_of_photos(
    client: Client, ada: Person
) -> None:
    enrol_photo(ada, photo(Face(1, shot=2, quality=0.8)), "more.png")
    Person.objects.create(name="Aaron")
    assert names(client) == ["Aaron", "Ada"]
    best = ada.faces.get(filename="ada.png")
    assert reverse("photo", args=("enrolled", best.pk)) in page(client, "people")
    assert "2 photos" in page(client, "people")
    assert "no photo yet" in page(client, "people")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("анна", ["Анна Каренина"]),
        ("КАРЕН", ["Анна Каренина"]),
        ("john smith", ["John Smith"]),
        ("john_smith", ["John Smith"]),
        ("k-17", ["John Smith"]),
        ("o'neil (", ["Ann O&#x27;Neil (London)"]),
        ("nobody", []),
    ],
)
def test_search_knows_every_script_and_the_underscores_of_folders(
    client: Client, query: str, found: list[str]
) -> None:
    Person.objects.create(name="Анна Каренина")
    Person.objects.create(name="John_Smith", external_id="K-17")
    Person.objects.create(name="Ann O'Neil (London)")
    assert names(client, query) == found


@pytest.fixture
def several(ada: Person, user: User) -> None:
    """Ada was added first, has two photos and was seen last; Bea agreed; Cy is hidden; Dan has
    nothing, and took his consent back."""
    enrol_photo(ada, photo(Face(1, shot=2)), "more.png")
    bea = enrol_photo(Person(name="Bea"), photo(Face(2)), "bea.png")[0].person
    cy = enrol_photo(Person(name="Cy"), photo(Face(3)), "cy.png")[0].person
    agreed(bea, Purpose.TRAINING, Purpose.RECOGNITION)
    agreed(Person.objects.create(name="Dan"), Purpose.RECOGNITION, withdrawn_at=timezone.now())
    for face in (Face(2, shot=1), Face(1, shot=1)):
        process(submit(user, [SimpleUploadedFile("a.png", photo(face))]).accepted[0].pk)
    service.hide(cy, None, hidden=True)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["Ada", "Bea", "Cy", "Dan"]),
        ({"photos": "no_photo"}, ["Dan"]),
        ({"photos": "one_photo"}, ["Bea", "Cy"]),
        ({"photos": "several_photos"}, ["Ada"]),
        ({"consent": "recognition"}, ["Bea"]),
        ({"consent": "training"}, ["Bea"]),
        ({"consent": "no_consent"}, ["Dan"]),
        ({"seen": "seen_lately"}, ["Ada", "Bea"]),
        ({"seen": "never_seen"}, ["Cy", "Dan"]),
        ({"hidden": "hidden"}, ["Cy"]),
        ({"hidden": "shown", "seen": "never_seen"}, ["Dan"]),
        ({"sort": "photos"}, ["Ada", "Bea", "Cy", "Dan"]),
        ({"sort": "seen"}, ["Ada", "Bea", "Cy", "Dan"]),
        ({"sort": "added"}, ["Dan", "Cy", "Bea", "Ada"]),
        ({"sort": "seen", "q": "a"}, ["Ada", "Bea", "Dan"]),
        ({"photos": "nonsense"}, []),
    ],
)
def test_the_list_is_narrowed_and_put_in_order(
    client: Client, several: None, chosen: dict[str, str], found: list[str]
) -> None:
    shown = page(client, "people", **chosen)
    assert re.findall(r'"person-name">([^<]+)<', shown) == found
    if not found:
        assert "Nobody matches this filter." in shown


def test_consent_of_everybody_found_is_of_nobody_else(client: Client, several: None) -> None:
    address = re.search(
        r'href="([^"]+everybody=on[^"]*)"', page(client, "people", seen="never_seen")
    )
    assert address
    form = client.get(html.unescape(address[1])).content.decode()
    assert "2 people have agreed" in form
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    purposes = {"training": "on", "how": "paper", "given": "2026-01-01", "text": "1"}
    client.post(reverse("consent_give"), {**hidden, **purposes})
    with_consent = Person.objects.filter(consents__purpose="training").order_by("name")
    assert [one.name for one in with_consent] == ["Bea", "Cy", "Dan"]


def test_a_person_is_added_and_photos_come_next(client: Client, operator: User) -> None:
    form = {"name": " Ada Lovelace ", "external_id": "7"}
    response = client.post(reverse("person_add"), form)
    person = Person.objects.get()
    assert response.headers["Location"] == reverse("person", args=(person.pk,))
    assert (person.name, person.external_id) == ("Ada Lovelace", "7")
    assert not person.consents.exists()
    assert deeds().get().actor == operator
    shown = page(client, "person", person.pk)
    assert "the site cannot name this person" in shown
    assert "One photo is enough to be recognised" in shown
    assert "to be trained on, a person needs 5." in shown


def test_two_people_cannot_have_the_same_name_and_id_in_whatever_code_points(
    client: Client,
) -> None:
    Person.objects.create(name="Андрей")
    response = client.post(reverse("person_add"), {"name": "Андреи\N{COMBINING BREVE}"})
    assert response.status_code == 422
    assert b"is there already" in response.content
    assert Person.objects.count() == 1


@pytest.mark.parametrize("taken", ["Mei_Tanaka", "Mei Tanaka"])
def test_two_people_cannot_look_the_same_by_spaces_for_underscores(
    client: Client, taken: str
) -> None:
    other = "Mei Tanaka" if "_" in taken else "Mei_Tanaka"
    mei = Person.objects.create(name=taken)
    response = client.post(reverse("person_add"), {"name": other})
    assert response.status_code == 422
    assert b"is there already" in response.content
    client.post(reverse("person_add"), {"name": other, "external_id": "2"})
    assert Person.objects.count() == 2
    client.post(reverse("person_edit", args=(mei.pk,)), {"name": other})
    mei.refresh_from_db()
    assert mei.name == other


def test_of_two_who_look_the_same_already_either_can_be_changed(client: Client) -> None:
    twins = [Person.objects.create(name=name) for name in ("Mei_Tanaka", "Mei Tanaka")]
    for mei in twins:
        form = {"name": mei.name, "external_id": f"{mei.pk}"}
        assert client.post(reverse("person_edit", args=(mei.pk,)), form).status_code == 302


def test_a_person_is_renamed(client: Client, ada: Person) -> None:
    client.post(reverse("person_edit", args=(ada.pk,)), {"name": "Ada King"})
    ada.refresh_from_db()
    assert ada.name == "Ada King"
    assert AuditEvent.objects.filter(action="person.renamed").count() == 1


def test_the_page_says_which_other_folders_are_theirs(client: Client, ada: Person) -> None:
    owners.remember("Ada_", ada)
    assert "Photos in folders" not in page(client, "person", ada.pk)
    owners.remember("A_Lovelace", ada)
    assert "enrolled here: A_Lovelace" in page(client, "person", ada.pk)


def test_a_form_with_a_mistake_is_shown_again_and_changes_nothing(
    client: Client, ada: Person
) -> None:
    response = client.post(reverse("person_edit", args=(ada.pk,)), {"name": ""})
    assert response.status_code == 422
    assert b"Ada</a>" in response.content
    assert Person.objects.get().name == "Ada"


def test_photos_are_enrolled_by_the_worker_and_the_page_fills_in(
    client: Client, ada: Person
) -> None:
    send(client, ada, ("second.png", photo(Face(1, shot=2))))
    waiting = page(client, "person", ada.pk)
    assert "Stored and waiting since" in waiting
    asks = re.search(r'hx-get="([^"]+)"', waiting)
    assert asks
    assert client.get(asks[1], headers=HTMX).status_code == 204
    work()
    fragment = client.get(asks[1], headers=HTMX).content.decode()
    assert "second.png" in fragment
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment
    assert ada.faces.count() == 2


def test_refused_photos_are_named_with_their_reasons_and_the_rest_goes_on(
    client: Client, ada: Person
) -> None:
    files = (
        ("notes.txt", b"hello"),
        ("two.png", photo(Face(1), Face(2))),
        ("good.png", photo(Face(1, shot=3))),
    )
    send(client, ada, *files)
    work()
    shown = page(client, "person", ada.pk)
    assert "<b>notes.txt</b> This file could not be read as a photo" in shown
    assert "<b>two.png</b></p> <p>Not enrolled: There are several faces." in shown
    assert ada.faces.filter(filename="good.png").exists()
    later = timezone.now() - dt.timedelta(hours=2)
    Enrolment.objects.update(created_at=later, finished_at=later)
    assert "two.png" not in page(client, "person", ada.pk)


def test_no_file_is_a_clear_sentence(client: Client, ada: Person) -> None:
    response = client.post(reverse("person_enrol", args=(ada.pk,)))
    assert response.status_code == 422
    assert b"Choose at least one photo." in response.content


def test_a_photo_is_removed_after_a_question(client: Client, ada: Person, media: Path) -> None:
    face = ada.faces.get()
    question = page(client, "face_remove", face.pk)
    assert "This is the last photo of Ada" in question
    assert EnrolledFace.objects.exists()
    response = client.post(reverse("face_remove", args=(face.pk,)))
    assert response.headers["Location"] == reverse("person", args=(ada.pk,))
    assert not EnrolledFace.objects.exists()


def test_a_person_is_removed_after_being_told_what_goes(client: Client, ada: Person) -> None:
    question = page(client, "person_remove", ada.pk)
    assert "1 enrolled photo with its face crop and embedding" in question
    assert Person.objects.exists()
    response = client.post(reverse("person_remove", args=(ada.pk,)), follow=True)
    assert b"Ada was removed." in response.content
    assert not Person.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_people(client: Client, ada: Person) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("people"))
        return len(captured)

    few = queries()
    for number in range(2, 12):
        enrol_photo(Person(name=f"Person {number}"), photo(Face(number)), "face.png")
    assert queries() == few
