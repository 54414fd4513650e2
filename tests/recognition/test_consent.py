"""Consent as a record: given, withdrawn, over, and who is matched by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, models, transaction
from django.utils import timezone
from pytest_django import Settings

from recognition.models import (
    AuditEvent,
    Consent,
    ConsentText,
    How,
    Identification,
    ModelVersion,
    Person,
    Purpose,
    User,
)
from recognition.services import consent
from recognition.services.gallery import agreements, memory
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import EnrolmentRefused, enrol_photo
from recognition.services.identification import answering
from recognition.services.privacy import consent_texts, erasure
from recognition.services.site import sweeping
from tests.factories import agreed
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.sites import Site

RECOGNITION, TRAINING = Purpose.RECOGNITION, Purpose.TRAINING
WEEK = dt.timedelta(days=7)


@pytest.fixture
def ada(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")[0].person


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.timedelta], None]:
    """Put the clock on."""
    now = timezone.now

    def put_on(by: dt.timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + by)

    return put_on


def give(person: Person, *purposes: Purpose, until: dt.datetime | None = None) -> None:
    terms = Agreed(purposes or (RECOGNITION,), How.PAPER, expires_at=until)
    agreements.give(Person.objects.filter(pk=person.pk), terms, None)


def named(user: User) -> str:
    """Whom an answer names in a photo of Ada."""
    (row,) = answering.submit(user, [SimpleUploadedFile("p.png", photo(Face(1, 9)))]).accepted
    answering.process(row.pk)
    return str(Identification.objects.get(pk=row.pk).faces.get().person or "")


def in_memory(version: ModelVersion) -> int:
    """People in the gallery that this process holds, which was read before and follows changes."""
    with memory.current(version) as followed:
        return followed.people


# the text


def test_the_hash_is_the_texts(operator: User) -> None:
    text = consent_texts.add("I agree.\r\nReally. Да.", operator)
    assert text.digest == sha256("I agree.\nReally. Да.".encode()).hexdigest()
    first = ConsentText.objects.get(number=1)
    assert first.digest == sha256(first.text.encode()).hexdigest()
    assert "To be recognised" in first.text
    assert "Распознавание" in first.text


def test_other_words_are_a_new_version_and_the_same_are_none(operator: User) -> None:
    assert consent_texts.add("I agree.", operator).number == 2
    with pytest.raises(consent_texts.SameWords) as same:
        consent_texts.add(" I agree.\n", operator)
    assert same.value.number == 2
    event = AuditEvent.objects.get(action="consent.text_added")
    assert event.details == {"digest": ConsentText.objects.get(number=2).digest}


@pytest.mark.parametrize("change", [{"text": "I agree to all."}, {"digest": "0"}, {"number": 9}])
def test_a_text_never_changes_whoever_writes(db: None, change: dict[str, object]) -> None:
    agreed(Person.objects.create(name="Ada"))
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        ConsentText.objects.update(**change)


def test_a_text_that_a_consent_refers_to_stays(db: None) -> None:
    text = ConsentText.objects.get()
    agreed(Person.objects.create(name="Ada"))
    with pytest.raises(models.ProtectedError):
        text.delete()


def test_a_text_outlives_the_account_that_wrote_it(operator: User) -> None:
    text = consent_texts.add("I agree.", operator)
    operator.delete()
    text.refresh_from_db()
    assert text.created_by is None


# giving and withdrawing


def test_a_record_says_what_when_until_when_how_and_by_whom(
    operator: User, settings: Settings
) -> None:
    people = [Person.objects.create(name=name) for name in ("Ada", "Ben")]
    settings.CONSENT_TERM = WEEK
    terms = Agreed((RECOGNITION, TRAINING), How.ELECTRONIC)
    assert agreements.give(Person.objects.all(), terms, operator) == 2
    for person in people:
        one = person.consents.get(purpose="recognition")
        assert (one.how, one.taken_by, one.text) == ("electronic", operator, terms.text)
        assert one.expires_at is not None
        assert one.expires_at - one.given_at == pytest.approx(WEEK, abs=dt.timedelta(seconds=5))
    events = AuditEvent.objects.filter(action="consent.given")
    assert events.count() == 4
    assert events.latest("number").details == {
        "person": people[1].pk,
        "purpose": "training",
        "text": 1,
        "how": "electronic",
    }


def test_without_a_usual_term_it_is_for_good(db: None, settings: Settings) -> None:
    settings.CONSENT_TERM = dt.timedelta()
    assert Agreed((RECOGNITION,), How.PAPER).expires_at is None


def test_a_withdrawal_keeps_the_record_and_agreeing_again_is_a_new_one(
    operator: User, ada: Person
) -> None:
    give(ada, RECOGNITION, TRAINING)
    assert agreements.withdraw(ada, [TRAINING], operator) == 1
    taken_back = ada.consents.get(purpose="training")
    assert taken_back.withdrawn_at is not None
    assert taken_back.withdrawn_by == operator
    assert ada.consents.get(purpose="recognition").is_current
    event = AuditEvent.objects.get(action="consent.withdrawn")
    assert event.details == {"person": ada.pk, "purpose": "training"}
    assert agreements.withdraw(ada, [TRAINING], operator) == 0
    give(ada, TRAINING)
    assert ada.consents.filter(purpose="training").count() == 2
    assert list(consent.current(TRAINING)) == [ada.consents.exclude(pk=taken_back.pk).first()]


def test_the_records_go_with_the_person_and_the_log_keeps_numbers_only(ada: Person) -> None:
    give(ada)
    erasure.remove_person(ada, None)
    assert not Consent.objects.exists()
    events = AuditEvent.objects.filter(action__startswith="consent.")
    assert events.exists()
    assert "Ada" not in str(list(events.values()))


# who is matched


def test_whoever_withdraws_is_named_by_no_worker_that_has_them_in_memory(
    ada: Person, user: User, version: ModelVersion
) -> None:
    give(ada)
    assert named(user) == "Ada"
    assert in_memory(version) == 1
    agreements.withdraw(ada, [RECOGNITION], None)
    assert named(user) == ""
    assert in_memory(version) == 0
    give(ada)
    assert named(user) == "Ada"


def test_a_consent_to_training_that_is_withdrawn_leaves_matching_alone(
    ada: Person, user: User
) -> None:
    give(ada, TRAINING)
    agreements.withdraw(ada, [TRAINING], None)
    assert named(user) == "Ada"


def test_whoever_withdraws_while_a_worker_has_the_photo_is_not_named(
    ada: Person, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search is over by then: nothing of it may be stored."""
    give(ada)
    assert named(user) == "Ada"
    search, done = answering._search, list[int]()

    def searched(*args: object) -> answering.Search:
        found = search(*args)  # type: ignore[arg-type]
        done.append(agreements.withdraw(ada, [RECOGNITION], None))
        return found

    monkeypatch.setattr(answering, "_search", searched)
    assert named(user) == ""
    assert done == [1, 0]


@pytest.fixture(params=[False, True])
def _required_or_not(ada: Person, request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.REQUIRE_CONSENT = request.param


@pytest.mark.usefixtures("_required_or_not")
def test_from_the_moment_that_a_term_passes_nobody_is_named_by_it(
    ada: Person, user: User, version: ModelVersion, later: Callable[[dt.timedelta], None]
) -> None:
    give(ada, until=timezone.now() + WEEK)
    assert named(user) == "Ada"
    later(WEEK)
    assert in_memory(version) == 0
    assert named(user) == ""
    assert ada.consents.get().expired_at is None
    sweeping.tidy()
    sweeping.tidy()
    assert ada.consents.get().expired_at is not None
    event = AuditEvent.objects.get(action="consent.expired")
    assert event.details == {"person": ada.pk, "purpose": "recognition"}
    give(ada)
    assert named(user) == "Ada"


def test_a_consent_that_was_renewed_in_time_goes_on(
    ada: Person, user: User, later: Callable[[dt.timedelta], None]
) -> None:
    give(ada, until=timezone.now() + WEEK)
    assert named(user) == "Ada"
    give(ada, until=timezone.now() + 3 * WEEK)
    later(2 * WEEK)
    assert agreements.end_what_is_over() == 1
    assert named(user) == "Ada"
    later(3 * WEEK)
    assert named(user) == ""


def test_an_unchanged_gallery_with_terms_still_costs_one_query(
    ada: Person, version: ModelVersion, django_assert_num_queries: Callable[[int], object]
) -> None:
    give(ada, until=timezone.now() + WEEK)
    in_memory(version)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        in_memory(version)


def test_whoever_has_withdrawn_gets_no_further_photo(ada: Person) -> None:
    give(ada)
    agreements.withdraw(ada, [RECOGNITION], None)
    with pytest.raises(EnrolmentRefused) as refused:
        enrol_photo(ada, photo(Face(1, 2)), "second.png")
    assert refused.value.code == "no_consent"


# what was there before


@pytest.mark.slow
def test_marks_of_old_become_consents_to_training_of_which_no_more_is_known(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.manage("migrate", "recognition", "0016", "--verbosity=0")
    add = (
        "from django.db import connection; c = connection.cursor(); "
        "[c.execute('INSERT INTO recognition_person (name, external_id, training_consent, "
        "created_at) VALUES (%s, %s, %s, %s)', [name, '', marked, '2026-01-02']) "
        "for name, marked in (('Ada', True), ('Ben', False))]"
    )
    site.manage("shell", "-v0", "--no-imports", "-c", add)
    site.manage("migrate", "--verbosity=0")
    ask = (
        "from recognition.models import Consent; "
        "print(list(Consent.objects.values_list("
        "'person__name', 'purpose', 'how', 'text', 'expires_at', 'withdrawn_at')))"
    )
    found = site.manage("shell", "-v0", "-c", ask).strip()
    assert found == "[('Ada', 'training', 'before', None, None, None)]"
    site.manage("migrate", "recognition", "0016", "--verbosity=0")
    ask = (
        "from django.db import connection; c = connection.cursor(); "
        "c.execute('SELECT name, training_consent FROM recognition_person ORDER BY name'); "
        "print([(name, bool(marked)) for name, marked in c.fetchall()])"
    )
    found = site.manage("shell", "-v0", "--no-imports", "-c", ask).strip()
    assert found == "[('Ada', True), ('Ben', False)]"
