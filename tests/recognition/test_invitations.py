"""Sign-up where it is closed: only with a link of an operator, and each opens one account."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import Invitation, User
from recognition.services.refusals import Refused
from recognition.services.site import invitations
from tests.factories import PASSWORD, deeds

Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _closed(settings: Settings) -> None:
    settings.SIGNUP_OPEN = False


def path(link: str) -> str:
    return urlsplit(link).path


def sign_up(client: Client, name: str = "newcomer") -> bool:
    form = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_signup"), form)
    return User.objects.filter(username=name).exists()


def test_an_operator_makes_a_link_that_opens_one_account(
    operator: User, login: Login, settings: Settings
) -> None:
    settings.SITE_URL = "https://faces.example.org"
    page = login(operator).post(reverse("invite")).content.decode()
    link = re.search(r'value="(https://faces\.example\.org/[^"]+)"', page)
    assert link
    newcomer, second = Client(), Client()
    assert newcomer.get(path(link[1])).headers["Location"] == reverse("account_signup")
    second.get(path(link[1]))
    assert sign_up(newcomer)
    assert not sign_up(second, "second")
    over = second.get(path(link[1]))
    assert over.status_code == 404
    assert b"This invitation no longer works" in over.content


def test_who_invited_and_who_came_is_in_the_audit_log(operator: User) -> None:
    client = Client()
    client.get(path(invitations.invite(operator)))
    sign_up(client)
    events = deeds().values_list("action", "actor__username")
    assert list(events) == [("account.invited", operator.username), ("account.joined", "newcomer")]


def test_without_a_link_sign_up_stays_closed() -> None:
    assert not sign_up(Client())


def test_looking_at_a_link_does_not_use_it_up() -> None:
    link = path(invitations.invite(None))
    Client().get(link)
    client = Client()
    client.get(link)
    assert sign_up(client)


def test_a_link_made_up_or_changed_opens_nothing() -> None:
    link = path(invitations.invite(None))
    for wrong in (link[:-2] + "x/", reverse("invitation", args=(Invitation.objects.get().pk,))):
        assert Client().get(wrong).status_code == 404


def test_an_old_invitation_is_over_also_for_whoever_has_opened_its_page() -> None:
    client = Client()
    client.get(path(invitations.invite(None)))
    Invitation.objects.update(created_at=timezone.now() - invitations.LASTS - dt.timedelta(1))
    assert not sign_up(client)


def test_of_two_who_come_at_the_same_moment_one_is_too_late(user: User) -> None:
    invitations.invite(None)
    pk = Invitation.objects.get().pk
    invitations.use(pk, user)
    with pytest.raises(Refused):
        invitations.use(pk, user)


def test_the_command_prints_the_link_alone(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("invite")
    client = Client()
    client.get(path(capsys.readouterr().out.strip()))
    assert sign_up(client)
