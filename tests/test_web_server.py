"""The web process under clients as they are: slow, silent, gone, too much, in the middle."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.factories import PASSWORD
from tests.sites import ROOT, Site, Visitor, wait_for

LOG_IN = "/accounts/login/"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def web(make_site: Callable[..., Site]) -> Iterator[Site]:
    site = make_site().start_web()
    yield site
    site.close()


@pytest.fixture(scope="module")
def cookie(web: Site) -> str:
    return logged_in(web)


def logged_in(site: Site) -> str:
    """The header that says so."""
    visitor = Visitor(site)
    visitor.login("admin")
    session = next(cookie.value for cookie in visitor.cookies if cookie.name == "sessionid")
    return f"Cookie: sessionid={session}"


def connect(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=60)


def send_head(client: socket.socket, *lines: str, method: str = "POST") -> None:
    head = (f"{method} {LOG_IN} HTTP/1.1", "Host: 127.0.0.1", *lines, "", "")
    client.sendall("\r\n".join(head).encode())


def answer(client: socket.socket, method: str = "POST") -> HTTPResponse:
    response = HTTPResponse(client, method=method)
    response.begin()
    return response


@pytest.mark.slow
class TestABodyThatIsTooLarge:
    """The limit is that of an upload with as many photos as are allowed, each as large as is."""

    def test_one_that_says_so_is_refused_before_it_is_read(self, web: Site, cookie: str) -> None:
        with connect(web) as client:
            send_head(client, f"Content-Length: {700 * 2**20}", "Accept-Language: ru", cookie)
            client.sendall(b"x")
            refused = answer(client)
            page = refused.read().decode()
        assert refused.status == 413
        assert "Сайт не принимает столько за один раз" in page
        assert refused.headers["Connection"] == "close"
        assert "default-src 'self'" in refused.headers["Content-Security-Policy"]

    def test_one_that_does_not_is_refused_while_it_streams_in(self, web: Site, cookie: str) -> None:
        """In chunks, which announce no length. The client goes on and still reads its answer."""
        piece = b"10000\r\n" + bytes(2**16) + b"\r\n"
        with connect(web) as client:
            send_head(client, "Transfer-Encoding: chunked", "Accept-Language: en", cookie)
            for _ in range(610 * 16):
                client.sendall(piece)
            refused = answer(client)
            assert refused.status == 413
            assert "This is more than the site takes at once" in refused.read().decode()


class TestAStranger:
    """Whoever is not logged in brings no more than a form."""

    @pytest.mark.parametrize("session", ["", "Cookie: sessionid=0123456789abcdefghijklmnopqrstuv"])
    def test_is_sent_to_the_log_in_before_a_photo_is_received(
        self, web: Site, session: str
    ) -> None:
        with connect(web) as client:
            send_head(client, f"Content-Length: {2**23}", *filter(None, [session]))
            client.sendall(b"x")
            refused = answer(client)
        assert refused.status == 302
        assert refused.headers["Location"] == LOG_IN
        assert refused.headers["Connection"] == "close"

    def test_has_nothing_written_to_disk_either_that_has_no_length(self, web: Site) -> None:
        piece = b"10000\r\n" + bytes(2**16) + b"\r\n"
        with connect(web) as client:
            send_head(client, "Transfer-Encoding: chunked")
            client.sendall(piece * 4)
            assert not temporary_files(web)
            client.sendall(piece * 12)
            assert answer(client).status == 302


def test_the_answer_to_head_has_no_body(web: Site) -> None:
    with connect(web) as client:
        send_head(client, "Connection: close", method="HEAD")
        received = b"".join(iter(lambda: client.recv(2**16), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert int(re.findall(rb"(?i)content-length: (\d+)", head)[0]) > 1000
    assert body == b""


def test_a_connection_is_kept_for_the_next_request(web: Site) -> None:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
    for _ in range(2):
        connection.request("GET", LOG_IN)
        response = connection.getresponse()
        assert (response.status, response.will_close) == (200, False)
        response.read()
        assert connection.sock is not None


def test_a_body_without_a_length_is_taken(web: Site) -> None:
    """As curl sends what comes from a pipe."""
    connection = HTTPConnection("127.0.0.1", web.port, timeout=60)
    visitor = Visitor(web)
    visitor.get(LOG_IN)
    token = next(cookie.value for cookie in visitor.cookies if cookie.name == "csrftoken")
    fields = f"csrfmiddlewaretoken={token}&login=admin&password={PASSWORD}"
    headers = {"Cookie": f"csrftoken={token}", "Content-Type": FORM}
    pieces = iter([fields[:20].encode(), fields[20:].encode()])
    connection.request("POST", LOG_IN, pieces, headers, encode_chunked=True)
    assert connection.getresponse().status == 302


@pytest.mark.slow
def test_a_hundred_slow_clients_keep_nobody_from_an_answer_and_are_cut_off(
    make_site: Callable[..., Site],
) -> None:
    """Half of them are in the middle of the headers, half in that of a body."""
    site = make_site(FACESITE_REQUEST_SECONDS="10").start_web()
    with ExitStack() as open_clients:
        slow = [open_clients.enter_context(connect(site)) for _ in range(100)]
        for number, client in enumerate(slow):
            if number % 2:
                send_head(client, "Content-Length: 1000000")
            else:
                client.sendall(f"POST {LOG_IN} HTTP/1.1\r\nX-Slow: ".encode())
        assert Visitor(site).get(LOG_IN).status == 200
        assert not any(is_cut_off(client) for client in slow)
        wait_for(lambda: all(is_cut_off(client) for client in slow))
    site.close()


def is_cut_off(client: socket.socket) -> bool:
    """Whether a client that sends one byte more is still listened to."""
    client.setblocking(False)
    try:
        client.send(b"x")
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.slow
def test_who_waits_for_an_answer_keeps_no_thread(web: Site) -> None:
    """More of them than there are threads, of a site whose worker is away."""
    secret = web.manage("token", "admin", "--scope", "identify").splitlines()[-1]
    photo = (ROOT / "demo" / "photos" / "strangers" / "1.jpg").read_bytes()
    body = encode_multipart(BOUNDARY, {"photos": SimpleUploadedFile("1.jpg", photo)})
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": MULTIPART_CONTENT}
    waiting = [HTTPConnection("127.0.0.1", web.port, timeout=60) for _ in range(10)]
    for one in waiting:
        one.request("POST", "/api/v1/identifications?wait=5", body, headers)
    wait_for(lambda: _uploads(web, headers) == len(waiting))
    assert {one.getresponse().status for one in waiting} == {202}


def _uploads(site: Site, headers: dict[str, str]) -> int:
    """Those that are there, asked while others wait: nobody may be kept from an answer by them."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=3)
    connection.request("GET", "/api/v1/identifications", headers=headers)
    return len(json.loads(connection.getresponse().read())["items"])


@pytest.mark.slow
def test_a_client_that_does_not_take_its_answer_is_cut_off(make_site: Callable[..., Site]) -> None:
    site = make_site(FACESITE_REQUEST_SECONDS="2").start_web()
    page = Visitor(site).get(LOG_IN).text
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**12)
        client.connect(("127.0.0.1", site.port))
        asked = f"GET {style} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        client.sendall(asked * 300)
        web = site.processes()[-1]
        wait_for(lambda: [one for one in web.net_connections() if one.status == "ESTABLISHED"])
        wait_for(lambda: not [one for one in web.net_connections() if one.status == "ESTABLISHED"])
    site.close()


def test_a_client_that_goes_away_leaves_nothing(web: Site, cookie: str) -> None:
    with connect(web) as client:
        send_head(client, f"Content-Length: {2**23}", cookie)
        client.sendall(bytes(2**22))
        wait_for(lambda: temporary_files(web))
    wait_for(lambda: not temporary_files(web))


def temporary_files(site: Site) -> list[str]:
    """Those that the web process holds open in the folder for uploads; they have no names."""
    folder = str(site.data_dir / "tmp")
    found = []
    for process in site.processes():
        for handle in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                target = str(handle.readlink())
            except OSError:
                continue
            found += [target] if target.startswith(folder) else []
    return found


@pytest.mark.slow
def test_a_stop_waits_for_a_request_that_is_coming_in(make_site: Callable[..., Site]) -> None:
    site = make_site().start_web()
    cookie = logged_in(site)
    with connect(site) as client:
        send_head(client, f"Content-Length: {2**20}", f"Content-Type: {FORM}", cookie)
        client.sendall(b"login=" + bytes(2**19))
        wait_for(lambda: temporary_files(site))
        site.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not site.listens())
        client.sendall(bytes(2**19 - len(b"login=")))
        assert answer(client).status == 403  # there was no CSRF token among what was sent
    assert site.process.wait(timeout=60) == 0


def test_what_is_no_http_is_refused(web: Site) -> None:
    with connect(web) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert answer(client).status == 400
    assert Visitor(web).get(LOG_IN).status == 200
