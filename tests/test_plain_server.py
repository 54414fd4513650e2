"""The files of `deploy/` as they are: nginx in front of a real site, units checked by systemd."""

from __future__ import annotations

import getpass
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import ROOT, Site, Visitor, free_port, wait_for

PHOTO = (ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg").read_bytes()
DEPLOY = ROOT / "deploy"
PYTHON = "/srv/facesite/.venv/bin/python "
NAME = "faces.example.org"
TOO_MUCH = 700 * 2**20
WHOLE = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; user {user};
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""


def command(unit: str) -> str:
    """What a unit starts, without the Python that it starts it with."""
    return said(unit, "ExecStart").removeprefix(PYTHON)


def said(unit: str, name: str) -> str:
    lines = (DEPLOY / "systemd" / f"{unit}.service").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name}=")).removeprefix(f"{name}=")


def test_units_and_compose_start_and_stop_the_same_parts() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for unit, service in (("web", "web"), ("worker", "worker"), ("training", "trainer")):
        theirs = services[service]["command"].removeprefix("python ")
        assert shlex.split(command(f"facesite-{unit}")) == shlex.split(
            theirs if theirs.startswith("-m") else f"-m {theirs}"
        )
        assert (
            services[service]["stop_grace_period"]
            == said(f"facesite-{unit}", "TimeoutStopSec") + "s"
        )
    assert command("facesite") == "manage.py up"


@pytest.mark.slow
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """With this Python in the place of the one that is at home in /srv/facesite."""
    units = shutil.copytree(DEPLOY / "systemd", tmp_path / "units")
    for unit in units.glob("*.service"):
        unit.write_text(unit.read_text().replace(PYTHON, f"{sys.executable} "))
    checked = run(program("systemd-analyze"), "verify", *map(str, sorted(units.iterdir())))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}: apt-get install nginx openssl systemd")
    return found


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    """As behind a proxy, on the port that `deploy/nginx` asks."""
    site = make_site(FACESITE_HOSTS=NAME).start()
    site.make_user("visitor", "user")
    return site


@pytest.fixture(scope="module")
def nginx(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Its port, in front of that site: other ports, and a certificate of its own."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    certificate(folder)
    config = (DEPLOY / "nginx" / "facesite.conf").read_text()
    for there, here in (
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("127.0.0.1:8000", f"127.0.0.1:{site.port}"),
        (f"/etc/letsencrypt/live/{NAME}", str(folder)),
    ):
        assert there in config
        config = config.replace(there, here)
    (folder / "site.conf").write_text(config)
    user = f"{getpass.getuser()} {getpass.getuser()}"
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, user=user))
    with subprocess.Popen([program("nginx"), "-c", str(folder / "nginx.conf")]) as process:
        wait_for(partial(listens, port))
        yield port
        process.terminate()


def certificate(folder: Path) -> None:
    """One that nobody has signed."""
    files = ("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem"))
    kind = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}")
    assert run(program("openssl"), *kind, *files).returncode == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Here(HTTPSConnection):
    """To nginx on this machine, whatever the name and whoever has signed it."""

    def __init__(self, host: str, *, at: int, **options: Any) -> None:
        super().__init__(host, context=ssl._create_unverified_context(), **options)  # noqa: S323
        self.at = at

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.at), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]


class ByName(HTTPSHandler):
    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def https_open(self, request: Request) -> Any:
        return self.do_open(partial(Here, at=self.port), request)


class FromOutside(Visitor):
    """Comes by the public name, over HTTPS, and says that it comes from elsewhere."""

    def __init__(self, site: Site, port: int) -> None:
        super().__init__(site)
        self.url = f"https://{NAME}"
        self._opener = build_opener(ByName(port), HTTPCookieProcessor(self.cookies))
        self._opener.addheaders = [("X-Forwarded-For", "203.0.113.9"), ("Referer", self.url)]


@pytest.fixture(scope="module")
def visitor(site: Site, nginx: int) -> Visitor:
    visitor = FromOutside(site, nginx)
    visitor.login("visitor")
    return visitor


@pytest.mark.slow
def test_a_large_photo_that_comes_through_nginx_is_answered(visitor: Visitor) -> None:
    large = SimpleUploadedFile("large.jpg", PHOTO + bytes(25 * 2**20))
    page = visitor.post("/", {"photos": large})
    assert page.url.startswith(f"https://{NAME}/")
    wait_for(lambda: 'class="decision"' in visitor.get(page.url).text)


@pytest.mark.slow
def test_a_photo_that_is_too_large_gets_a_page_of_the_site(visitor: Visitor) -> None:
    page = visitor.post("/", {"photos": SimpleUploadedFile("huge.jpg", PHOTO + bytes(31 * 2**20))})
    assert "MB; the limit is" in page.text


@pytest.mark.slow
def test_what_no_form_can_have_is_refused_by_nginx(nginx: int) -> None:
    connection = Here(NAME, at=nginx, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(TOO_MUCH))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.slow
def test_static_files_may_be_kept_for_good(visitor: Visitor) -> None:
    style = visitor.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = visitor.get(style)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.slow
def test_where_somebody_comes_from_is_what_nginx_saw(visitor: Visitor, site: Site) -> None:
    """And not what they say of themselves: attempts to log in are limited by address."""
    ask = "from allauth.usersessions.models import UserSession as S"
    told = site.manage(
        "shell", "-v0", "-c", f"{ask}; print(*S.objects.values_list('ip', flat=True))"
    )
    assert told.split() == ["127.0.0.1"]


@pytest.mark.slow
def test_figures_are_not_passed_on(visitor: Visitor) -> None:
    assert visitor.get("/metrics").status == 404
