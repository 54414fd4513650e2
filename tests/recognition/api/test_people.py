"""The people of the gallery over the API."""

from __future__ import annotations

import pytest
from django.test import Client

from recognition.models import Person, User
from tests.factories import deeds
from tests.recognition.api.conftest import Program

PATH = "/api/v1/people"


@pytest.fixture
def client(operator: User, program: Program, gallery: dict[str, Person]) -> Client:
    return program(operator)


def test_they_are_listed_by_name_and_found(client: Client) -> None:
    Person.objects.create(name="Zoe", external_id="z-1")
    first = client.get(PATH, {"limit": "2"}).json()
    assert [(one["name"], one["photos"]) for one in first["items"]] == [("Ada", 1), ("Bob", 1)]
    rest = client.get(PATH, {"cursor": first["next"]}).json()
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["Zoe"], None)
    (found,) = client.get(PATH, {"search": "z-"}).json()["items"]
    assert client.get(f"{PATH}/{found['id']}").json() == found


def test_somebody_is_added_once(client: Client, operator: User) -> None:
    new = {"name": "Carol", "external_id": "c-1"}
    added = client.post(PATH, new, content_type="application/json")
    assert added.status_code == 201
    assert client.get(f"{PATH}/{added.json()['id']}").json() == added.json()
    assert deeds().get(action="person.added").actor == operator
    again = client.post(PATH, new, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (422, "invalid")
    assert Person.objects.filter(name="Carol").count() == 1
