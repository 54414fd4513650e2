"""Consent over the API: what somebody agreed to is recorded and listed."""

from __future__ import annotations

from recognition.models import AuditEvent, Person, User
from tests.recognition.api.conftest import Program


def test_what_somebody_agrees_to_is_recorded_and_listed(operator: User, program: Program) -> None:
    client, ada = program(operator), Person.objects.create(name="Ada")
    path, json = f"/api/v1/people/{ada.pk}/consents", "application/json"
    said: dict[str, object] = {"purposes": ["training"], "how": "paper"}
    given = client.post(path, said, content_type=json)
    (one,) = given.json()["items"]
    assert (given.status_code, one["purpose"], one["counts"]) == (201, "training", True)
    assert client.get(path).json() == given.json()
    events = AuditEvent.objects.filter(actor=operator, action__startswith="consent.")
    assert events.count() == 1
    nonsense: list[dict[str, object]] = [
        {"purposes": []},
        {"purposes": ["training", "how"]},
        {"how": "before"},
    ]
    for wrong in nonsense:
        refused = client.post(path, said | wrong, content_type=json)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid"), wrong
    assert ada.consents.count() == 1
    assert client.delete(f"{path}/training").status_code == 204
    assert client.delete(f"{path}/training").status_code == 404
    assert client.delete(f"{path}/nothing").status_code == 404
    assert client.get(path).json()["items"][0]["counts"] is False
