from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.management import _get_all_permissions  # type: ignore[attr-defined]
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core import mail
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from recognition.backends import AccountBackend
from recognition.models import User
from recognition.services.site.accounts import create_first_administrator
from tests.factories import PASSWORD, make_user
from tests.sites import wait_for

OTHER_PASSWORD = "another horse, another battery"
SIGNUP = {
    "username": "newcomer",
    "email": "newcomer@example.org",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


def logs_in(name: str, password: str = PASSWORD) -> bool:
    client = Client()
    client.post("/accounts/login/", {"login": name, "password": password})
    return "_auth_user_id" in client.session


def may_upload(who: User) -> bool:
    return who.has_perm("recognition.add_identification")


def received() -> str:
    """The first mail; they go out beside the requests."""
    return str(wait_for(lambda: mail.outbox)[0].message())


def test_user_reviewer_and_operator_may_do_what_their_roles_say(
    user: User, reviewer: User, operator: User
) -> None:
    may = [
        (may_upload(who), who.is_reviewer, who.is_operator) for who in (user, reviewer, operator)
    ]
    assert may == [(True, False, False), (True, True, False), (True, False, True)]


def test_an_account_has_the_permissions_that_django_would_find_with_one_query(
    reviewer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    reviewer.groups.add(Group.objects.get(name="auditor"))
    reviewer.user_permissions.add(Permission.objects.get(codename="manage_models"))
    asked = User.objects.get(pk=reviewer.pk)
    with django_assert_num_queries(1):
        found = asked.get_all_permissions()
        assert asked.has_perm("recognition.manage_models")
    assert found == ModelBackend().get_all_permissions(User.objects.get(pk=reviewer.pk))
    reviewer.is_active = False
    reviewer.save()
    assert User.objects.get(pk=reviewer.pk).get_all_permissions() == set()
    assert AccountBackend().get_all_permissions(AnonymousUser()) == set()


def test_a_right_that_is_taken_away_is_gone_at_the_next_request(
    reviewer: User, login: Callable[[User], Client]
) -> None:
    client = login(reviewer)
    assert client.get("/review/").status_code == 200
    reviewer.groups.remove(Group.objects.get(name="reviewer"))
    assert client.get("/review/").status_code == 403
    reviewer.user_permissions.add(Permission.objects.get(codename="review_identifications"))
    assert client.get("/review/").status_code == 200
    reviewer.user_permissions.clear()
    assert client.get("/review/").status_code == 403


@pytest.mark.django_db
def test_the_permissions_that_the_migration_makes_are_exactly_those_that_django_would_make() -> (
    None
):
    made = Permission.objects.filter(content_type__app_label="recognition")
    assert set(made.values_list("content_type__model", "codename", "name")) == {
        (model._meta.model_name, codename, name)
        for model in apps.get_app_config("recognition").get_models()
        for codename, name in _get_all_permissions(model._meta)
    }


@pytest.mark.django_db
def test_whoever_gets_an_account_may_upload() -> None:
    assert may_upload(User.objects.create_user("somebody"))


@pytest.mark.django_db
def test_signing_up_makes_a_user_who_is_logged_in_at_once(client: Client) -> None:
    response = client.post("/accounts/signup/", SIGNUP)
    assert response.status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert client.session["_auth_user_id"] == str(newcomer.pk)
    assert may_upload(newcomer)
    assert not newcomer.is_staff


@pytest.mark.django_db
def test_signing_up_can_be_closed(client: Client, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    client.post("/accounts/signup/", SIGNUP)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_an_address_must_be_verified_where_mail_can_be_sent(
    client: Client, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client.post("/accounts/signup/", SIGNUP)
    assert "_auth_user_id" not in client.session
    assert not logs_in("newcomer")
    confirm = re.search(rf"{settings.SITE_URL}(\S+)", received())
    assert confirm
    client.post(confirm[1])
    assert logs_in("newcomer")


@pytest.mark.django_db
def test_logging_in_works_by_name_and_by_address() -> None:
    make_user("user", username="ada", email="ada@example.org")
    assert logs_in("ada")
    assert logs_in("ADA@example.org")
    assert not logs_in("ada", "wrong")


@pytest.mark.django_db
def test_guessing_a_password_is_stopped_after_a_few_attempts() -> None:
    make_user("user", username="ada")
    for attempt in range(5):
        assert not logs_in("ada", f"guess {attempt}")
    assert not logs_in("ada")


@pytest.mark.django_db
def test_the_admin_has_no_log_in_of_its_own_where_passwords_could_be_guessed(
    client: Client,
) -> None:
    response = client.get("/admin/login/")
    assert response.headers["Location"].startswith("/accounts/login/")


def test_logging_out_takes_a_post(user: User, login: Callable[[User], Client]) -> None:
    client = login(user)
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_a_password_is_changed_by_those_who_know_the_old_one(
    user: User, login: Callable[[User], Client]
) -> None:
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    login(user).post("/accounts/password/change/", {"oldpassword": "wrong", **new})
    assert logs_in(user.username)
    login(user).post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert logs_in(user.username, OTHER_PASSWORD)


@pytest.mark.django_db
@pytest.mark.usefixtures("mail_server")
def test_a_forgotten_password_is_replaced_through_a_mail(
    client: Client, settings: Settings
) -> None:
    make_user("user", username="ada", email="ada@example.org")
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    link = re.search(rf"{settings.SITE_URL}(\S+)", received())
    assert link
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD})
    assert User.objects.get().check_password(OTHER_PASSWORD)


@pytest.mark.django_db
def test_the_first_administrator_is_made_once_and_may_do_everything() -> None:
    password = create_first_administrator()
    assert password
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert admin.is_superuser
    assert may_upload(admin)
    assert create_first_administrator() is None


@pytest.mark.django_db
def test_a_site_that_has_accounts_gets_no_administrator() -> None:
    make_user("user")
    assert create_first_administrator() is None
