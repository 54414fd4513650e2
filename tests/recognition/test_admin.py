"""The administration: who enters, what reviewers find there, and what nobody may do by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from recognition.models import (
    AuditEvent,
    EnrolledFace,
    Identification,
    Person,
    TrainingRun,
    User,
)
from recognition.services.audit import record
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.rows import epochs

Login = Callable[[User], Client]
LIST = "/admin/recognition/identification/"


def answered(user: User, *people: int, name: str = "photo.png") -> Identification:
    faces = [Face(person, shot=50) for person in people]
    row = submit(user, [SimpleUploadedFile(name, photo(*faces))]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def detail(row: Identification) -> str:
    return reverse("admin:recognition_identification_change", args=(row.pk,))


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann_Lee"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def bob(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Борис"), photo(Face(2)), "bob.png")[0].person


@pytest.fixture
def browser(reviewer: User, login: Login) -> Client:
    """A reviewer's."""
    return login(reviewer)


def listed(browser: Client, **query: str) -> set[str]:
    response = browser.get(LIST, query)
    assert response.status_code == 200
    return {row.filename for row in response.context["cl"].result_list}


@pytest.mark.parametrize(
    ("role", "status"),
    [("", 403), ("user", 403), ("reviewer", 200), ("operator", 200), ("auditor", 200)],
)
@pytest.mark.django_db
def test_a_role_opens_the_administration(role: str, status: int, login: Login) -> None:
    somebody = make_user(*filter(None, [role]), is_staff=False)
    assert login(somebody).get("/admin/", follow=True).status_code == status


@pytest.mark.django_db
def test_being_staff_alone_opens_nothing(login: Login) -> None:
    assert login(make_user(is_staff=True)).get("/admin/", follow=True).status_code == 403


@pytest.mark.django_db
def test_a_stranger_is_sent_to_the_one_log_in_and_back(client: Client) -> None:
    response = client.get(LIST, follow=True)
    assert response.redirect_chain[-1][0] == f"/accounts/login/?next={LIST}"


def test_the_log_in_sends_nobody_to_another_site(browser: Client) -> None:
    response = browser.get("/admin/login/", {"next": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/admin/"


PAGES = {
    "identification": {"reviewer"},
    "person": {"reviewer", "operator"},
    "enrolledface": {"reviewer", "operator"},
    "modelversion": {"reviewer", "operator"},
    "trainingrun": {"operator"},
    "auditevent": {"reviewer", "operator", "auditor"},
    "user": set(),
}


@pytest.mark.parametrize("role", ["reviewer", "operator", "auditor"])
@pytest.mark.parametrize("model", PAGES)
@pytest.mark.django_db
def test_each_role_sees_its_own_lists(model: str, role: str, login: Login) -> None:
    browser, page = login(make_user(role)), f"/admin/recognition/{model}/"
    assert browser.get(page).status_code == (200 if role in PAGES[model] else 403)
    assert (page in browser.get("/admin/").text) == (role in PAGES[model])


@pytest.mark.parametrize("model", [name for name in PAGES if name != "user"])
@pytest.mark.parametrize("action", ["add", "delete", "change"])
def test_nothing_is_added_changed_or_deleted_by_hand(
    model: str, action: str, ann: Person, user: User, admin_client: Client
) -> None:
    answered(user, 1)
    record(None, "person.added", ann)
    row = {
        "identification": Identification,
        "person": Person,
        "enrolledface": EnrolledFace,
        "auditevent": AuditEvent,
    }.get(model)
    key = row._default_manager.latest("pk").pk if row else 1
    path = "add/" if action == "add" else f"{key}/{action}/"
    assert admin_client.post(f"/admin/recognition/{model}/{path}", {}).status_code in (302, 403)
    assert Identification.objects.count() == Person.objects.count() == 1
    assert EnrolledFace.objects.count() == 1


def test_the_list_shows_who_asked_what_and_the_answer(
    ann: Person, user: User, browser: Client
) -> None:
    row = answered(user, 1, 9, name="holiday.png")
    page = browser.get(LIST).text
    for shown in ("holiday.png", user.username, "Ann Lee", "Nobody the site knows", "2 to review"):
        assert shown in page
    for face in row.faces.all():
        assert reverse("photo", args=("probe", face.pk)) in page
    assert reverse("photo", args=("identification", row.pk)) not in page


@pytest.mark.parametrize("words", ["", "?q=ann", "?decision=no_face"])
def test_a_longer_list_takes_no_more_queries(
    words: str, ann: Person, user: User, browser: Client
) -> None:
    answered(user, 1, 9)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            browser.get(LIST + words)
        return len(captured)

    few = queries()
    for _ in range(5):
        answered(make_user("user"), 1, 1, 9)
    assert queries() == few


def test_a_photo_with_many_faces_takes_no_more_queries(
    ann: Person, user: User, browser: Client
) -> None:
    answered(user, 1)  # comes up next after either
    rows = answered(user, 1), answered(user, 1, 1, 9, 9, 8)

    def queries(row: Identification) -> int:
        browser.get(detail(row))
        with CaptureQueriesContext(connection) as captured:
            browser.get(detail(row))
        return len(captured)

    assert queries(rows[0]) == queries(rows[1])


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize(
    "words", ["holi", "HOLIDAY", "ann lee", "ANN", "holiday ann", '"ann_lee" holiday']
)
def test_search_finds_file_and_person(words: str, ann: Person, user: User, browser: Client) -> None:
    answered(user, 1, 1, name="holiday.png")
    answered(user, 9, name="other.png")
    assert listed(browser, q=words) == {"holiday.png"}


@pytest.mark.parametrize("words", ["борис", "БОР", "Борис"])
def test_search_knows_small_and_capital_letters_of_every_script(
    words: str, bob: Person, user: User, browser: Client
) -> None:
    answered(user, 2, name="b.png")
    assert listed(browser, q=words) == {"b.png"}


@pytest.mark.parametrize("words", ["(", "a[", "\\", "*"])
def test_search_takes_words_as_they_stand(
    words: str, ann: Person, user: User, browser: Client
) -> None:
    answered(user, 1, name="a.png")
    assert listed(browser, q=words) == set()


def test_filters_by_decision(ann: Person, user: User, browser: Client) -> None:
    answered(user, 1, name="named.png")
    answered(user, 9, name="unknown.png")
    answered(user, name="empty.png")
    assert listed(browser, decision="match") == {"named.png"}
    assert listed(browser, decision="unknown") == {"unknown.png"}
    assert listed(browser, decision="no_face") == {"empty.png"}
    Identification.objects.update(faces_found=None)  # as the release before has stored them
    assert listed(browser, decision="no_face") == {"empty.png"}
    assert len(listed(browser, decision="nonsense")) == 3


def test_filters_by_status_person_and_user(
    ann: Person, user: User, stranger: User, browser: Client
) -> None:
    answered(user, 1, 1, name="named.png")
    answered(stranger, 9, name="unknown.png")
    submit(user, [SimpleUploadedFile("waiting.png", photo(Face(3)))])
    assert listed(browser, status__exact="queued") == {"waiting.png"}
    assert listed(browser, faces__person__id__exact=str(ann.pk)) == {"named.png"}
    assert listed(browser, user=str(stranger.pk)) == {"unknown.png"}


def test_filters_by_review(ann: Person, user: User, reviewer: User, browser: Client) -> None:
    half = answered(user, 1, 9, name="half.png")
    done = answered(user, 1, name="done.png")
    answered(user, name="empty.png")
    for face in (half.faces.get(index=0), done.faces.get()):
        review(face, reviewer, "right")
    assert listed(browser, review="open") == {"half.png"}
    assert listed(browser, review="done") == {"done.png"}
    assert listed(browser, review="right") == {"half.png", "done.png"}


def test_filters_by_days_both_included(ann: Person, user: User, browser: Client) -> None:
    today = timezone.localdate()
    old = answered(user, 1, name="old.png")
    Identification.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(9))
    answered(user, 1, name="new.png")
    day = {"created_at_from": today.isoformat(), "created_at_to": today.isoformat()}
    assert listed(browser, **day) == {"new.png"}
    assert listed(browser, created_at_to=(today - dt.timedelta(5)).isoformat()) == {"old.png"}
    assert listed(browser, created_at_from="soon") == set()


def test_the_detail_page_shows_the_answer_and_its_evidence(
    ann: Person, user: User, browser: Client
) -> None:
    row = answered(user, 1, 9)
    page = browser.get(detail(row)).text
    assert reverse("photo", args=("identification", row.pk)) in page
    assert page.count('<rect x="') == 2
    assert reverse("photo", args=("enrolled", ann.faces.get().pk)) in page
    for shown in ("Ann Lee", "Nobody the site knows", "Almost certainly", user.username):
        assert shown in page


def test_opening_somebodys_photo_is_in_the_audit_log(
    ann: Person, user: User, reviewer: User, browser: Client
) -> None:
    row = answered(user, 1)
    browser.get(LIST)
    assert not AuditEvent.objects.filter(action="photo.opened").exists()
    browser.get(detail(row))
    event = AuditEvent.objects.get(action="photo.opened")
    assert (event.actor, event.subject_id) == (reviewer, str(row.pk))


def test_who_may_not_see_a_photo_opens_nothing(
    ann: Person, user: User, operator: User, login: Login
) -> None:
    row = answered(user, 1)
    assert login(operator).get(detail(row)).status_code == 403
    assert not AuditEvent.objects.filter(action="photo.opened").exists()


def test_the_page_of_a_photo_tells_what_was_said_of_it_and_leads_to_its_review(
    ann: Person, bob: Person, user: User, reviewer: User, browser: Client
) -> None:
    face = answered(user, 1).faces.get()
    review(face, reviewer, "somebody_else", bob)
    review(face, reviewer, "right")
    page = browser.get(detail(face.identification)).text
    assert page.index("Right: Ann Lee") < page.index("Somebody else: Борис")
    assert reverse("review_face", args=(face.pk,)) in page


def test_the_overview_counts(
    ann: Person, user: User, browser: Client, admin_client: Client
) -> None:
    answered(user, 1)
    answered(user, 9)
    submit(user, [SimpleUploadedFile("waiting.png", photo(Face(3)))])
    cards = {card.title: card for card in browser.get("/admin/").context["cards"]}
    assert cards["Photos today"].value == "3"
    assert cards["Unknown faces"].value == "50%"
    assert cards["To review"].value == "2"
    assert cards["Waiting"].value == "1"
    cards = {card.title: card for card in admin_client.get("/admin/").context["cards"]}
    assert cards["People"].value == "1"
    assert cards["Model"].value == "stripes"


def test_waiting_counts_what_its_link_lists(ann: Person, user: User, browser: Client) -> None:
    answered(user, 1, name="done.png")
    for name in ("queued.png", "running.png"):
        row = submit(user, [SimpleUploadedFile(name, photo(Face(3)))]).accepted[0]
    row.claim()
    cards = {card.title: card for card in browser.get("/admin/").context["cards"]}
    assert cards["Waiting"].value == "2"
    linked = browser.get(cards["Waiting"].link).context["cl"].result_list
    assert {row.filename for row in linked} == {"queued.png", "running.png"}


def test_unknown_faces_are_counted_in_the_days_that_its_link_lists(
    ann: Person, user: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = dt.datetime(2026, 3, 10, 22, tzinfo=dt.UTC)  # the next day where the site is
    for name, hour in (("before.png", 20), ("within.png", 21)):
        row = answered(user, 9, name=name)
        moment = dt.datetime(2026, 2, 8, hour, 30, tzinfo=dt.UTC)
        Identification.objects.filter(pk=row.pk).update(created_at=moment)
    with timezone.override("Europe/Moscow"):
        monkeypatch.setattr(timezone, "now", lambda: late)
        cards = {card.title: card for card in browser.get("/admin/").context["cards"]}
        linked = browser.get(cards["Unknown faces"].link).context["cl"].result_list
    assert cards["Unknown faces"].note == "1 of 1 face in 30 days"
    assert {row.filename for row in linked} == {"within.png"}


def test_every_figure_of_the_overview_leads_to_what_it_counts(
    ann: Person, user: User, admin_client: Client
) -> None:
    answered(user, 1)
    for card in admin_client.get("/admin/").context["cards"]:
        assert admin_client.get(card.link).status_code == 200


def test_an_empty_site_has_an_overview_too(db: None, admin_client: Client) -> None:
    cards = {card.title: card for card in admin_client.get("/admin/").context["cards"]}
    assert cards["Unknown faces"].value == "0%"
    assert cards["Model"].value == "None"


def test_an_administrator_adds_a_user_with_a_role(admin_client: Client) -> None:
    page = admin_client.get("/admin/recognition/user/add/").text
    for role in ("User", "Reviewer", "Operator"):
        assert role in page
    reviewer = make_user("reviewer").groups.get()
    password = {"password1": "long and odd 77", "password2": "long and odd 77"}
    added = {"username": "rita", "groups": [reviewer.pk], **password}
    response = admin_client.post("/admin/recognition/user/add/", added)
    assert response.status_code == 302, response.text
    rita = User.objects.get(username="rita")
    assert rita.is_reviewer
    event = AuditEvent.objects.get(action="account.added")
    assert (event.subject_type, event.subject_id) == ("user", str(rita.pk))
    assert event.details == {"roles": ["reviewer"], "administrator": False, "active": True}


def test_the_roles_that_the_site_relies_on_stay(admin_client: Client, user: User) -> None:
    role = user.groups.get()
    assert admin_client.post(f"/admin/auth/group/{role.pk}/delete/").status_code == 403
    admin_client.post(f"/admin/auth/group/{role.pk}/change/", {"name": "renamed"})
    role.refresh_from_db()
    assert role.name == "user"


ACCOUNTS = "/admin/recognition/user/"


@pytest.mark.usefixtures("ann")
def test_an_administrator_deletes_an_account_with_its_photos(
    user: User,
    admin_client: Client,
    admin_user: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    kept = set(media.rglob("*.*"))
    answered(user, 1)
    submit(user, [SimpleUploadedFile("waiting.png", photo(Face(3)))])
    assert set(media.rglob("*.*")) > kept
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"{ACCOUNTS}{user.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Identification.objects.exists()
    assert set(media.rglob("*.*")) == kept
    event = AuditEvent.objects.get(action="account.deleted")
    assert (event.actor, event.subject_type, event.subject_id) == (admin_user, "user", str(user.pk))
    assert event.details == {"roles": ["user"], "administrator": False, "active": True}
    assert "Account deleted" in admin_client.get("/admin/recognition/auditevent/").text


def test_several_accounts_are_deleted_at_once_but_never_ones_own(
    ann: Person, user: User, stranger: User, admin_client: Client, admin_user: User
) -> None:
    answered(user, 1)

    def delete(*users: User) -> int:
        chosen = {"action": "delete_selected", "post": "yes"}
        picked = {"_selected_action": [str(one.pk) for one in users]}
        return admin_client.post(ACCOUNTS, {**chosen, **picked}).status_code

    assert delete(user, admin_user) == 403
    own = f"{ACCOUNTS}{admin_user.pk}/delete/"
    assert admin_client.post(own, {"post": "yes"}).status_code == 403
    assert User.objects.count() == 3
    assert delete(user, stranger) == 302
    assert User.objects.get() == admin_user
    assert AuditEvent.objects.filter(action="account.deleted").count() == 2


def test_only_administrators_delete_accounts(user: User, login: Login) -> None:
    clerk = make_user("reviewer", "operator")
    clerk.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    browser, path = login(clerk), f"{ACCOUNTS}{user.pk}/"
    assert browser.get(f"{path}change/").status_code == 200
    assert browser.post(f"{path}delete/", {"post": "yes"}).status_code == 403


def test_reviewers_find_a_person_to_name(ann: Person, bob: Person, browser: Client) -> None:
    chosen = {"app_label": "recognition", "model_name": "probeface", "field_name": "true_person"}
    found = browser.get("/admin/autocomplete/", {"term": "борис", **chosen}).json()
    assert [result["text"] for result in found["results"]] == ["Борис"]


@pytest.mark.parametrize("model", [*PAGES, "user"])
def test_every_list_opens_with_rows_in_it(
    model: str, ann: Person, user: User, admin_client: Client
) -> None:
    row = answered(user, 1, 9)
    run = TrainingRun.objects.create(name="paper-1", architecture="paper", history=epochs(2))
    record(None, "training.requested", run)
    admin_client.get(detail(row))
    page = admin_client.get(f"/admin/recognition/{model}/")
    assert page.context["cl"].result_count
    first = page.context["cl"].result_list[0]
    opened = admin_client.get(f"/admin/recognition/{model}/{first.pk}/change/")
    assert opened.status_code == 200
