"""A person's name is the same wherever somebody is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from recognition.forms.naming import WhomForm
from recognition.forms.opinions import OpinionForm
from recognition.forms.strangers import WhoForm
from recognition.management.people import person_of
from recognition.models import Person, User
from recognition.services.gallery import people
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_enrol_command import enrol, put

SPELT = "\N{RIGHT-TO-LEFT OVERRIDE}Анна\n\tМария  Петрова\N{POP DIRECTIONAL FORMATTING}\x07 "
NAME = "Анна Мария Петрова"

Login = Callable[[User], Client]


def test_on_the_page_where_they_are_added(operator: User, login: Login) -> None:
    client = login(operator)
    client.post(reverse("person_add"), {"name": SPELT})
    assert Person.objects.get().name == NAME
    again = client.post(reverse("person_add"), {"name": NAME.replace(" ", "\t ")})
    assert "Somebody of this name is there already." in again.content.decode()
    nothing = client.post(reverse("person_add"), {"name": "\N{RIGHT-TO-LEFT OVERRIDE}"})
    assert "This field is required." in nothing.content.decode()
    assert Person.objects.count() == 1


def test_in_folders_and_in_the_table_beside_them(
    tmp_path: Path, recognizer: StripeRecognizer
) -> None:
    put(tmp_path / SPELT / "0.png", photo(Face(1)))
    put(tmp_path / NAME / "1.png", photo(Face(1, 2)))
    put(tmp_path / "people.csv", f'name,external_id\n"{SPELT}",7\n'.encode())
    assert enrol(tmp_path)["refused"] == []
    person = Person.objects.get()
    assert (person.name, person.external_id, person.faces.count()) == (NAME, "7", 2)


@pytest.mark.django_db
def test_in_what_is_said_of_a_face() -> None:
    data, nobody = {"name": SPELT}, Person.objects.none()
    opinion, whom = OpinionForm(data, nobody), WhomForm(data, nobody, proposal=False)
    who = WhoForm(data)
    assert opinion.is_valid()
    assert whom.is_valid()
    assert who.is_valid()
    assert (opinion.cleaned_data["name"], whom.whom().name, who.whom().name) == (NAME,) * 3


@pytest.mark.django_db
def test_in_commands() -> None:
    added = people.add_person(SPELT, None)
    assert added.name == NAME
    assert person_of(SPELT) == added
