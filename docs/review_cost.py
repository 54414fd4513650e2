"""What the site does for a reviewer, with 50,000 faces to review: `python docs/review_cost.py`.

The demo photos are answered once, their rows copied; then each request is asked by Django's test
client, in one process, all middleware included. Medians and the slowest of twenty in processor
time, which does not depend on what else the machine does. No part of the product: nothing imports
it.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings", "DATA_DIR": FOLDER.name}

import django

django.setup()
logging.disable(logging.WARNING)  # there is no broker, and none is needed

from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recognition.models import ProbeFace
from tests.factories import make_user
from tests.reviewing import ask, multiply

FACES = 50_000
ROUNDS = 20
SCRIPT = {"HX-Request": "true"}
FILTERS = (
    "",
    "?order=newest",
    "?decision=unknown",
    "?decision=ambiguous",
    "?person=mei",
    "?since=2001-01-01",
    "?since=2100-01-01",
    "?review=right",
)


def measured(what: str, action: Callable[[int], object]) -> None:
    times = []
    with CaptureQueriesContext(connection) as counted:
        for turn in range(ROUNDS):
            started = process_time()
            action(turn)
            times.append((process_time() - started) * 1000)
    queries = len(counted) / ROUNDS
    sys.stdout.write(f"{what:<44} {median(times):>8.1f} {max(times):>8.1f} {queries:>8.1f}\n")


def shown(page: HttpResponse) -> list[int]:
    return [int(face) for face in re.findall(r'data-card="(\d+)"', page.content.decode())]


def judge(browser: Client, query: str) -> Callable[[int], object]:
    """One verdict as the page sends it: what is looked at is judged, one more is asked for."""
    ahead = shown(browser.get(f"/review/{query}"))

    def say(_turn: int) -> None:
        said = {"verdict": "not_a_face", "after": ahead[-1]}
        answer = browser.post(f"/review/faces/{ahead.pop(0)}/{query}", said, headers=SCRIPT)
        ahead.extend(shown(answer))

    return say


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("prepare", demo=True, verbosity=0)
    ask(make_user("user"))
    multiply(FACES)
    ProbeFace.objects.filter(pk__lte=FACES // 50).update(review="right")
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(make_user("reviewer"))
    browser.get("/review/")
    sys.stdout.write(
        f"{'of ' + format(FACES, ',') + ' faces':<44} {'ms':>8} {'slowest':>8} queries\n"
    )
    for query in FILTERS:
        measured(f"the page {query}", lambda _turn, query=query: browser.get(f"/review/{query}"))
    for query in FILTERS[:3]:
        measured(f"a verdict {query}", judge(browser, query))
    measured("the grid", lambda _turn: browser.get("/review/grid/"))
    measured("a search for a person", lambda _turn: browser.get("/review/people/?q=so"))
    measured("the overview", lambda _turn: browser.get("/admin/"))


if __name__ == "__main__":
    with FOLDER:
        main()
