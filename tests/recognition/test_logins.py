"""Ways into other people's accounts: guessing, telling who has one, and links to somewhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from recognition.models import AuditEvent
from recognition.services.site import logins
from recognition.services.site import mail as postman
from tests.factories import PASSWORD, make_user
from tests.recognition.test_accounts import OTHER_PASSWORD, SIGNUP, logs_in
from tests.sites import wait_for

pytestmark = pytest.mark.django_db
LOG_IN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _ada() -> None:
    make_user("user", username="ada", email="ada@example.org")


def try_in(login: str, **headers: str) -> None:
    """With a wrong password."""
    client = Client(**headers)  # type: ignore[arg-type]
    client.post(LOG_IN, {"login": login, "password": "wrong"})


# guessing


def test_the_count_of_attempts_does_not_begin_anew_with_another_host_name(
    settings: Settings,
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for attempt in range(5):
        try_in("ada", HTTP_HOST=f"testserver:{8000 + attempt}", REMOTE_ADDR=f"192.0.2.{attempt}")
    assert not logs_in("ada")


def test_nor_with_another_name_of_the_same_account() -> None:
    for attempt, name in enumerate(("ada", "ADA", "ada@example.org", "Ada@Example.org", "ada")):
        try_in(name, REMOTE_ADDR=f"192.0.2.{attempt}")
    assert not logs_in("ada")
    assert not logs_in("ada@example.org")


def test_a_name_is_the_same_in_small_and_capital_letters_of_every_script() -> None:
    make_user("user", username="Иван")
    assert logs_in("иван")
    for attempt, name in enumerate(("Иван", "иван", "ИВАН", "иВаН", "Иван")):
        try_in(name, REMOTE_ADDR=f"192.0.2.{attempt}")
    assert not logs_in("Иван")


def test_what_is_longer_than_any_name_is_not_looked_for(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert logins.account("и" * 1000) is None


def test_another_account_is_not_locked_with_it() -> None:
    make_user("user", username="grace")
    for attempt in range(5):
        try_in("ada", REMOTE_ADDR=f"192.0.2.{attempt}")
    assert logs_in("grace")


def test_one_network_address_may_not_go_through_many_accounts() -> None:
    for attempt in range(10):
        try_in(f"somebody{attempt}")
    assert not logs_in("ada")


# telling who has an account


@contextmanager
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The passwords that were hashed, which is what takes the time."""
    passwords: list[str] = []
    encode = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        passwords.append(password)
        return encode(self, password, salt)

    with monkeypatch.context() as patched:
        patched.setattr(MD5PasswordHasher, "encode", counting)
        yield passwords


@pytest.mark.parametrize("login", ["ada", "ada@example.org", "nobody", "nobody@example.org"])
def test_a_failed_log_in_takes_as_long_for_an_account_as_for_none(
    login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hashed(monkeypatch) as passwords:
        try_in(login)
    assert passwords == ["wrong"]


@pytest.mark.usefixtures("mail_server")
def test_signing_up_with_a_known_address_looks_like_with_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, costs = [], []
    for number, email in enumerate(("ada@example.org", "new@example.org")):
        form = {**SIGNUP, "username": f"newcomer{number}x", "email": email}
        client = Client()
        with hashed(monkeypatch) as passwords:
            response = client.post("/accounts/signup/", form)
        answers.append((response.status_code, response.headers["Location"]))
        costs.append(len(passwords))
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]


def test_without_mail_too(client: Client) -> None:
    form = {**SIGNUP, "email": "ada@example.org"}
    assert client.post("/accounts/signup/", form).headers["Location"] == reverse("upload")


@pytest.mark.usefixtures("mail_server")
def test_asking_for_a_new_password_is_answered_alike_and_writes_to_nobody_unknown(
    client: Client,
) -> None:
    done = reverse("account_reset_password_done")
    for email in ("nobody@example.org", "ada@example.org"):
        response = client.post(reverse("account_reset_password"), {"email": email})
        assert response.headers["Location"] == done
    wait_for(lambda: mail.outbox)
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


@pytest.mark.usefixtures("mail_server")
def test_nobody_waits_for_the_mail_server(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise whoever has an account would wait longer."""
    left: list[mail.EmailMessage] = []
    monkeypatch.setattr(postman, "send", left.append)
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    assert len(left) == 1
    assert mail.outbox == []


# links


@pytest.mark.usefixtures("mail_server")
def test_links_in_mails_lead_to_the_site_whatever_host_the_request_names(
    settings: Settings,
) -> None:
    settings.ALLOWED_HOSTS = [".amvera.io"]
    settings.SITE_URL = "https://faces.example.org"
    evil = Client(HTTP_HOST="evil.amvera.io", secure=True)
    evil.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    evil.post("/accounts/signup/", {**SIGNUP, "email": "ada@example.org"})
    evil.post("/accounts/signup/", SIGNUP)
    wait_for(lambda: len(mail.outbox) == 3)
    for message in mail.outbox:
        assert "https://faces.example.org/accounts/" in message.body
        assert "evil" not in str(message.message())


def test_without_a_mail_server_one_is_told_to_ask_and_nothing_is_sent(client: Client) -> None:
    for response in (
        client.get(reverse("account_reset_password")),
        client.post(reverse("account_reset_password"), {"email": "ada@example.org"}),
    ):
        assert b"Ask its administrator" in response.content
    assert mail.outbox == []


def test_the_administrator_can_print_a_link_that_works_once(
    capsys: pytest.CaptureFixture[str], client: Client, settings: Settings
) -> None:
    call_command("reset_link", "ada")
    link = capsys.readouterr().out.strip()
    assert link.startswith(settings.SITE_URL)
    form = client.get(urlsplit(link).path, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD})
    assert logs_in("ada", OTHER_PASSWORD)
    assert not logs_in("ada", PASSWORD)
    assert b"no longer works" in Client().get(urlsplit(link).path).content
    assert AuditEvent.objects.filter(action="account.reset_link").exists()


def test_a_link_for_nobody_is_an_error() -> None:
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        call_command("reset_link", "nobody")
