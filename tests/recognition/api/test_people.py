"""The people of the gallery over the API."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognition.models import Person, User
from recognition.services.gallery.people import process_enrolment
from tests.factories import deeds
from tests.recognition.api.conftest import Program, sent
from tests.recognition.fakes import Face, photo
from tests.recognition.test_names_of_people import NAME, SPELT

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


def test_what_is_given_is_changed_and_the_rest_stays(
    client: Client, gallery: dict[str, Person]
) -> None:
    path = f"{PATH}/{gallery['Ada'].pk}"
    changed = sent(client, "PATCH", path, {"external_id": "a-1", "hidden": True}).json()
    assert (changed["name"], changed["external_id"], changed["hidden"]) == ("Ada", "a-1", True)
    assert sent(client, "PATCH", path, {"hidden": False}).json()["hidden"] is False
    assert sent(client, "PATCH", path, {"name": "Ada Lovelace"}).json()["external_id"] == "a-1"
    taken = sent(client, "PATCH", path, {"name": "Bob", "external_id": ""})
    assert (taken.status_code, taken.json()["code"]) == (422, "invalid")
    assert client.get(path).json()["name"] == "Ada Lovelace"


def test_a_name_has_one_form_however_it_is_spelt(client: Client) -> None:
    added = sent(client, "POST", PATH, {"name": SPELT}).json()
    assert added["name"] == NAME
    path, subjects = f"{PATH}/{added['id']}", "/api/v1/recognition/subjects"
    assert sent(client, "PATCH", path, {"name": f"{SPELT}\nа"}).json()["name"] == f"{NAME} а"
    assert sent(client, "PATCH", path, {"name": SPELT}).json()["name"] == NAME
    taken = sent(client, "POST", PATH, {"name": SPELT})
    assert (taken.status_code, taken.json()["code"]) == (422, "invalid")
    assert sent(client, "POST", subjects, {"subject": SPELT}).json() == {"subject": NAME}
    assert Person.objects.filter(name=NAME).count() == 1


def test_two_entries_become_one_and_that_one_goes(
    client: Client, gallery: dict[str, Person]
) -> None:
    ada, bob = (gallery[name].pk for name in ("Ada", "Bob"))
    merged = sent(client, "POST", f"{PATH}/{bob}/merge", {"into": ada})
    assert (merged.json()["id"], merged.json()["photos"]) == (ada, 2)
    itself = sent(client, "POST", f"{PATH}/{ada}/merge", {"into": ada})
    assert (itself.status_code, itself.json()["code"]) == (409, "same_entry")
    assert itself.json()["detail"] == "These are the same entry."
    assert client.delete(f"{PATH}/{ada}").status_code == 204
    assert client.get(f"{PATH}/{ada}").status_code == 404


def test_whoever_finds_an_open_browser_removes_nobody(
    client: Client, operator: User, gallery: dict[str, Person]
) -> None:
    browser, path = Client(), f"{PATH}/{gallery['Ada'].pk}"
    browser.force_login(operator)
    refused = browser.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "confirm_first")
    assert client.delete(path).status_code == 204


def test_photos_are_enrolled_by_a_worker_listed_and_removed(
    client: Client, gallery: dict[str, Person]
) -> None:
    path = f"{PATH}/{gallery['Ada'].pk}/photos"
    files = [
        SimpleUploadedFile("two.png", photo(Face(1, shot=2))),
        SimpleUploadedFile("notes.txt", b"no photo"),
    ]
    asked = client.post(path, {"photos": files})
    assert asked.status_code == 202
    assert asked.json()["refused"] == [{"path": "notes.txt", "error": "unreadable_image"}]
    (row,) = asked.json()["items"]
    assert (row["status"], row["photo"]) == ("queued", None)
    process_enrolment(row["id"])
    done = client.get(f"/api/v1/enrolments/{row['id']}").json()
    listed = client.get(path).json()["items"]
    assert (done["status"], done["photo"]) == ("done", listed[-1]["id"])
    assert client.delete(f"{path}/{done['photo']}").status_code == 204
    assert [one["id"] for one in client.get(path).json()["items"]] == [listed[0]["id"]]
    nothing = client.post(path, {"photos": [SimpleUploadedFile("notes.txt", b"no photo")]})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "unreadable_image")
