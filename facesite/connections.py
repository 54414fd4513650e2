"""Connections that end: gunicorn bounds how long a client is silent, not how long it takes."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from gunicorn.asgi.protocol import ASGIProtocol

HEADER_SECONDS = min(20, settings.REQUEST_SECONDS)


class Connection(ASGIProtocol):  # type: ignore[misc]
    """Closes itself on a client that takes too long with its request, or to take its answer."""

    _end: asyncio.TimerHandle | None = None

    def _end_in(self, seconds: float | None) -> None:
        if self._end is not None:
            self._end.cancel()
        later = self.worker.loop.call_later
        self._end = None if seconds is None else later(seconds, self.transport.abort)

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._end_in(HEADER_SECONDS)  # those of a later request have the keep-alive time

    def _on_headers_complete(self) -> Any:
        self._end_in(settings.REQUEST_SECONDS)
        return super()._on_headers_complete()

    def _on_message_complete(self) -> None:
        self._end_in(None)
        super()._on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._end_in(settings.REQUEST_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_in(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end_in(None)
        super().connection_lost(error)
