"""A call to somebody else's server, of whom nothing good is expected: it may be slow on purpose,
lead elsewhere, or be another by the time it is called."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cache
from time import monotonic
from typing import Any, Final

import httpcore

from recognition.services.webhooks import targets
from recognition.services.webhooks.targets import TargetRefused

TIMEOUT: Final = 10.0
"""Seconds from the look at the name of the host to the first line of the answer."""
_LEAST: Final = 0.001

TIMED_OUT, UNREACHABLE, UNTRUSTED, NO_ANSWER = "timed_out", "unreachable", "untrusted", "no_answer"


class CallFailed(Exception):
    """Nothing was answered; `recognition.messages.webhooks` has the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """What is answered, as a status. What else is answered is not read, and goes nowhere: neither
    to the owner of the webhook, who may not look into that server, nor where it redirects to.

    Raises:
        CallFailed: nothing was answered, or nobody may be asked there.
    """
    sent, network = list(headers.items()), _Checked(monotonic() + TIMEOUT)
    pool = httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=network)
    try:
        with pool, pool.stream("POST", url, headers=sent, content=body) as response:
            return response.status
    except TargetRefused as refused:
        raise CallFailed(refused.code) from refused
    except httpcore.TimeoutException as error:
        raise CallFailed(TIMED_OUT) from error
    except httpcore.ConnectError as error:
        untrusted = isinstance(error.__context__, ssl.SSLError)  # the pool drops its cause
        raise CallFailed(UNTRUSTED if untrusted else UNREACHABLE) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise CallFailed(NO_ANSWER) from error


@cache
def _trusted() -> ssl.SSLContext:
    """Whom the machine trusts; SSL_CERT_FILE adds an authority of one's own."""
    return ssl.create_default_context()


class _Checked(httpcore.NetworkBackend):
    """Asks once what a name means, and goes there if that is allowed. The name itself is kept for
    the certificate and the request."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        numbers = targets.addresses(host, port)
        for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
            share = _time_left(self._until) / left
            try:
                return _Bounded(self._plain.connect_tcp(number, port, share), self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if left == 1:
                    raise
        raise TargetRefused("unknown_host")


class _Bounded(httpcore.NetworkStream):
    """A connection that is over at one moment, however little comes at a time."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _time_left(self._until)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _time_left(until: float) -> float:
    return max(_LEAST, until - monotonic())
