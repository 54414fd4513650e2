"""What leaves a line in the audit log, beside what is done to people, photos and models."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recognition.models import AuditEvent, Identification, User
from recognition.services.identification.answering import process, submit
from recognition.services.site import logins
from tests.factories import PASSWORD, make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_accounts import OTHER_PASSWORD, SIGNUP, logs_in

pytestmark = pytest.mark.django_db
Login = Callable[[User], Client]
NEW = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}


def said(action: str) -> list[tuple[str, str]]:
    """Who did it, and to whom."""
    events = AuditEvent.objects.filter(action=action)
    return [(event.actor_name, event.subject_id) for event in events]


def test_a_log_in_is_in_the_log(user: User) -> None:
    assert logs_in(user.username)
    assert said("account.logged_in") == [(user.username, str(user.pk))]
    assert said("account.login_failed") == []


def test_so_is_an_account_that_somebody_opens(client: Client) -> None:
    client.post("/accounts/signup/", SIGNUP)
    assert said("account.logged_in") == [("newcomer", str(User.objects.get().pk))]


def test_failed_attempts_are_one_line_for_each_account_and_say_nothing_that_was_typed(
    user: User,
) -> None:
    for guess in ("one", "two", "three"):
        logs_in(user.username, guess)
    for name in ("hunter2", "hunter3"):
        logs_in(name, "wrong")
    assert sorted(said("account.login_failed")) == [("", ""), ("", str(user.pk))]
    assert not AuditEvent.objects.filter(action="account.logged_in").exists()
    for event in AuditEvent.objects.all():
        assert event.details == {}


def test_a_changed_password_is_in_the_log(user: User, login: Login) -> None:
    login(user).post(reverse("account_change_password"), {"oldpassword": PASSWORD, **NEW})
    assert said("account.password_changed") == [(user.username, str(user.pk))]


def test_so_is_one_chosen_by_a_link(user: User, client: Client) -> None:
    link = logins.reset_link(user).partition("://")[2].partition("/")[2]
    form = client.get(f"/{link}", follow=True).redirect_chain[-1][0]
    client.post(form, NEW)
    assert said("account.password_reset") == [(user.username, str(user.pk))]


def test_so_is_one_that_an_administrator_sets(user: User, admin_user: User, login: Login) -> None:
    page = reverse("admin:auth_user_password_change", args=(user.pk,))
    browser = login(admin_user)
    browser.post(page, {**NEW, "password2": "other", "usable_password": "true"})
    assert said("account.password_set") == []
    browser.post(page, {**NEW, "usable_password": "true"})
    assert said("account.password_set") == [(admin_user.username, str(user.pk))]
    assert logs_in(user.username, OTHER_PASSWORD)


def test_what_a_role_may_do_is_in_the_log_when_it_changes(admin_user: User, login: Login) -> None:
    browser, role = login(admin_user), make_user("auditor").groups.get()
    may = Permission.objects.get(codename="manage_people")
    page = reverse("admin:auth_group_change", args=(role.pk,))
    browser.post(page, {"permissions": [may.pk]})
    event = AuditEvent.objects.get(action="role.changed")
    assert (event.subject_id, event.details) == (str(role.pk), {"may": ["manage_people"]})
    browser.post(reverse("admin:auth_group_add"), {"name": "guests", "permissions": [may.pk]})
    guests = Group.objects.get(name="guests")
    assert said("role.added") == [(admin_user.username, str(guests.pk))]
    browser.post(reverse("admin:auth_group_delete", args=(guests.pk,)), {"post": "yes"})
    assert said("role.deleted") == [(admin_user.username, str(guests.pk))]
    page = browser.get("/admin/recognition/auditevent/").text
    assert "Role deleted" in page


def answered(user: User) -> Identification:
    faces = photo(Face(1), Face(2))
    row = submit(user, [SimpleUploadedFile("a.png", faces)]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def look(browser: Client, row: Identification) -> None:
    for face in row.faces.all():
        assert browser.get(reverse("photo", args=("probe", face.pk))).status_code == 200


def test_looking_at_the_faces_of_others_is_one_line_a_day_and_photo(
    recognizer: StripeRecognizer, user: User, reviewer: User, login: Login
) -> None:
    rows = [answered(user), answered(user)]
    browser = login(reviewer)
    for row in (*rows, *rows):
        look(browser, row)
    expected = sorted((reviewer.username, str(row.pk)) for row in rows)
    assert sorted(said("faces.seen")) == expected


def test_whose_photo_was_opened_before_is_not_named_again_for_its_faces(
    recognizer: StripeRecognizer, user: User, reviewer: User, login: Login
) -> None:
    row, browser = answered(user), login(reviewer)
    browser.get(reverse("photo", args=("identification", row.pk)))
    look(browser, row)
    assert said("photo.opened") == [(reviewer.username, str(row.pk))]
    assert said("faces.seen") == []


def test_nobody_is_noted_for_looking_at_their_own(
    recognizer: StripeRecognizer, user: User, login: Login
) -> None:
    look(login(user), answered(user))
    assert said("faces.seen") == []


def test_a_refused_page_is_one_line_in_the_log_of_the_process(
    user: User, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    browser = login(user)
    with caplog.at_level(logging.INFO):
        assert browser.get(reverse("people")).status_code == 403
    assert [record.exc_info for record in caplog.records] == [None]
    assert "GET people 403" in caplog.text
    assert len(caplog.text.splitlines()) == 1
