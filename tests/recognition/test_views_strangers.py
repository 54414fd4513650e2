"""The pages about people seen more than once whom the site cannot name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from recognition.models import AuditEvent, Enrolment, Person, Stranger, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.strangers import gathering, naming
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_strangers import SOMEBODY, ask, seen

Login = Callable[[User], Client]


@pytest.fixture(autouse=True)
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


def page(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def address(name: str, stranger: Stranger) -> str:
    return reverse(name, args=[stranger.pk])


def test_the_list_has_a_row_for_each_with_how_often_and_who_asked(
    user: User, stranger: User, reviewer: User, login: Login
) -> None:
    one = seen(user, 2)
    ask(stranger, Face(SOMEBODY, 9))
    ask(user, Face(30))
    gathering.gather()
    listed = page(login(reviewer), "strangers")
    assert listed.count('class="stranger"') == 1
    assert "in 3 photos" in listed
    assert ", ".join(sorted((user.username, stranger.username))) in listed
    assert f'href="{address("stranger", one)}"' in listed


def test_nobody_is_there_until_somebody_comes_twice(
    user: User, reviewer: User, login: Login
) -> None:
    ask(user, Face(SOMEBODY))
    gathering.gather()
    assert "was seen more than once" in page(login(reviewer), "strangers")


def test_the_list_takes_the_same_queries_for_one_and_for_many(
    user: User, reviewer: User, login: Login
) -> None:
    client = login(reviewer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, "strangers")
        return len(captured)

    seen(user, 2)
    queries()
    before = queries()
    for person in (30, 31, 32):
        seen(user, 3, person)
    assert queries() == before


def test_an_operator_sees_the_faces_of_strangers_and_of_nobody_else(
    user: User, operator: User, login: Login
) -> None:
    (known,) = ask(user, Face(1, 1))
    face = seen(user, 2).faces.first()
    assert face is not None
    client = login(operator)
    assert client.get(reverse("photo", args=("probe", face.pk))).status_code == 200
    assert client.get(reverse("photo", args=("probe", known.pk))).status_code == 404
    event = AuditEvent.objects.get(action="faces.seen")
    assert (event.actor, event.subject_id) == (operator, str(face.identification_id))


def test_a_user_sees_no_stranger_but_the_own_face(user: User, stranger: User, login: Login) -> None:
    face = seen(user, 2).faces.first()
    assert face is not None
    crop = reverse("photo", args=("probe", face.pk))
    assert login(user).get(crop).status_code == 200
    assert login(stranger).get(crop).status_code == 404
    assert login(stranger).get(reverse("strangers")).status_code == 403


def test_ticked_faces_get_a_page_of_their_own(user: User, reviewer: User, login: Login) -> None:
    one = seen(user, 3)
    face = one.faces.order_by("pk").last()
    assert face is not None
    client = login(reviewer)
    answer = client.post(address("stranger_part", one), {"face": [face.pk]}, follow=True)
    assert "Separated." in answer.content.decode()
    face.refresh_from_db()
    assert answer.redirect_chain[0][0] == reverse("stranger", args=[face.stranger_id])
    for nothing in ({}, {"face": str(2**63)}):
        said = client.post(address("stranger_part", one), nothing, follow=True).content.decode()
        assert "Tick the faces that belong to somebody else." in said


def test_who_is_ignored_is_in_a_list_of_their_own(user: User, reviewer: User, login: Login) -> None:
    one, client = seen(user, 2), login(reviewer)
    client.post(address("stranger_ignore", one), {"ignored": "on"})
    assert 'class="stranger"' not in page(client, "strangers")
    assert 'class="stranger"' in page(client, "strangers", show="ignored")
    client.post(address("stranger_ignore", one))
    assert 'class="stranger"' in page(client, "strangers")


def test_forgetting_is_asked_for_twice(user: User, reviewer: User, login: Login) -> None:
    one, client = seen(user, 2), login(reviewer)
    assert "Forget this stranger?" in page(client, "stranger_forget", one.pk)
    assert Stranger.objects.exists()
    client.post(address("stranger_forget", one))
    assert not Stranger.objects.exists()


def test_an_operator_looks_for_somebody_and_says_that_it_is_them(
    user: User, operator: User, login: Login, ann: Person
) -> None:
    one, client = seen(user, 2), login(operator)
    found = page(client, "stranger_name", one.pk, q="ann")
    assert f'name="person" value="{ann.pk}"' in found
    answer = client.post(address("stranger_name", one), {"person": ann.pk}, follow=True)
    assert "Found to be Ann. 2 faces are being enrolled." in answer.content.decode()
    assert Enrolment.objects.filter(person=ann, requested_by=operator).count() == 2


def test_somebody_new_may_agree_at_once(user: User, operator: User, login: Login) -> None:
    one, client = seen(user, 2), login(operator)
    said = {"name": "Bob", "recognition": "on", "how": "paper"}
    client.post(address("stranger_name", one), said)
    one.refresh_from_db()
    assert one.person is not None
    assert (one.person.name, one.person.consents.get().how) == ("Bob", "paper")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "Choose a person, or write the name of a new one."),
        ({"name": "Bob", "person": "Ann"}, "Choose a person, or write the name of a new one."),
        ({"name": "Ann"}, "There is already a person of this name."),
        ({"name": "Bob", "recognition": "on"}, "Say how they agreed."),
    ],
)
def test_what_is_not_understood_is_asked_again(
    user: User, operator: User, login: Login, said: dict[str, str], reason: str
) -> None:
    if "person" in said:
        said = {**said, "person": str(Person.objects.get(name=said["person"]).pk)}
    answer = login(operator).post(address("stranger_name", seen(user, 2)), said)
    assert answer.status_code == 422
    assert reason in answer.content.decode()


def test_whoever_has_not_agreed_is_not_named(
    user: User, operator: User, login: Login, settings: Settings
) -> None:
    settings.REQUIRE_CONSENT = True
    answer = login(operator).post(address("stranger_name", seen(user, 2)), {"name": "Bob"})
    assert "Nothing was changed." in answer.content.decode()


def test_a_reviewer_is_not_offered_to_name(user: User, reviewer: User, login: Login) -> None:
    one = seen(user, 2)
    assert address("stranger_name", one) not in page(login(reviewer), "stranger", one.pk)


def test_answer_and_history_say_who_it_was_found_to_be(
    user: User, operator: User, login: Login
) -> None:
    one, client = seen(user, 2), login(user)
    photo_page = reverse("identification", args=[one.faces.all()[0].identification_id])
    assert "Since found to be" not in client.get(photo_page).content.decode()
    naming.name(one, Person(name="Bob"), operator)
    said = client.get(photo_page).content.decode()
    assert "Since found to be Bob" in said
    assert "Nobody the site knows" in said
    for query in ({}, {"search": "bob"}):
        assert page(client, "history", **query).count("since found to be Bob") == 2


def test_a_name_can_be_taken_back_on_the_page(user: User, operator: User, login: Login) -> None:
    one, client = seen(user, 2), login(operator)
    naming.name(one, Person(name="Bob"), operator)
    assert address("stranger_unname", one) in page(client, "stranger", one.pk)
    client.post(address("stranger_unname", one))
    assert 'class="stranger"' in page(client, "strangers")


def test_the_page_says_that_the_site_puts_no_faces_together(
    reviewer: User, login: Login, settings: Settings
) -> None:
    settings.RECURRING = False
    assert "FACESITE_RECURRING is off" in page(login(reviewer), "strangers")
