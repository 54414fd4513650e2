"""One's own identifications: listing, filters, pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recognition.models import Identification, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
ADA, GRACE, NOBODY = Face(1), Face(2), Face(200)


@pytest.fixture(autouse=True)
def _gallery(recognizer: StripeRecognizer) -> None:
    for number, name in enumerate(("Ada", "Grace"), start=1):
        enrol_photo(Person(name=name), photo(Face(number, shot=7)), f"{name}.png")


def ask(user: User, name: str, *faces: Face, days_ago: float = 0) -> Identification:
    (row,) = submit(user, [SimpleUploadedFile(name, photo(*faces))]).accepted
    process(row.pk)
    asked = timezone.now() - dt.timedelta(days=days_ago)
    Identification.objects.filter(pk=row.pk).update(created_at=asked)
    return row


def listed(client: Client, **query: str | int | dt.date) -> list[str]:
    texts = {name: str(value) for name, value in query.items()}
    page = client.get(reverse("history"), texts).content.decode()
    return re.findall(r'<span class="row-file">([^<]+)</span>', page)


def test_the_newest_comes_first(user: User, login: Login) -> None:
    ask(user, "old.png", ADA, days_ago=2)
    ask(user, "new.png", ADA)
    ask(user, "middle.png", ADA, days_ago=1)
    assert listed(login(user)) == ["new.png", "middle.png", "old.png"]


def test_everybody_sees_their_own_only(
    user: User, stranger: User, reviewer: User, login: Login
) -> None:
    ask(user, "mine.png", ADA)
    ask(stranger, "theirs.png", GRACE)
    assert listed(login(user)) == ["mine.png"]
    assert listed(login(reviewer)) == []


def test_days_include_their_first_and_last_moment(user: User, login: Login) -> None:
    ask(user, "today.png", ADA)
    ask(user, "yesterday.png", ADA, days_ago=1)
    ask(user, "before.png", ADA, days_ago=2)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    client = login(user)
    assert listed(client, since=yesterday) == ["today.png", "yesterday.png"]
    assert listed(client, until=yesterday) == ["yesterday.png", "before.png"]
    assert listed(client, since=yesterday, until=yesterday) == ["yesterday.png"]


def test_days_in_the_wrong_order_are_told(user: User, login: Login) -> None:
    query = {"since": "2026-02-02", "until": "2026-02-01"}
    page = login(user).get(reverse("history"), query).content.decode()
    assert "This day is before the first one." in page


def test_a_person_is_found_in_group_photos_too(user: User, login: Login) -> None:
    ask(user, "ada.png", ADA)
    ask(user, "both.png", GRACE, ADA)
    ask(user, "grace.png", GRACE)
    ada = Person.objects.get(name="Ada")
    assert listed(login(user), person=ada.pk) == ["both.png", "ada.png"]


def test_only_people_of_ones_own_answers_can_be_chosen(
    user: User, stranger: User, login: Login
) -> None:
    ask(user, "ada.png", ADA)
    ask(stranger, "grace.png", GRACE)
    grace = Person.objects.get(name="Grace")
    page = login(user).get(reverse("history")).content.decode()
    assert ">Ada</option>" in page
    assert ">Grace</option>" not in page
    assert listed(login(user), person=grace.pk) == []


def test_answers_are_filtered_by_what_they_say(user: User, login: Login) -> None:
    ask(user, "match.png", ADA)
    ask(user, "unknown.png", NOBODY)
    ask(user, "unclear.png", Face(200, quality=0.2))
    ask(user, "none.png")
    ask(user, "ambiguous.png", GRACE)
    ProbeFace.objects.filter(identification__filename="ambiguous.png").update(
        decision="ambiguous", person=None
    )
    submit(user, [SimpleUploadedFile("cut.png", photo(ADA)[:200])])
    process(Identification.objects.get(filename="cut.png").pk)
    submit(user, [SimpleUploadedFile("waiting.png", photo(ADA))])
    client = login(user)
    for outcome in ("match", "unknown", "unclear", "ambiguous", "waiting"):
        assert listed(client, outcome=outcome) == [f"{outcome}.png"]
    assert listed(client, outcome="no_face") == ["none.png"]
    assert listed(client, outcome="unusable") == ["cut.png"]


def test_a_filter_that_finds_nothing_says_so_and_offers_everything(
    user: User, login: Login
) -> None:
    page = login(user).get(reverse("history"), {"outcome": "match"}).content.decode()
    assert "No photo fits this filter." in page
    assert "Show everything" in page


def test_an_empty_history_invites_to_the_first_photo(user: User, login: Login) -> None:
    assert b"Upload the first photo" in login(user).get(reverse("history")).content


def test_the_history_comes_in_pages_that_keep_the_filter(user: User, login: Login) -> None:
    rows = [Identification(user=user, filename=f"{number}.png") for number in range(27)]
    Identification.objects.bulk_create(rows)
    client = login(user)
    assert len(listed(client)) == 25
    assert len(listed(client, page=2)) == 2
    page = client.get(reverse("history"), {"outcome": "waiting"}).content.decode()
    assert 'rel="next" href="?outcome=waiting&amp;page=2"' in page


def test_the_number_of_queries_does_not_grow_with_the_history(user: User, login: Login) -> None:
    client = login(user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("history"))
        return len(captured)

    ask(user, "one.png", ADA)
    ask(user, "two.png", GRACE)
    few = queries()
    for number in range(10):
        ask(user, f"{number}.png", ADA, GRACE, NOBODY)
    assert queries() == few
