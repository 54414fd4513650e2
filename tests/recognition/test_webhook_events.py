"""What happened is told to whoever asked and may see it, and to nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from recognition.models import (
    AuditEvent,
    EnrolledFace,
    Event,
    Identification,
    ModelVersion,
    Person,
    User,
    WebhookDelivery,
)
from recognition.services import access
from recognition.services.events import emitting
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import own_data, retention
from recognition.services.privacy.erasure import remove_face, remove_person
from recognition.services.review.verdicts import review
from recognition.services.site.accounts import delete_account
from recognition.services.webhooks import payloads, subscriptions
from recognition.services.webhooks.subscriptions import WebhookRefused
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")[0].person


def hooked(user: User, *events: Event) -> User:
    subscriptions.add(user, "https://door.example/", events or access.events_of(user))
    return user


def ask(user: User, *faces: Face) -> Identification:
    row = submit(user, [SimpleUploadedFile("one.png", photo(*faces))]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def said_to(user: User) -> list[Any]:
    """What the webhooks of somebody would be sent now, oldest first."""
    rows = WebhookDelivery.objects.filter(subscription__owner=user).order_by("created_at")
    return [payloads.payload(row) for row in rows]


def test_an_answer_is_told_with_the_names_that_its_owner_sees(ada: Person, user: User) -> None:
    hooked(user)
    row = ask(user, Face(1, shot=1), Face(9))
    (said,) = said_to(user)
    assert (said["type"], said["data"]["identification"]) == (Event.ANSWERED, str(row.pk))
    known, unknown = said["data"]["faces"]
    assert (known["decision"], known["named"]) == ("match", [{"id": ada.pk, "name": "Ada"}])
    assert (unknown["decision"], unknown["named"]) == ("unknown", [])


def test_nobody_hears_of_what_they_may_not_see(ada: Person, user: User, stranger: User) -> None:
    hooked(stranger)
    operator = hooked(make_user("operator"))
    row = ask(user, Face(1, shot=1))
    remove_face(EnrolledFace.objects.get(), operator)
    assert said_to(stranger) == []
    assert [one["type"] for one in said_to(operator)] == [Event.PHOTO_REMOVED]
    assert str(row.pk) not in json.dumps(said_to(operator))
    with pytest.raises(WebhookRefused):
        hooked(user, Event.REMOVED)


def test_a_verdict_is_told_to_the_reviewer_and_to_whoever_asked(ada: Person, user: User) -> None:
    reviewer = hooked(make_user("reviewer"), Event.REVIEWED)
    hooked(user, Event.REVIEWED)
    review(ask(user, Face(1, shot=1)).faces.get(), reviewer, "right")
    (mine,), (theirs,) = said_to(user), said_to(reviewer)
    assert mine["data"]["face"]["verdict"] == theirs["data"]["face"]["verdict"] == "right"
    assert WebhookDelivery.objects.values("event").distinct().count() == 1


def test_the_life_of_a_person_is_told_and_no_name_outlives_it(ada: Person) -> None:
    operator = hooked(make_user("operator"), Event.ENROLLED, Event.REMOVED)
    face, _ = enrol_photo(ada, photo(Face(1, shot=2)), "again.png")
    (enrolled,) = said_to(operator)
    assert enrolled["data"]["person"] == {"id": ada.pk, "name": "Ada"}
    assert enrolled["data"]["photo"] == face.pk
    gone = ada.pk
    remove_person(ada, operator)
    nothing, removed = said_to(operator)
    assert (nothing, removed["data"]) == (None, {"person": {"id": gone}})
    assert "Ada" not in json.dumps(list(WebhookDelivery.objects.values_list("about", flat=True)))


def test_a_promotion_is_told_to_who_manages_models(version: ModelVersion) -> None:
    manager = hooked(make_user("operator"), Event.PROMOTED)
    emitting.promoted(version, None)
    (said,) = said_to(manager)
    assert (said["data"]["version"], said["data"]["replaced"]) == ("stripes", None)


def test_what_is_taken_back_was_never_told(ada: Person, user: User) -> None:
    operator = hooked(make_user("operator"), Event.REMOVED)
    with transaction.atomic():
        remove_person(ada, operator)
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_where_nobody_asked_it_costs_one_query(
    ada: Person, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row = ask(user, Face(1, shot=1))
    with django_assert_num_queries(1):
        emitting.answered(row)


def test_who_lost_a_role_is_told_no_more(ada: Person) -> None:
    operator = hooked(make_user("operator"), Event.ENROLLED)
    enrol_photo(ada, photo(Face(1, shot=2)), "again.png")
    operator.groups.clear()
    assert said_to(User.objects.get(pk=operator.pk)) == [None]


def test_the_log_is_kept_for_a_month(user: User) -> None:
    hook, _ = subscriptions.add(user, "https://door.example/", [Event.ANSWERED])
    old, new = subscriptions.try_out(hook), subscriptions.try_out(hook)
    long_ago = timezone.now() - retention.DELIVERIES_KEPT_FOR
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=long_ago)
    assert (retention.due()["deliveries"], retention.purge()["deliveries"]) == (1, 1)
    assert list(WebhookDelivery.objects.all()) == [new]


def test_one_takes_it_along_without_the_secret_and_it_goes_with_the_account(
    user: User, recognizer: StripeRecognizer
) -> None:
    hook, secret = subscriptions.add(user, "https://door.example/", [Event.ANSWERED])
    subscriptions.try_out(hook)
    taken = b"".join(own_data.export(user))
    assert b"webhooks.json" in taken
    assert secret.encode() not in taken
    delete_account(user, user)
    assert not WebhookDelivery.objects.exists()
    assert "door.example" not in str(list(AuditEvent.objects.values_list("details", flat=True)))
