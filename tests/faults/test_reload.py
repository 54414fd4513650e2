"""New code or settings under load: nobody's request is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from threading import Event

import psutil
import pytest

from tests.sites import Site, wait_for

CLIENTS = 4
LOG_IN = "/accounts/login/"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Iterator[Site]:
    site = make_site().start()
    yield site
    site.close()


def child_of_the_web(site: Site) -> psutil.Process | None:
    children = psutil.Process(site.pid_of("web")).children()
    return children[-1] if children else None


class Client:
    """Asks for a page again and again: over a connection of its own, or over one that it keeps."""

    def __init__(self, site: Site, *, keeps: bool) -> None:
        self.site, self.keeps = site, keeps
        self.answered: list[int] = []
        self.lost: list[str] = []

    def run(self, over: Event) -> None:
        connection = self._connect()
        while not over.is_set():
            if not self.keeps:
                connection = self._connect()
            try:
                self._ask(connection)
            except RemoteDisconnected as error:
                # A connection that idles may be closed just as somebody asks over it. Browsers then
                # ask once more over a new one: RFC 9112, 9.3.1.
                if not self.keeps:
                    self.lost.append(repr(error))
                connection = self._connect()
            except (OSError, HTTPException) as error:
                self.lost.append(repr(error))
                connection = self._connect()

    def _ask(self, connection: HTTPConnection) -> None:
        connection.request("GET", LOG_IN)
        response = connection.getresponse()
        response.read()
        self.answered.append(response.status)

    def _connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.site.port, timeout=120)


@pytest.mark.parametrize("whom", ["web", "the supervisor"])
def test_a_reload_loses_no_request(site: Site, whom: str) -> None:
    before, over = wait_for(lambda: child_of_the_web(site)), Event()
    clients = [Client(site, keeps=bool(number % 2)) for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as threads:
        running = [threads.submit(client.run, over) for client in clients]
        try:
            wait_for(lambda: all(client.answered for client in clients))
            os.kill(site.pid_of("web") if whom == "web" else site.process.pid, signal.SIGHUP)
            wait_for(lambda: child_of_the_web(site) not in {None, before}, 120)
            wait_for(lambda: not before.is_running(), 120)
            seen = [len(client.answered) for client in clients]
            wait_for(
                lambda: all(
                    len(client.answered) > count + 5
                    for client, count in zip(clients, seen, strict=True)
                ),
                120,
            )
        finally:
            over.set()
        for one in running:
            one.result()
    assert [client.lost for client in clients] == [[]] * CLIENTS
    assert {status for client in clients for status in client.answered} == {200}
    assert not site.has_ended()


def test_a_process_that_answers_and_dies_is_replaced_without_the_site(site: Site) -> None:
    before, web = wait_for(lambda: child_of_the_web(site)), site.pid_of("web")
    before.kill()
    wait_for(lambda: child_of_the_web(site) not in {None, before}, 120)
    client = Client(site, keeps=False)
    over = Event()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(client.run, over)
        wait_for(lambda: client.answered, 120)
        over.set()
        running.result()
    assert client.lost == []
    assert (site.pid_of("web"), site.has_ended()) == (web, False)
