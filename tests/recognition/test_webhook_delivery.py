"""A delivery reaches its receiver, or is tried for a day, and goes nowhere that it may not."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import WebhookVerificationError

from recognition import tasks
from recognition.messages.webhooks import tell_disabled
from recognition.models import (
    AuditEvent,
    Event,
    Status,
    User,
    WebhookDelivery,
    WebhookSubscription,
)
from recognition.services.site.sweeping import Swept, sweep
from recognition.services.webhooks import calling, sending, subscriptions, targets
from recognition.services.webhooks.calling import CallFailed
from recognition.services.webhooks.subscriptions import WebhookRefused
from recognition.services.webhooks.targets import TargetRefused
from tests.receivers import Receiver, certificate, dripping, receiving
from tests.recognition.conftest import Broker
from tests.sites import ROOT, wait_for

Told = list[WebhookSubscription]
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def private(settings: Settings) -> None:
    """The receivers of tests are on this machine."""
    settings.WEBHOOKS_PRIVATE = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def told() -> Told:
    """Whose owners were told that they are disabled."""
    return []


@pytest.fixture
def hook(user: User, receiver: Receiver) -> WebhookSubscription:
    return subscriptions.add(user, receiver.url, [Event.ANSWERED])[0]


def tried(delivery: WebhookDelivery, told: Told, times: int = 1) -> WebhookDelivery:
    """The delivery after so many attempts, for none of which anybody waits."""
    for _ in range(times):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=None)
        sending.send(delivery.pk, told.append)
    delivery.refresh_from_db()
    return delivery


def test_a_receiver_knows_by_the_official_library_who_calls(
    user: User, receiver: Receiver, told: Told
) -> None:
    hook, secret = subscriptions.add(user, receiver.url, [Event.ANSWERED])
    row = tried(subscriptions.try_out(hook), told)
    assert (row.status, row.response_code, row.error_code) == (Status.DONE, 204, "")
    said = receiver.verified(secret)
    assert (said["type"], said["data"]) == ("webhook.test", {})
    assert receiver.ids == [str(row.event)]
    other = subscriptions.add(user, receiver.url, [Event.ANSWERED])[1]
    with pytest.raises(WebhookVerificationError):
        receiver.verified(other)


def test_it_is_tried_for_a_day_with_growing_pauses_and_always_as_the_same_event(
    hook: WebhookSubscription, receiver: Receiver, told: Told
) -> None:
    receiver.answers = [500]
    row, waited = subscriptions.try_out(hook), dt.timedelta()
    for pause in sending.PAUSES:
        tried(row, told)
        assert (row.status, row.error_code, row.response_code) == (Status.QUEUED, "refused", 500)
        assert row.due_at is not None
        left = row.due_at - timezone.now()
        assert pause - dt.timedelta(seconds=5) < left < 1.2 * pause
        waited += pause
    assert waited > DAY
    assert tried(row, told).status == Status.FAILED
    assert receiver.ids == [str(row.event)] * (len(sending.PAUSES) + 1)


def test_one_that_is_put_off_for_hours_is_left_alone_until_then(
    hook: WebhookSubscription, receiver: Receiver, told: Told, broker: Broker
) -> None:
    receiver.answers = [500]
    row = tried(subscriptions.try_out(hook), told, times=len(sending.PAUSES))
    WebhookDelivery.objects.update(created_at=timezone.now() - DAY)
    broker.redis.flushall()
    assert sweep() == Swept(0, 0)
    sending.send(row.pk, told.append)
    assert len(receiver.calls) == len(sending.PAUSES)
    WebhookDelivery.objects.update(due_at=timezone.now())
    assert sweep() == Swept(1, 0)
    assert broker.sent("training") == [("deliver", str(row.pk))]


@pytest.mark.django_db(transaction=True)
def test_what_was_lost_on_its_way_is_sent_all_the_same_and_in_order(
    hook: WebhookSubscription, receiver: Receiver, told: Told
) -> None:
    """As when a worker was killed in the midst of it, and nobody heard of the others."""
    cut_off, *others = (subscriptions.try_out(hook) for _ in range(4))
    assert cut_off.claim(by="gone")
    long_ago = timezone.now() - 2 * WebhookDelivery.kind.stale_after
    WebhookDelivery.objects.filter(pk=cut_off.pk).update(claimed_at=long_ago)
    assert sweep().failed == 0
    WebhookDelivery.objects.update(due_at=None)
    tasks.deliver(str(others[-1].pk))
    wait_for(lambda: not sending._busy)
    assert receiver.ids == [str(row.event) for row in (cut_off, *others)]
    assert not WebhookDelivery.objects.exclude(status=Status.DONE).exists()


def test_a_replay_is_a_line_of_its_own_and_the_same_event(
    hook: WebhookSubscription, receiver: Receiver, told: Told
) -> None:
    row = tried(subscriptions.try_out(hook), told)
    again = tried(subscriptions.replay(row), told)
    assert receiver.ids == [str(row.event)] * 2
    assert (again.pk != row.pk, again.status) == (True, Status.DONE)


class TestHopeless:
    def test_a_receiver_that_is_gone_is_never_called_again(
        self, hook: WebhookSubscription, receiver: Receiver, told: Told
    ) -> None:
        receiver.answers = [410]
        first, second = subscriptions.try_out(hook), subscriptions.try_out(hook)
        assert tried(first, told).status == Status.FAILED
        assert (told, told[0].disabled) == ([hook], "gone")
        assert tried(second, told).error_code == "disabled"
        assert len(receiver.calls) == 1
        with pytest.raises(WebhookRefused):
            subscriptions.replay(first)
        subscriptions.enable(told[0])
        receiver.answers = [200]
        enabled = WebhookDelivery.objects.get(pk=first.pk)
        assert tried(subscriptions.replay(enabled), told).status == Status.DONE
        actions = AuditEvent.objects.filter(action__startswith="webhook.").order_by("number")
        assert list(actions.values_list("action", flat=True)) == [
            "webhook.added",
            "webhook.disabled",
            "webhook.enabled",
        ]

    @pytest.mark.parametrize(("days", "disabled"), [(2, ""), (4, "failing")])
    def test_it_is_disabled_once_nothing_got_through_for_days(
        self, hook: WebhookSubscription, receiver: Receiver, told: Told, days: int, disabled: str
    ) -> None:
        receiver.answers = [503]
        row = tried(subscriptions.try_out(hook), told, times=len(sending.PAUSES))
        since = timezone.now() - days * DAY
        WebhookSubscription.objects.update(failing_since=since)
        assert tried(row, told).status == Status.FAILED
        hook.refresh_from_db()
        assert (hook.disabled, [one.disabled for one in told]) == (disabled, [disabled] * len(told))
        assert len(told) == (days > 3)

    def test_one_that_gets_through_makes_up_for_all_before(
        self, hook: WebhookSubscription, receiver: Receiver, told: Told
    ) -> None:
        receiver.answers = [503, 200]
        tried(subscriptions.try_out(hook), told, times=2)
        hook.refresh_from_db()
        assert hook.failing_since is None

    @pytest.mark.usefixtures("mail_server")
    def test_its_owner_gets_a_mail(
        self, hook: WebhookSubscription, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("recognition.services.site.mail.send", lambda mail: mail.send())
        User.objects.update(email="ada@example.org")
        receiver.answers = [410]
        row = subscriptions.try_out(hook)
        sending.send(row.pk, tell_disabled)
        (mail,) = outbox.outbox
        assert mail.to == ["ada@example.org"]
        assert receiver.url in mail.body
        assert f"/webhooks/{hook.pk}/" in mail.body


def failure(url: str) -> str:
    with pytest.raises(CallFailed) as failed:
        calling.post(url, {}, b"{}")
    return failed.value.code


class TestTargets:
    @pytest.mark.parametrize(
        "number",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
        ],
    )
    def test_nobody_is_called_in_a_network_that_is_not_public(self, number: str) -> None:
        assert not targets.is_public(number)

    @pytest.mark.parametrize("number", ["8.8.8.8", "2a00:1450::1", "::ffff:8.8.8.8"])
    def test_all_others_are(self, number: str) -> None:
        assert targets.is_public(number)

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("http://127.0.0.1:8123/", "not_public"),
            ("http://[::ffff:127.0.0.1]/", "not_public"),
            ("ftp://door.example/", "scheme"),
            ("http://ada:secret@door.example/", "credentials"),
            ("http://", "no_address"),
            ("http://door.example:x/", "no_address"),
            ("door.example/hook", "no_address"),
            (f"http://door.example/{'a' * 500}", "too_long"),
        ],
    )
    def test_what_is_no_address_to_call_is_refused_at_once(
        self, url: str, code: str, settings: Settings
    ) -> None:
        settings.WEBHOOKS_PRIVATE = False
        with pytest.raises(TargetRefused) as refused:
            targets.checked(url)
        assert refused.value.code == code

    def test_an_address_in_other_letters_is_written_out(self) -> None:
        assert targets.checked("http://дверь.рф:81/зал#x") == (
            "http://xn--b1ade8b6c.xn--p1ai:81/%D0%B7%D0%B0%D0%BB"
        )

    def test_a_name_of_a_private_network_is_not_called(
        self, receiver: Receiver, settings: Settings
    ) -> None:
        settings.WEBHOOKS_PRIVATE = False
        assert failure(f"http://localhost:{receiver.server_port}/") == "not_public"
        assert receiver.calls == []

    def test_a_name_that_means_something_else_a_moment_later_leads_nowhere_else(
        self, receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The resolver says a public number first, and then the private one of the receiver."""
        settings.WEBHOOKS_PRIVATE = False
        answers, went = ["93.184.216.34", "127.0.0.1"], []

        def look_up(_host: str, port: int, **_: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

        def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
            went.append(address[0])
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(socket, "create_connection", connect)
        assert failure(f"http://door.example:{receiver.server_port}/") == "unreachable"
        assert (went, answers) == (["93.184.216.34"], ["127.0.0.1"])
        assert failure(f"http://door.example:{receiver.server_port}/") == "not_public"
        assert (went, receiver.calls) == (["93.184.216.34"], [])

    def test_a_name_that_is_public_and_private_at_once_is_not_called(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.WEBHOOKS_PRIVATE = False
        both = [(0, 0, 0, "", (number, 80)) for number in ("93.184.216.34", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
        assert failure("http://door.example/") == "not_public"

    def test_a_redirect_is_not_followed(
        self, hook: WebhookSubscription, receiver: Receiver, told: Told
    ) -> None:
        with receiving() as other:
            receiver.answers, receiver.location = [307], other.url
            row = tried(subscriptions.try_out(hook), told)
            assert (row.error_code, row.response_code) == ("redirected", 307)
            assert other.calls == []


class TestCalls:
    def test_nobody_there(self, receiver: Receiver) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            assert failure(f"http://127.0.0.1:{unused.getsockname()[1]}/") == "unreachable"

    def test_a_name_that_nobody_knows(self) -> None:
        assert failure("http://door.invalid/") == "unknown_host"

    def test_one_that_answers_a_byte_at_a_time_has_as_long_as_any(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calling, "TIMEOUT", 0.3)
        with dripping() as url:
            assert failure(url) == "timed_out"

    def test_the_certificate_is_looked_at_by_name_although_a_number_is_called(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(certificate(tmp_path, "door.example"))
        trusted = ssl.create_default_context(cafile=tmp_path / "door.example.pem")
        numbers: Callable[..., list[str]] = lambda *_: ["127.0.0.1"]  # noqa: E731
        monkeypatch.setattr(targets, "addresses", numbers)
        with receiving(context=served) as receiver:
            url = f"https://door.example:{receiver.server_port}/"
            assert failure(url) == "untrusted"
            monkeypatch.setattr(calling, "_trusted", lambda: trusted)
            assert calling.post(url, {}, b"{}") == 204
            assert failure(url.replace("door", "window")) == "untrusted"
            ((headers, _),) = receiver.calls
            assert headers["host"] == f"door.example:{receiver.server_port}"


def test_the_example_of_the_documentation_knows_who_calls(
    user: User, receiver: Receiver, told: Told
) -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)  # noqa: S102  (our own page)
    hook, secret = subscriptions.add(user, receiver.url, [Event.ANSWERED])
    tried(subscriptions.try_out(hook), told)
    ((headers, body),) = receiver.calls
    assert names["is_from_facesite"](secret, headers, body)
    assert not names["is_from_facesite"](secret, headers, body + b" ")
