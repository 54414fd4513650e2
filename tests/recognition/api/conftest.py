from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from recognition.models import Person, Scope, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.site import tokens
from tests.recognition.fakes import Face, StripeRecognizer, photo

Program = Callable[..., Client]


def bearing(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


def with_token(owner: User, *scopes: Scope) -> Client:
    """A program that has a token of an account, for everything if no scopes are given."""
    return bearing(tokens.make(owner, "a test", scopes or tuple(Scope), None, by=owner))


def sent(client: Client, method: str, path: str, body: object) -> Any:
    return client.generic(method, path, json.dumps(body), content_type="application/json")


@pytest.fixture
def program() -> Program:
    return with_token


@pytest.fixture
def gallery(recognizer: StripeRecognizer) -> dict[str, Person]:
    people = {}
    for number, name in ((1, "Ada"), (2, "Bob")):
        face, _ = enrol_photo(Person(name=name), photo(Face(number)), f"{name}.png")
        people[name] = face.person
    return people
