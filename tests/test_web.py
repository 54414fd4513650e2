from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from facesite.asgi import environment
from tests.sites import Site

PUBLIC_NAME = "faces.example.org"


@pytest.mark.django_db
def test_pages_load_scripts_and_styles_from_this_site_only(client: Client) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_only_the_admin_may_run_inline_scripts(client: Client) -> None:
    policy = client.get("/admin/").headers["Content-Security-Policy"]
    assert "default-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy


def test_of_the_addresses_that_a_request_claims_only_that_which_the_proxy_saw_counts(
    settings: Settings,
) -> None:
    scope = {
        "method": "GET",
        "raw_path": b"/",
        "query_string": b"",
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.1", 40000),
        "headers": [
            (b"x-forwarded-for", b"192.0.2.6, 192.0.2.1"),
            (b"forwarded", b"for=192.0.2.7"),
        ],
    }
    settings.HTTPS = True
    assert environment(scope)["REMOTE_ADDR"] == "192.0.2.1"
    settings.HTTPS = False
    assert environment(scope)["REMOTE_ADDR"] == "10.0.0.1"


@pytest.mark.django_db
def test_nobody_between_keeps_a_page_and_only_the_camera_is_asked_for(client: Client) -> None:
    for path in ("/accounts/login/", "/nothing/", "/history/"):
        headers = client.get(path).headers
        assert "private" in headers["Cache-Control"]
        assert "no-store" in headers["Cache-Control"]
        assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")


@pytest.fixture(scope="module")
def public(make_site: Callable[..., Site]) -> Iterator[Site]:
    """The web process of a site with a public name, to which a proxy that ends HTTPS would forward
    requests."""
    site = make_site(FACESITE_HOSTS=PUBLIC_NAME).start_web()
    yield site
    site.close()


def ask(site: Site, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers={"Host": PUBLIC_NAME} | named)
    return connection.getresponse()


def test_a_public_site_insists_on_https(public: Site) -> None:
    response = ask(public, "/accounts/login/")
    assert response.status == 301
    assert response.headers["Location"] == f"https://{PUBLIC_NAME}/accounts/login/"


def test_a_public_site_believes_its_proxy_about_https(public: Site) -> None:
    response = ask(public, "/accounts/login/", X_Forwarded_Proto="https", X_Forwarded_For="1.2.3.4")
    assert response.status == 200
    assert "Secure" in response.headers["Set-Cookie"]
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]


def test_another_host_name_is_refused(public: Site) -> None:
    assert ask(public, "/", Host="evil.example", X_Forwarded_Proto="https").status == 400


def test_static_files_are_compressed_and_kept_for_ever(public: Site) -> None:
    page = ask(public, "/accounts/login/", X_Forwarded_Proto="https").read().decode()
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    response = ask(public, path, X_Forwarded_Proto="https", Accept_Encoding="gzip")
    assert response.status == 200
    assert response.headers["Content-Encoding"] == "gzip"
    assert "immutable" in response.headers["Cache-Control"]
