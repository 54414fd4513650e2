"""The operators' pages of consent: recording it, withdrawing it, and its texts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import Consent, ConsentText, Person, Purpose, User
from recognition.services.gallery import agreements
from tests.factories import PASSWORD, agreed

Login = Callable[[User], Client]
GIVE = {"recognition": "on", "text": "1", "how": "paper", "given": "2026-01-02", "until": ""}


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


@pytest.fixture
def people(db: None) -> list[Person]:
    return [Person.objects.create(name=name) for name in ("Ada", "Ben", "Cleo")]


def page(client: Client, route: str, *args: object, **query: Any) -> str:
    content = client.get(reverse(route, args=args), query).content.decode()
    return re.sub(r"\s+", " ", content)


def test_consent_is_recorded_for_those_who_were_ticked(
    client: Client, operator: User, people: list[Person]
) -> None:
    chosen = [person.pk for person in people[:2]]
    assert "2 people have agreed" in page(client, "consent_give", person=chosen)
    form = {**GIVE, "training": "on", "text": ConsentText.objects.get().pk, "person": chosen}
    response = client.post(reverse("consent_give"), form, follow=True)
    assert "The consent of 2 people is recorded." in response.text
    assert Consent.objects.count() == 4
    one = people[0].consents.get(purpose="recognition")
    assert (one.how, one.taken_by, one.expires_at) == ("paper", operator, None)
    assert timezone.localdate(one.given_at) == dt.date(2026, 1, 2)
    assert not people[2].consents.exists()


def test_everybody_who_is_found_agrees_at_once(client: Client, people: list[Person]) -> None:
    assert "3 people have agreed" in page(client, "consent_give", everybody="on", q="")
    form = {**GIVE, "text": ConsentText.objects.get().pk, "everybody": "on", "q": "e"}
    client.post(reverse("consent_give"), form)
    assert sorted(Consent.objects.values_list("person__name", flat=True)) == ["Ben", "Cleo"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"recognition": ""}, "Tick what was agreed to."),
        ({"how": "before"}, "Select a valid choice"),
        ({"given": "2999-01-01"}, "This day has not come yet."),
        ({"until": "2026-01-01"}, "This day is before the first one."),
        ({"text": "99"}, "Select a valid choice"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_recorded(
    client: Client, people: list[Person], wrong: dict[str, str], sentence: str
) -> None:
    form = {**GIVE, "text": ConsentText.objects.get().pk, "person": people[0].pk, **wrong}
    response = client.post(reverse("consent_give"), form)
    assert response.status_code == 422
    assert sentence in response.text
    assert not Consent.objects.exists()


@pytest.mark.parametrize("nobody", ["x", "", str(2**63)])
def test_nobody_chosen_is_said(client: Client, people: list[Person], nobody: str) -> None:
    response = client.get(reverse("consent_give"), {"person": nobody}, follow=True)
    assert "Nobody was chosen." in response.text


def test_the_form_proposes_the_usual_term(
    client: Client, people: list[Person], settings: Settings
) -> None:
    settings.CONSENT_TERM = dt.timedelta(days=10)
    end = timezone.localdate() + dt.timedelta(days=10)
    assert f'value="{end:%Y-%m-%d}"' in page(client, "consent_give", person=people[0].pk)


def test_the_last_day_counts(client: Client, people: list[Person]) -> None:
    today = timezone.localdate()
    form = {**GIVE, "text": ConsentText.objects.get().pk, "person": people[0].pk}
    client.post(reverse("consent_give"), {**form, "until": f"{today:%Y-%m-%d}"})
    assert people[0].consents.get().is_current
    assert people[0].consents.get().last_day == today


def test_a_persons_page_says_what_is_on_record(
    client: Client, operator: User, people: list[Person]
) -> None:
    ada = people[0]
    assert "Nothing is on record." in page(client, "person", ada.pk)
    agreed(ada, taken_by=operator)
    agreed(ada, text=None, how="before", expires_at=timezone.now() - dt.timedelta(days=3))
    shown = page(client, "person", ada.pk)
    assert "That their photos train the network</b> · for good" in shown
    assert "On paper, signed · " in shown
    assert f"recorded by {operator.username}" in shown
    assert reverse("consent_text", args=(1,)) in shown
    assert "was valid until" in shown
    assert "no text is known" in shown
    agreements.withdraw(ada, [Purpose.TRAINING], operator)
    shown = page(client, "person", ada.pk)
    assert "withdrawn on" in shown
    assert "Withdraw consent" not in shown


def test_a_withdrawal_asks_first_and_takes_what_is_ticked(
    client: Client, people: list[Person]
) -> None:
    ada = agreed(people[0], Purpose.RECOGNITION, Purpose.TRAINING)
    address = reverse("consent_withdraw", args=(ada.pk,))
    assert "Ada withdraws consent:" in page(client, "consent_withdraw", ada.pk)
    assert client.post(address).status_code == 422
    assert all(one.is_current for one in ada.consents.all())
    response = client.post(address, {"training": "on"}, follow=True)
    assert "The withdrawal is recorded." in response.text
    assert ada.consents.get(purpose="recognition").is_current
    assert not ada.consents.get(purpose="training").is_current
    assert "train the network" not in page(client, "consent_withdraw", ada.pk).partition("<ul>")[0]


def test_a_withdrawal_asks_for_the_password_once_more(operator: User, people: list[Person]) -> None:
    ada, client = agreed(people[0]), Client()
    client.force_login(operator)
    address = reverse("consent_withdraw", args=(ada.pk,))
    response = client.post(address, {"training": "on"})
    assert "/reauthenticate/" in response.headers["Location"]
    assert ada.consents.get().is_current
    client.post(response.headers["Location"], {"password": PASSWORD})
    client.post(address, {"training": "on"})
    assert not ada.consents.get().is_current


def test_whoever_is_added_may_have_agreed_already(client: Client, operator: User) -> None:
    form = {"name": "Ada", "training": "on"}
    response = client.post(reverse("person_add"), form)
    assert response.status_code == 422
    assert "Say how they agreed." in response.text
    assert not Person.objects.exists()
    client.post(reverse("person_add"), {**form, "how": "guardian"})
    one = Person.objects.get().consents.get()
    assert (one.purpose, one.how, one.taken_by) == ("training", "guardian", operator)


def test_the_list_says_who_is_not_named(
    client: Client, people: list[Person], settings: Settings
) -> None:
    agreements.withdraw(agreed(people[0], Purpose.RECOGNITION), [Purpose.RECOGNITION], None)
    assert page(client, "people").count("not named: no consent") == 1
    settings.REQUIRE_CONSENT = True
    agreed(people[1], Purpose.RECOGNITION)
    assert page(client, "people").count("not named: no consent") == 2


@pytest.mark.parametrize("route", ["people", "admin:recognition_consent_changelist"])
def test_the_number_of_queries_does_not_grow_with_the_records(
    route: str, client: Client, people: list[Person]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(route)).status_code == 200
        return len(captured)

    agreed(people[0])
    few = queries()
    for person in people * 5:
        agreed(person, Purpose.RECOGNITION, Purpose.TRAINING)
    assert queries() == few


def test_a_new_version_begins_with_the_words_in_use_and_is_the_one_in_use(
    client: Client, operator: User, people: list[Person]
) -> None:
    agreed(people[0])
    assert "1 record refers to it" in page(client, "consent_texts")
    assert "CONSENT TO THE PROCESSING" in page(client, "consent_text_add")
    response = client.post(reverse("consent_text_add"), {"words": "I agree."}, follow=True)
    assert "Version 2" in response.text
    assert ConsentText.objects.get(number=2).digest in response.text
    again = client.post(reverse("consent_text_add"), {"words": "I agree. "})
    assert again.status_code == 422
    assert "This is the text of version 2, word for word." in again.text
    newest = ConsentText.objects.get(number=2)
    assert f'<option value="{newest.pk}" selected>' in page(
        client, "consent_give", person=people[0].pk
    )
