"""The pages of webhooks: one's own, their secret once, and what was sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from recognition.models import Event, Status, User, WebhookDelivery, WebhookSubscription
from recognition.services.webhooks import signing, subscriptions

Login = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(user: User) -> WebhookSubscription:
    return subscriptions.add(user, "https://door.example/hook", [Event.ANSWERED])[0]


def test_the_secret_is_shown_once(user: User, login: Login) -> None:
    browser, page = login(user), reverse("webhooks")
    sent = {"url": "https://door.example/hook", "events": [Event.ANSWERED.value]}
    answered = browser.post(page, sent)
    row = WebhookSubscription.objects.get()
    secret = signing.written(bytes(row.secret))
    assert secret in answered.content.decode()
    assert "no-store" in answered["Cache-Control"]
    for address in (page, reverse("webhook", args=(row.pk,))):
        said = browser.get(address).content.decode()
        assert "https://door.example/hook" in said
        assert secret not in said


@pytest.mark.parametrize(
    ("url", "events", "said"),
    [
        ("http://10.0.0.1/", ["identification.answered"], "private network"),
        ("https://door.example/", [], "Choose one of the events"),
        ("https://door.example/", ["person.removed"], "Select a valid choice"),
    ],
)
def test_what_is_refused_is_said_at_the_form(
    user: User, login: Login, url: str, events: list[str], said: str
) -> None:
    answered = login(user).post(reverse("webhooks"), {"url": url, "events": events})
    assert answered.status_code == 422
    assert said in answered.content.decode()
    assert not WebhookSubscription.objects.exists()


def test_a_test_event_is_sent_and_sent_again(
    user: User, login: Login, hook: WebhookSubscription
) -> None:
    browser, page = login(user), reverse("webhook", args=(hook.pk,))
    browser.post(reverse("webhook_test", args=(hook.pk,)))
    first = WebhookDelivery.objects.get()
    failed = {"status": Status.FAILED, "error_code": "refused", "response_code": 503}
    WebhookDelivery.objects.update(**failed)
    said = browser.get(page).content.decode()
    assert "503 · The receiver did not accept it." in said
    again = browser.post(reverse("delivery_replay", args=(first.pk,)), follow=True)
    assert again.redirect_chain == [(page, 302)]
    assert list(WebhookDelivery.objects.values_list("event", flat=True)) == [first.event] * 2


def test_one_that_is_disabled_is_used_again(
    user: User, login: Login, hook: WebhookSubscription
) -> None:
    subscriptions.disable(hook, WebhookSubscription.Disabled.GONE, lambda _row: None)
    browser, test = login(user), reverse("webhook_test", args=(hook.pk,))
    assert "gone for good" in browser.post(test, follow=True).content.decode()
    assert not WebhookDelivery.objects.exists()
    browser.post(reverse("webhook_enable", args=(hook.pk,)))
    browser.post(test)
    assert WebhookDelivery.objects.exists()
    browser.post(reverse("webhook_remove", args=(hook.pk,)))
    assert not WebhookSubscription.objects.exists()


def test_a_long_log_costs_no_more_queries_than_a_short_one(
    user: User,
    login: Login,
    hook: WebhookSubscription,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    browser, page = login(user), reverse("webhook", args=(hook.pk,))
    subscriptions.try_out(hook)
    with django_assert_max_num_queries(20) as few:
        browser.get(page)
    for _ in range(9):
        subscriptions.try_out(hook)
    with django_assert_max_num_queries(len(few)):
        browser.get(page)
