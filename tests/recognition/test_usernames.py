"""Nobody can take a name that is easily read as somebody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from recognition.models import User
from recognition.models.accounts import looks_like_nobody_else
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _known() -> None:
    for name in ("admin", "paul", "Zoe", "вова"):
        make_user("user", username=name)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("аdmin", "mixed_scripts"),  # a Cyrillic а
        ("ａｄｍｉｎ", "odd_letters"),
        ("ﬁona", "odd_letters"),
        ("-", "bad_start"),
        ("+", "bad_start"),
        ("_admin", "bad_start"),
        ("ADMIN", "alike"),
        ("pau1", "alike"),
        ("zоe", "mixed_scripts"),
        ("ΖΟΕ", "alike"),  # all of it Greek
        ("ВОВА", "alike"),
        ("BOBA", "alike"),  # Latin
    ],
)
def test_a_name_that_could_be_taken_for_anothers_is_refused(name: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        looks_like_nobody_else(name)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "name", ["ada", "анна", "anna-2", "Мария.К", "田中さくら", "김민준", "admin"]
)
def test_other_names_are_taken_in_any_script(name: str) -> None:
    looks_like_nobody_else(name)


def test_nobody_signs_up_under_such_a_name(client: Client) -> None:
    for name in ("аdmin", "ａｄｍｉｎ", "pau1", "+"):
        form = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
        assert client.post(reverse("account_signup"), form).status_code == 200
        assert not User.objects.filter(username=name).exists()


def test_nor_is_one_given_out_in_the_administration(login: Callable[[User], Client]) -> None:
    administrator = make_user("operator", is_superuser=True)
    form = {"username": "pau1", "password1": PASSWORD, "password2": PASSWORD}
    response = login(administrator).post(reverse("admin:recognition_user_add"), form)
    assert "This username looks like that of another account." in response.content.decode()
