"""More photos a second than a site can answer: what becomes of those, and of the queue."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, Final

from django.db.models import F, Max
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from recognition.management.benchmarking.site import Site, inside
from recognition.management.visitor import Visitor
from recognition.models import Identification

QUEUED: Final = re.compile(
    r'^facesite_queue_length\{[^}]*work="identification"[^}]*\} (\S+)$', re.M
)
LOOK_EVERY: Final = 0.5
PATIENCE: Final = 300
"""Seconds until the queue has to be empty again."""


def offered(
    site: Site, visitors: Sequence[Visitor], photo: bytes, *, rate: float, seconds: float
) -> dict[str, Any]:
    """Have the visitors send so many photos a second together for a while, and wait for none."""
    since, began = timezone.now().isoformat(), time.perf_counter()
    pause, number = len(visitors) / rate, round(rate * seconds / len(visitors))
    with ThreadPoolExecutor(len(visitors)) as threads:
        sent = threads.map(_send, visitors, repeat(photo), repeat(pause), repeat(number))
        statuses = [status for own in sent for status in own]
    sending = time.perf_counter() - began
    longest = _queued(site)
    until = began + sending + PATIENCE
    while _queued(site) and time.perf_counter() < until:
        time.sleep(LOOK_EVERY)
    accepted = statuses.count(200)
    return {
        "wanted_per_second": rate,
        "sent_per_second": len(statuses) / sending,
        "accepted": accepted,
        "refused": len(statuses) - accepted,
        "queue": longest,
        "drained_s": time.perf_counter() - began - sending,
        **inside(site.data_dir, outcome, since),
    }


def outcome(since: str) -> dict[str, Any]:
    """Called within the site: of the photos since then how many have an answer, and the longest
    time that one had to wait for it."""
    rows = Identification.objects.filter(created_at__gte=parse_datetime(since))
    done = rows.filter(status="done")
    longest = done.aggregate(longest=Max(F("finished_at") - F("created_at")))["longest"]
    return {"answered": done.count(), "longest_wait_s": longest.total_seconds() if longest else 0.0}


def _send(visitor: Visitor, photo: bytes, pause: float, number: int) -> list[int]:
    began = time.perf_counter()
    statuses = []
    for turn in range(number):
        time.sleep(max(0.0, began + turn * pause - time.perf_counter()))
        statuses.append(visitor.upload([photo]).status)
    return statuses


def _queued(site: Site) -> int:
    """How many photos wait or are worked on, as the site tells Prometheus."""
    text = Visitor(site.port).get("/metrics").text
    return round(sum(float(number) for number in QUEUED.findall(text)))
