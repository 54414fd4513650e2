"""Figures for Prometheus, which has no account: it asks from this machine or has the token."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils.crypto import constant_time_compare
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from facesite.local import is_local
from recognition.services.site.metrics import families

log = logging.getLogger(__name__)


class _Site(Collector):
    def collect(self) -> Iterable[Metric]:
        return families()


def metrics(request: HttpRequest) -> HttpResponse:
    """In the format that whoever asks can read."""
    if not (is_local(request.META) or _has_token(request)):
        log.warning("/metrics is refused: asked for from elsewhere, and without the token.")
        return HttpResponseForbidden("From this machine, or with the token.\n", "text/plain")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_Site()), content_type=content_type)


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    return bool(settings.METRICS_TOKEN) and constant_time_compare(given, expected)
