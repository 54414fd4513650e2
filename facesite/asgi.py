"""The site as gunicorn asks it: connections on one event loop, Django in a few threads.

A request is received to its end before a thread is taken for it, and an answer is complete before
the first byte of it is sent. So a slow client holds a socket and at most a temporary file, and
nobody waits for it. Django itself is asked over WSGI: its ASGI handler would take a new thread,
with a new connection to the database, for every request.
"""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.db import DatabaseError
from gunicorn.workers import gasgi

from facesite import counting, pulse, space, waiting
from facesite.bodies import NOT_NOW, STRANGERS_BYTES, TOO_LARGE, allowed
from facesite.connections import Connection
from facesite.local import FORWARDED
from facesite.wsgi import application as django
from ml.errors import DISK_FULL
from recognition.services.site import tokens

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
File = SpooledTemporaryFile[bytes]
Answer = tuple[int, list[tuple[bytes, bytes]], File]

MEMORY_BYTES = STRANGERS_BYTES  # of a body or an answer; a longer one lies on disk
WITHOUT_DISK_BYTES = 2**24  # photos can be looked at on a disk that is full
PIECE_BYTES = 2**16
LINGER_SECONDS = 20  # for the rest of a body that has been refused

gasgi.ASGIProtocol = Connection  # there is no setting for the class of connections
pulse.begin("web")
counting.begin()
threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="request")


class ClientGone(Exception):
    """Nobody is left to be answered."""


class BodyTooLarge(Exception):
    """The body is, or says that it will be, over this limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":  # the site has no web sockets
        return await send({"type": "websocket.close"})
    environ = environment(scope)
    loop = asyncio.get_running_loop()
    in_thread = partial(loop.run_in_executor, threads)
    ask_limit = partial(in_thread, allowed, environ, tokens.opens)
    body: File | None = None
    try:
        body = await receive_body(receive, int(environ.get("CONTENT_LENGTH") or 0), ask_limit)
    except ClientGone:
        return None
    except BodyTooLarge as error:
        environ[TOO_LARGE] = error.limit
    except DatabaseError:  # nobody can say whose body it is
        environ[NOT_NOW] = 503
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        environ[NOT_NOW] = 507
    refused = body is None
    asking = partial(ask_django, environ, body or temporary_file())
    status, headers, answer = await in_thread(asking)
    if later := await waiting.fuller(environ, in_thread):
        status, answer = replaced(answer, headers, later)
    if refused:
        headers.append((b"connection", b"close"))
    await send_answer(send, status, headers, answer)
    if refused:
        await receive_rest(receive)
    return None


def environment(scope: Message) -> dict[str, Any]:
    """What PEP 3333 wants to know of a request, without its body."""
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    forwarded = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")
        if key.startswith(("X_FORWARDED", "FORWARDED")):
            forwarded[key] = text
            continue
        key = key if key in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ[FORWARDED] = bool(forwarded or {"HTTP_VIA", "HTTP_X_REAL_IP"} & environ.keys())
    return environ | (told_by_proxy(forwarded) if settings.HTTPS else {})


def told_by_proxy(forwarded: dict[str, str]) -> dict[str, str]:
    """HTTPS ends at a proxy in front of this process: only then are its headers believed.

    Of a list of clients it is the last that this proxy has seen itself.
    """
    told = {}
    if client := forwarded.get("X_FORWARDED_FOR", "").rpartition(",")[2].strip():
        told["REMOTE_ADDR"] = client
    if forwarded.get("X_FORWARDED_PROTO", "").strip().lower() == "https":
        told["wsgi.url_scheme"] = "https"
    return told


def temporary_file(in_memory: int = MEMORY_BYTES) -> File:
    return SpooledTemporaryFile(in_memory, dir=str(settings.FILE_UPLOAD_TEMP_DIR))


async def receive_body(
    receive: Receive, announced: int, ask_limit: Callable[[], Awaitable[int]]
) -> File:
    """The whole body. Whose it is is asked once it is more than anybody may send."""
    limit = STRANGERS_BYTES if announced <= STRANGERS_BYTES else await ask_limit()
    if announced > limit:
        raise BodyTooLarge(limit)
    if announced > MEMORY_BYTES and not space.is_there(announced):
        raise OSError(errno.ENOSPC, "no room for the body of a request")
    body = temporary_file()
    try:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            size = body.tell() + len(message["body"])
            if size > limit == STRANGERS_BYTES:
                limit = await ask_limit()
            if size > limit:
                raise BodyTooLarge(limit)
            body.write(message["body"])
            more = message["more_body"]
    except BaseException:
        body.close()
        raise
    return body


def ask_django(environ: dict[str, Any], body: File) -> Answer:
    """In a thread. The length is counted: a body in chunks does not announce it."""
    answer = temporary_file() if space.is_there() else temporary_file(WITHOUT_DISK_BYTES)
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_error: Any) -> Any:
        head[:] = status, headers

    with body:
        environ |= {"CONTENT_LENGTH": str(body.tell()), "wsgi.input": body}
        body.seek(0)
        with closing(django(environ, start_response)) as chunks:
            for chunk in chunks if environ["REQUEST_METHOD"] != "HEAD" else ():
                answer.write(chunk)
    status, headers = head
    answer.seek(0)
    encoded = [(name.encode("latin-1"), text.strip().encode("latin-1")) for name, text in headers]
    return int(status[:3]), encoded, answer


def replaced(answer: File, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, File]:
    """A fuller answer in the place of the first one, with its headers."""
    answer.close()
    length = (b"content-length", str(len(body)).encode())
    headers[:] = [header for header in headers if header[0].lower() != length[0]] + [length]
    fuller = temporary_file(WITHOUT_DISK_BYTES)
    fuller.write(body)
    fuller.seek(0)
    return 200, fuller


async def send_answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], answer: File
) -> None:
    with answer:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        while piece := answer.read(PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def receive_rest(receive: Receive) -> None:
    """Take what the client still sends: closing now would tear its answer from its hands."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
