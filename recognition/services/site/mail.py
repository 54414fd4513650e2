"""Mails go out beside the request: one that writes to somebody must take no longer than one that
has nobody to write to, or its time would tell who has an account."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.core.mail import EmailMessage

log = logging.getLogger(__name__)
_postman = ThreadPoolExecutor(1, thread_name_prefix="mail")


def send(message: EmailMessage) -> None:
    _postman.submit(copy_context().run, _send, message)  # the log says whose request it was


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except OSError as error:  # of the connection, and what the server answers
        log.error("A mail was not sent: %s", error)
