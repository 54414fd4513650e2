"""One's own identifications: listing, filters, pages."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recognition.forms.history import OUTCOMES, HistoryFilter
from recognition.models import Identification, Person, ProbeFace, Stranger, User
from recognition.services import searching
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import faceless
from recognition.services.identification.answering import process, submit
from recognition.services.site.sweeping import tidy
from recognition.views import history
from tests.factories import deeds
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


@pytest.mark.usefixtures("called")
def test_a_person_is_found_by_name_in_group_photos_too(user: User, login: Login) -> None:
    ask(user, "first.png", ADA)
    ask(user, "both.png", GRACE, ADA)
    ask(user, "grace.png", GRACE)
    assert listed(login(user), search="ada") == ["both.png", "first.png"]


@pytest.mark.parametrize("words", ["иван", "ИВАН", "Иван"])
def test_search_knows_small_and_capital_letters_of_every_script(
    words: str, user: User, login: Login
) -> None:
    Person.objects.filter(name="Ada").update(name="Иван Петров")
    ask(user, "named.png", ADA)
    ask(user, "Портрет Ивана.png", NOBODY)
    ask(user, "Портрет Анны.png", NOBODY)
    assert listed(login(user), search=words) == ["Портрет Ивана.png", "named.png"]


@pytest.mark.usefixtures("called")
def test_who_was_found_since_is_found_by_name(user: User, login: Login) -> None:
    ask(user, "one.png", NOBODY)
    ask(user, "other.png", NOBODY)
    found = Stranger.objects.create(person=Person.objects.get(name="Grace"))
    ProbeFace.objects.filter(identification__filename="one.png").update(stranger=found)
    assert listed(login(user), search="grace") == ["one.png"]


@pytest.mark.usefixtures("called")
def test_of_two_who_fit_either_name_finds_the_photo(user: User, login: Login) -> None:
    ask(user, "one.png", ADA)
    ProbeFace.objects.update(decision="ambiguous", person=None)
    assert listed(login(user), search="ada") == ["one.png"]
    assert listed(login(user), search="grace") == ["one.png"]


@pytest.mark.usefixtures("called")
def test_who_only_came_close_is_not_found(user: User, login: Login) -> None:
    """Trying names would otherwise tell who is enrolled."""
    ask(user, "one.png", ADA)
    assert ProbeFace.objects.get().candidates.filter(person__name="Grace").exists()
    assert listed(login(user), search="grace") == []


def test_a_photo_is_found_by_the_name_of_its_file(user: User, login: Login) -> None:
    ask(user, "holiday.png", NOBODY)
    ask(user, "other.png", NOBODY)
    assert listed(login(user), search="HOLI") == ["holiday.png"]


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
    assert "No photo matches this filter." in page
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


def test_a_filter_that_finds_very_much_counts_no_further_than_it_shows(
    user: User, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST", 50)
    rows = (Identification(user=user, filename=f"{number}.jpg") for number in range(60))
    Identification.objects.bulk_create(rows)
    client = login(user)
    page = client.get(reverse("history"), {"outcome": "waiting", "page": "9"}).content.decode()
    assert "Page 2 of 2 or more" in page
    assert "Page 1 of 3" in client.get(reverse("history")).content.decode()
    assert len(listed(client, page=3)) == 10


@pytest.mark.parametrize(
    "query", [{}, {"search": "ada"}, {"outcome": "match"}, {"outcome": "no_face"}]
)
def test_the_number_of_queries_does_not_grow_with_the_history(
    query: dict[str, str], user: User, login: Login
) -> None:
    client = login(user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("history"), query)
        return len(captured)

    ask(user, "one.png", ADA)
    ask(user, "two.png", GRACE)
    few = queries()
    for number in range(10):
        ask(user, f"{number}.png", ADA, GRACE, NOBODY)
    assert queries() == few


def test_a_large_gallery_costs_the_page_nothing(user: User, login: Login) -> None:
    client = login(user)
    ask(user, "one.png", ADA)
    small = len(client.get(reverse("history")).content)
    people = Person.objects.bulk_create(Person(name=f"Person {number}") for number in range(200))
    face = ProbeFace.objects.get()
    for person in people:
        face.pk, face.index, face.person = None, face.index + 1, person
        face.crop.name = f"{face.index}.png"
        face.identification = Identification.objects.create(
            user=user, status="done", created_at=timezone.now() - dt.timedelta(days=9)
        )
        face.save()
    page = client.get(reverse("history"), {"until": str(timezone.localdate())}).content.decode()
    assert "Person 199" in page
    assert page.count("<option") == len(OUTCOMES)
    assert small > 0


def archive(response: Any) -> ZipFile:
    return ZipFile(io.BytesIO(response.getvalue()))


def test_the_ticked_photos_are_downloaded_with_their_answers(user: User, login: Login) -> None:
    wanted, other = ask(user, "ada.png", ADA), ask(user, "grace.png", GRACE)
    answer = login(user).get(reverse("history_zip"), {"photo": str(wanted.pk)})
    assert answer.headers["Content-Type"] == "application/zip"
    names = archive(answer).namelist()
    assert f"photos/{wanted.pk}/photo.jpg" in names
    assert f"photos/{wanted.pk}/face-1.png" in names
    assert not any(str(other.pk) in name for name in names)
    event = deeds().get(action="history.exported")
    assert (event.actor, event.details["photos"]) == (user, 1)


def test_everything_that_a_filter_finds_is_downloaded_as_a_table(user: User, login: Login) -> None:
    ask(user, "ada.png", ADA)
    ask(user, "both.png", ADA, NOBODY)
    ask(user, "grace.png", GRACE)
    query = {"everything": "on", "search": "ada"}
    answer = login(user).get(reverse("history_csv"), query)
    rows = list(csv.DictReader(answer.getvalue().decode("utf-8-sig").splitlines()))
    told = [(row["file"], row["face"], row["decision"], row["person"]) for row in rows]
    assert told == [
        ("both.png", "1", "match", "Ada"),
        ("both.png", "2", "unknown", ""),
        ("ada.png", "1", "match", "Ada"),
    ]


def test_a_file_called_like_a_formula_calculates_nothing(user: User, login: Login) -> None:
    ask(user, "=1+1.png", ADA)
    answer = login(user).get(reverse("history_csv"), {"everything": "on"})
    assert "\n'=1+1.png," in answer.getvalue().decode()


def test_nobody_downloads_anothers_photos(
    user: User, stranger: User, reviewer: User, login: Login
) -> None:
    theirs = ask(stranger, "theirs.png", ADA)
    for somebody in (user, reviewer):
        answer = login(somebody).get(reverse("history_zip"), {"photo": str(theirs.pk)})
        assert answer.headers["Location"] == reverse("history")


def test_a_download_takes_as_many_queries_for_many_photos(user: User, login: Login) -> None:
    client = login(user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("history_csv"), {"everything": "on"}).getvalue()
        return len(captured)

    ask(user, "one.png", ADA)
    few = queries()
    for number in range(10):
        ask(user, f"{number}.png", ADA, GRACE, NOBODY)
    assert queries() == few


def uncount(*names: str) -> None:
    """As the release before, which keeps no count, has stored their answers."""
    Identification.objects.filter(filename__in=names).update(faces_found=None)


def counts() -> dict[str, int | None]:
    return dict(Identification.objects.values_list("filename", "faces_found"))


def test_an_answer_keeps_how_many_faces_it_has(user: User) -> None:
    ask(user, "two.png", ADA, NOBODY)
    ask(user, "none.png")
    submit(user, [SimpleUploadedFile("waiting.png", photo(ADA))])
    assert counts() == {"two.png": 2, "none.png": 0, "waiting.png": None}


def test_photos_without_a_face_are_found_before_they_are_counted(user: User, login: Login) -> None:
    for name in ("counted.png", "old.png"):
        ask(user, name)
    ask(user, "face.png", ADA)
    submit(user, [SimpleUploadedFile("waiting.png", photo(ADA))])
    uncount("old.png", "face.png")
    client = login(user)
    assert listed(client, outcome="no_face") == ["old.png", "counted.png"]
    tidy()
    assert counts() == {"counted.png": 0, "old.png": 0, "face.png": 1, "waiting.png": None}
    assert listed(client, outcome="no_face") == ["old.png", "counted.png"]


def test_so_many_are_counted_at_once(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faceless, "BATCH", 2)
    for number in range(3):
        ask(user, f"{number}.png", ADA)
    uncount(*counts())
    faceless.count_faces()
    assert sorted(counts().values(), key=str) == [1, 1, None]
    faceless.count_faces()
    assert set(counts().values()) == {1}


def test_photos_without_a_face_are_found_by_an_index(user: User) -> None:
    """No face is looked up for it, and nothing is sorted."""
    ask(user, "none.png")
    rows = [
        Identification(user=user, filename=f"{n}.png", status="done", faces_found=1)
        for n in range(2000)
    ]
    Identification.objects.bulk_create(rows)
    if connection.vendor == "postgresql":  # which plans by figures that it brings up to date later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE recognition_identification")
    form = HistoryFilter({"outcome": "no_face"})
    found = form.apply(Identification.objects.filter(user=user)).values_list("pk")[: history.MOST]
    said = found.explain()
    assert "history_by_faces" in said or "counted_faces" in said
    assert "probeface" not in said
    assert "TEMP B-TREE" not in said


def test_a_name_that_very_many_have_makes_no_list_of_all_their_photos(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest photos are asked one by one, until the page is full."""
    monkeypatch.setattr(searching, "MANY", 0)
    own = Identification.objects.filter(user=user)
    found = HistoryFilter({"search": "a"}).apply(own).values_list("pk")[: history.MOST]
    if connection.vendor == "sqlite":  # PostgreSQL weighs it anew for what it has counted
        said = found.explain()
        assert "history_in_order" in said
        assert "candidate_person_id" not in said
        assert "TEMP B-TREE" not in said
    assert str(found.query).count("EXISTS") == 2
