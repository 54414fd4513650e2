"""Addresses typed or changed by hand get a page and never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from recognition.models import User
from tests.factories import make_user

Login = Callable[[User], Client]
ODD = ("x", "-1", "9" * 20, str(2**63), "\x00", "é", "0001-01-01", "9999-12-31", "1,2,x", "[]")
REVIEW = ("order", "review", "decision", "person", "since", "until", "after", "done", "q")
HISTORY = ("since", "until", "person", "outcome", "page")
ALWAYS = ("q", "p", "o", "e", "id__in", "user__exact", "person__exact")


@pytest.fixture
def administrator(db: None) -> User:
    return make_user("operator", "reviewer", is_superuser=True)


@pytest.fixture
def crashes(administrator: User, login: Login) -> Callable[..., bool]:
    client = login(administrator)
    client.raise_request_exception = False

    def ask(address: str, **query: str) -> bool:
        return client.get(address, query).status_code >= 500

    return ask


def changelist(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def filters(model: type[Model], administrator: User) -> set[str]:
    """Every parameter of every filter of a list."""
    request = cast(Any, RequestFactory().get(changelist(model)))
    request.user = administrator
    found = admin.site._registry[model].get_changelist_instance(request).filter_specs
    return {str(name) for one in found for name in one.expected_parameters() or ()}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_the_history_takes_any_filter(
    crashes: Callable[..., bool], settings: Settings, zone: str
) -> None:
    settings.TIME_ZONE = zone
    asked = [(name, value) for name in HISTORY for value in ODD]
    assert [one for one in asked if crashes(reverse("history"), **dict([one]))] == []


def test_the_review_takes_any_filter(crashes: Callable[..., bool]) -> None:
    asked = [
        (path, name, value)
        for path in ("review", "review_grid", "review_people")
        for name in REVIEW
        for value in ODD
    ]
    assert [one for one in asked if crashes(reverse(one[0]), **{one[1]: one[2]})] == []


@pytest.mark.slow
def test_every_list_of_the_administration_takes_any_filter(
    crashes: Callable[..., bool], administrator: User
) -> None:
    reverse("admin:index")  # loads the modules that register themselves
    asked = [
        (changelist(model), name, value)
        for model in admin.site._registry
        for name in sorted(filters(model, administrator).union(ALWAYS))
        for value in ODD
    ]
    assert len(asked) > 500
    assert [one for one in asked if crashes(one[0], **{one[1]: one[2]})] == []


@pytest.mark.parametrize("key", ["1", "x", "9" * 20])
def test_no_link_to_the_site_crashes(crashes: Callable[..., bool], key: str) -> None:
    kinds = ContentType.objects.values_list("pk", flat=True)
    assert [kind for kind in kinds if crashes(f"/admin/r/{kind}/{key}/")] == []
