from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sites import python

SHOW = """
import json, sys
from facesite import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def read(*names: str, **environment: str) -> dict[str, Any]:
    """Settings as a fresh process reads them from its environment."""
    done = load(*names, **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def load(*names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Of a site on SQLite, also where the tests themselves use another database."""
    return python("-c", SHOW, *names, **{"DATABASE_URL": "", **environment})


def test_without_a_public_name_only_this_machine_is_answered_over_plain_http() -> None:
    found = read("ALLOWED_HOSTS", "HOST", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "DEBUG")
    assert found == {
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
        "HOST": "127.0.0.1",
        "SECURE_SSL_REDIRECT": False,
        "SESSION_COOKIE_SECURE": False,
        "DEBUG": False,
    }


def test_with_a_public_name_everything_goes_through_https() -> None:
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    found = read(*names, "SECURE_HSTS_SECONDS", FACESITE_HOSTS="faces.example.org")
    assert all(found[name] is True for name in names)
    assert found["SECURE_HSTS_SECONDS"] > 0


def test_whoever_finds_a_public_site_opens_no_account_unless_it_is_said_so() -> None:
    name = {"FACESITE_HOSTS": "faces.example.org"}
    assert read("SIGNUP_OPEN") == {"SIGNUP_OPEN": True}
    assert read("SIGNUP_OPEN", **name) == {"SIGNUP_OPEN": False}
    assert read("SIGNUP_OPEN", **name, FACESITE_SIGNUP="true") == {"SIGNUP_OPEN": True}
    assert read("SIGNUP_OPEN", AMVERA="1", PORT="8000") == {"SIGNUP_OPEN": False}


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"PORT": "8010"}, "http://localhost:8010"),
        ({"FACESITE_HOSTS": ".example.org, faces.example.org"}, "https://faces.example.org"),
        ({"FACESITE_HOSTS": "faces.lan", "FACESITE_HTTPS": "no"}, "http://faces.lan"),
        ({"FACESITE_HOSTS": "a.org", "FACESITE_URL": "https://b.org/"}, "https://b.org"),
        ({"AMVERA": "1"}, ""),
    ],
)
def test_the_site_knows_its_own_address(environment: dict[str, str], address: str) -> None:
    assert read("SITE_URL", **environment) == {"SITE_URL": address}


def test_on_amvera_nothing_has_to_be_set() -> None:
    found = read("HOST", "PORT", "ALLOWED_HOSTS", "HTTPS", AMVERA="1", PORT="8000")
    assert found["HOST"] == "0.0.0.0"  # noqa: S104
    assert found["PORT"] == 8000
    assert ".amvera.io" in found["ALLOWED_HOSTS"]
    assert found["HTTPS"] is True


@pytest.mark.parametrize("name", ["project-user.amvera.io", "project.user.amvera.io"])
def test_both_kinds_of_names_on_amvera_are_allowed(name: str) -> None:
    from django.http.request import validate_host

    assert validate_host(name, read("ALLOWED_HOSTS", AMVERA="1")["ALLOWED_HOSTS"])


def test_everything_lies_under_the_data_folder(tmp_path: Path) -> None:
    places = ("MODELS_DIR", "MEDIA_ROOT", "STATIC_ROOT", "BROKER_SOCKET", "FILE_UPLOAD_TEMP_DIR")
    found = read(*places, DATA_DIR=str(tmp_path))
    assert all(Path(place).is_relative_to(tmp_path) for place in found.values())


def test_the_visibility_timeout_is_set_in_all_three_places_and_above_every_limit() -> None:
    from django.conf import settings

    timeouts = {
        settings.CELERY_VISIBILITY_TIMEOUT,
        settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"],
        settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS["visibility_timeout"],
    }
    (timeout,) = timeouts
    # One message in hand and one that waits behind it; and what is lost comes back within minutes.
    assert 2 * settings.CELERY_TASK_TIME_LIMIT < timeout < 600


def test_postgresql_and_redis_are_used_when_they_are_named() -> None:
    found = read(
        "DATABASES",
        "CELERY_BROKER_URL",
        DATABASE_URL="postgres://me:pw@db.example:5433/faces",
        REDIS_URL="redis://redis.example:6379/1",
    )
    database = found["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "faces")
    assert found["CELERY_BROKER_URL"] == "redis://redis.example:6379/1"


def test_verification_mail_is_asked_for_only_when_mail_can_be_sent() -> None:
    assert read("ACCOUNT_EMAIL_VERIFICATION") == {"ACCOUNT_EMAIL_VERIFICATION": "none"}
    found = read("ACCOUNT_EMAIL_VERIFICATION", EMAIL_URL="smtps://u:p@mail.example")
    assert found == {"ACCOUNT_EMAIL_VERIFICATION": "mandatory"}


def test_mails_without_an_address_to_link_to_stop_the_site_with_a_sentence() -> None:
    failed = load(AMVERA="1", EMAIL_URL="smtps://u:p@mail.example")
    assert failed.returncode != 0
    assert "set FACESITE_URL too" in failed.stderr


def test_a_value_that_is_not_understood_stops_the_site_with_a_sentence() -> None:
    failed = load(FACESITE_SIGNUP="maybe")
    assert failed.returncode != 0
    assert "FACESITE_SIGNUP must be true or false, but it is 'maybe'." in failed.stderr


def test_the_language_of_commands_and_of_pages_that_ask_for_none_can_be_chosen() -> None:
    assert read("LANGUAGE_CODE") == {"LANGUAGE_CODE": "en"}
    assert read("LANGUAGE_CODE", FACESITE_LANGUAGE="ru") == {"LANGUAGE_CODE": "ru"}
    assert "en or ru" in load("LANGUAGE_CODE", FACESITE_LANGUAGE="de").stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "set DATABASE_URL too"), ({"FACESITE_ENCRYPT": "1"}, "without FACESITE_ENCRYPT")],
)
def test_a_gallery_in_postgresql_is_refused_where_it_cannot_be(
    environment: dict[str, str], said: str
) -> None:
    database = {"DATABASE_URL": "postgres://db.example/faces"} if environment else {}
    failed = load("GALLERY_BACKEND", GALLERY_BACKEND="pgvector", **database, **environment)
    assert failed.returncode != 0
    assert said in failed.stderr
