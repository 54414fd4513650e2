"""The audit log: what it keeps, and that nothing takes it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recognition.models import AuditEvent, Person, User
from recognition.services.audit import record


@pytest.fixture
def event(operator: User) -> AuditEvent:
    return record(operator, "person.added", Person.objects.create(name="Ada"), photos=3)


def test_an_event_says_who_did_what_to_whose_data_and_when(
    event: AuditEvent, operator: User
) -> None:
    kept = AuditEvent.objects.get()
    assert (kept.actor, kept.actor_name) == (operator, operator.username)
    assert (kept.action, kept.subject_type) == ("person.added", "person")
    assert kept.subject_id == str(Person.objects.get().pk)
    assert kept.details == {"photos": 3}
    assert kept.created_at is not None


def test_what_a_command_does_has_no_actor(db: None) -> None:
    event = record(None, "person.added", Person.objects.create(name="Ada"))
    assert (event.actor, event.actor_name) == (None, "")


def test_the_log_outlives_the_account(event: AuditEvent, operator: User) -> None:
    number = operator.pk
    operator.delete()
    assert AuditEvent.objects.get().actor_id == number


TAMPERING: dict[str, Callable[[AuditEvent], object]] = {
    "saved again": lambda event: event.save(),
    "deleted": lambda event: event.delete(),
    "updated in bulk": lambda _event: AuditEvent.objects.update(action="nothing"),
    "deleted in bulk": lambda _event: AuditEvent.objects.all().delete(),
    "updated one by one": lambda event: AuditEvent.objects.bulk_update([event], ["action"]),
    "replaced": lambda event: AuditEvent.objects.update_or_create(pk=event.pk),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_an_event_is_never(how: str, event: AuditEvent) -> None:
    with pytest.raises(TypeError, match="append-only"):
        TAMPERING[how](event)
    assert AuditEvent.objects.get().action == "person.added"
