"""Webhooks over the API."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from recognition.models import User, WebhookSubscription
from recognition.services.webhooks import signing
from tests.recognition.api.conftest import Program, sent

PATH = "/api/v1/webhooks"


@pytest.fixture(autouse=True)
def private(settings: Settings) -> None:
    settings.WEBHOOKS_PRIVATE = True


def test_one_is_added_tried_replayed_and_removed(user: User, program: Program) -> None:
    client = program(user)
    new = {"url": "http://127.0.0.1:9/door", "events": ["identification.answered"]}
    added = sent(client, "POST", PATH, new).json()
    row = WebhookSubscription.objects.get()
    assert added["secret"] == signing.written(row.secret)
    (listed,) = client.get(PATH).json()["items"]
    assert listed == {name: value for name, value in added.items() if name != "secret"}
    path = f"{PATH}/{added['id']}"
    tried = client.post(f"{path}/test")
    again = client.post(f"/api/v1/deliveries/{tried.json()['id']}/replay")
    assert (tried.status_code, again.status_code) == (202, 202)
    log = client.get(f"{path}/deliveries").json()["items"]
    assert [one["event"] for one in log] == [tried.json()["event"]] * 2
    assert client.delete(path).status_code == 204
    assert client.get(PATH).json()["items"] == []


def test_one_that_failed_for_days_is_used_again(user: User, program: Program) -> None:
    row = user.webhooks.create(url="http://door/", events=[], secret=b"s", disabled="failing")
    client, path = program(user), f"{PATH}/{row.pk}"
    refused = client.post(f"{path}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "disabled")
    assert client.post(f"{path}/enable").json()["disabled"] == ""
    assert client.post(f"{path}/test").status_code == 202


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"url": "ftp://door/", "events": ["identification.answered"]}, "scheme"),
        ({"url": "http://127.0.0.1/", "events": ["person.removed"]}, "events"),
        ({"url": "http://127.0.0.1/", "events": []}, "events"),
    ],
)
def test_what_makes_no_sense_is_not_added(
    new: object, code: str, user: User, program: Program
) -> None:
    refused = sent(program(user), "POST", PATH, new)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert not user.webhooks.exists()


def test_nobody_reaches_somebody_elses(user: User, operator: User, program: Program) -> None:
    row = user.webhooks.create(url="http://door/", events=[], secret=b"s")
    client = program(operator)
    assert client.get(PATH).json()["items"] == []
    assert client.delete(f"{PATH}/{row.pk}").status_code == 404
    assert client.get(f"{PATH}/{row.pk}/deliveries").status_code == 404
