"""Who is enrolled cannot be found out by asking: an answer shows whom it names, and others only to
those whose role allows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recognition.models import EnrolledFace, ModelVersion, Person, Trial, User
from recognition.services import access
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
NAMES = tuple(f"Person {letter}" for letter in "ABCDEF")
STRANGERS = range(100, 120)


@pytest.fixture(autouse=True)
def gallery(recognizer: StripeRecognizer) -> None:
    for number, name in enumerate(NAMES, start=1):
        enrol_photo(Person(name=name), photo(Face(number)), f"{number}.png")


@pytest.fixture
def show(settings: Settings) -> Callable[..., None]:
    def show(**levels: str) -> None:
        settings.OTHERS_SHOWN = settings.OTHERS_SHOWN | levels

    return show


def ask(user: User, *people: int) -> str:
    """The address of the answer about somebody's further photos."""
    faces = photo(*(Face(person, shot=9) for person in people))
    (row,) = submit(user, [SimpleUploadedFile("photo.png", faces)]).accepted
    process(row.pk)
    return reverse("identification", args=(row.pk,))


def page(client: Client, address: str) -> str:
    return re.sub(r"\s+", " ", client.get(address).content.decode())


def people_on(page: str) -> list[str]:
    return [name for name in NAMES if name in page]


def portraits(client: Client) -> list[str]:
    """Those that are served by their addresses to whoever guesses them."""
    return [
        face.person.name
        for face in EnrolledFace.objects.select_related("person").order_by("person__name")
        if client.get(reverse("photo", args=("enrolled", face.pk))).status_code == 200
    ]


def test_strangers_photos_show_a_user_nobody_of_the_gallery(user: User, login: Login) -> None:
    client = login(user)
    shown = [page(client, ask(user, person)) for person in STRANGERS]
    shown += [page(client, reverse("history"))]
    assert [people_on(text) for text in shown] == [[]] * len(shown)
    assert portraits(client) == []


def test_an_answer_that_names_nobody_tells_a_user_no_number_to_try_against(
    user: User, login: Login
) -> None:
    text = page(login(user), ask(user, STRANGERS[0]))
    assert "No enrolled person is similar enough to be named." in text
    for word in ("Similarity", "Threshold", "For this face"):
        assert word not in text


def test_a_user_sees_whom_the_answer_names_with_the_photos_that_speak_for_it(
    user: User, login: Login
) -> None:
    client = login(user)
    text = page(client, ask(user, 2))
    assert people_on(text) == ["Person B"]
    assert "Enrolled photo of Person B" in text
    assert portraits(client) == ["Person B"]


def test_a_user_does_not_see_what_a_person_is_also_called(user: User, login: Login) -> None:
    client, address = login(user), ask(user, 2)
    first, second = access.visible_probes(user).get().candidates.all()[:2]
    type(second).objects.filter(pk=second.pk).update(other_name=True)
    assert people_on(page(client, address)) == [first.person.name]


@pytest.mark.parametrize("level", ["none", "names", "photos"])
@pytest.mark.parametrize("role", ["user", "reviewer", "operator"])
def test_each_role_sees_of_others_what_its_setting_says(
    show: Any, login: Login, role: str, level: str
) -> None:
    show(**{role: level})
    asker = make_user(role)
    text = page(login(asker), ask(asker, 2))
    pictured = set(re.findall(r"Enrolled photo of Person \w", text))
    shown = len(people_on(text)), len(pictured)
    assert shown == {"none": (1, 1), "names": (5, 1), "photos": (5, 5)}[level]


def test_who_has_two_roles_sees_the_more_of_both(show: Any, login: Login) -> None:
    show(reviewer="names", operator="none")
    both = make_user("reviewer", "operator")
    assert access.others_shown(both) is access.Others.NAMES


@pytest.mark.parametrize("level", ["none", "names", "photos"])
def test_a_reviewers_pages_of_the_administration_keep_to_it(
    show: Any, user: User, login: Login, level: str
) -> None:
    show(reviewer=level)
    client = login(make_user("reviewer"))
    pk = ask(user, 2).split("/")[-2]
    text = page(client, reverse("admin:recognition_identification_change", args=(pk,)))
    assert len(people_on(text)) == (1 if level == "none" else 5)
    assert portraits(client) == (list(NAMES) if level == "photos" else ["Person B"])
    people = client.get(reverse("admin:recognition_person_changelist"))
    assert people.status_code == (403 if level == "none" else 200)
    assert (b"/photos/enrolled/" in people.content) == (level == "photos")
    enrolled = client.get(reverse("admin:recognition_enrolledface_changelist"))
    assert enrolled.status_code == (200 if level == "photos" else 403)


def test_a_reviewer_who_sees_no_others_cannot_try_their_numbers_as_corrections(
    show: Any, user: User, login: Login
) -> None:
    show(reviewer="none")
    client = login(make_user("reviewer"))
    ask(user, 2)
    face = access.visible_probes(user).get()
    address = reverse("review_face", args=(face.pk,))
    client.get(address)
    other = Person.objects.get(name="Person A").pk
    client.post(address, {"verdict": "somebody_else", "true_person": other})
    face.refresh_from_db()
    assert face.review == ""


@pytest.mark.parametrize("level", ["none", "names"])
def test_a_trial_keeps_to_it(
    show: Any, operator: User, version: ModelVersion, login: Login, level: str
) -> None:
    show(operator=level)
    found = {
        "box": [0, 0, 9, 9],
        "decision": "unknown",
        "candidates": [
            {"person": person.pk, "similarity": 0.2, "probability": 0.1}
            for person in Person.objects.all()[:3]
        ],
    }
    answers = {"stripes": [found], "before": [found]}
    trial = Trial.objects.create(
        model_version=version, requested_by=operator, status="done", answers=answers
    )
    text = page(login(operator), reverse("trial", args=(trial.pk,)))
    assert len(people_on(text)) == (0 if level == "none" else 2)
