"""The status page, in plain words and with what mends a trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from facesite import space
from recognition.models import ModelVersion, User
from recognition.services.work import broker

Login = Callable[[User], Client]


def page(client: Client) -> str:
    return client.get(reverse("status")).content.decode()


def test_everything_that_is_missing_is_named_with_its_mending_command(
    operator: User, login: Login
) -> None:
    shown = page(login(operator))
    assert "Something needs fixing" in shown
    assert "<code>python manage.py install_model</code>" in shown
    assert "The broker cannot be reached." in shown
    assert "<code>python manage.py up</code>" in shown
    assert "No worker answers." in shown
    assert "Nobody is enrolled yet." in shown
    assert "python manage.py enrol" in shown


def test_a_site_in_order_says_so(
    operator: User, login: Login, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.services.versions.registry.problem", lambda: None)
    monkeypatch.setattr(broker, "waiting_messages", lambda _queue, **_: 0)
    monkeypatch.setattr(broker, "a_worker_answers", lambda: True)
    shown = page(login(operator))
    assert "The site is working." in shown
    assert "stripes is in service and its files are sound." in shown
    assert "A worker is ready." in shown
    assert "No photo is waiting." in shown


def test_a_disk_that_runs_full_is_told_in_time(
    operator: User, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "LOW", 1 << 80)
    assert "Photos can no longer be stored when it is full." in page(login(operator))
