from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from recognition.models import Person, Scope, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.site import tokens
from tests.recognition.fakes import Face, StripeRecognizer, photo

Program = Callable[..., Client]


@pytest.fixture
def program() -> Program:
    """One that has a token of an account, for everything if no scopes are given."""

    def with_token(owner: User, *scopes: Scope) -> Client:
        secret = tokens.make(owner, "a test", scopes or tuple(Scope), None, by=owner)
        return Client(headers={"authorization": f"Bearer {secret}"})

    return with_token


@pytest.fixture
def gallery(recognizer: StripeRecognizer) -> dict[str, Person]:
    people = {}
    for number, name in ((1, "Ada"), (2, "Bob")):
        face, _ = enrol_photo(Person(name=name), photo(Face(number)), f"{name}.png")
        people[name] = face.person
    return people
