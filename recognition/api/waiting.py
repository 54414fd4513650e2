"""An operation that waits for workers without keeping a thread: see `facesite.waiting`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Query, Schema, Status
from ninja.renderers import JSONRenderer

from facesite.waiting import Later, leave_word
from recognition.api.auth import Request
from recognition.models import UNFINISHED

LONGEST = 20
Seconds = Annotated[
    float, Query(ge=0, le=LONGEST, description="How long to wait for the answer, in seconds.")
]


@dataclass(frozen=True)
class Awaited:
    """What is `said` of some rows, in the form of `schema`; held back until all of them are
    final."""

    rows: QuerySet[Any]
    schema: type[Schema]
    said: Callable[[], Any]

    def now(self, request: Request, seconds: float) -> Any:
        self._are_final(request, seconds)
        return self.said()

    def begun(self, request: Request, seconds: float) -> Status[Any]:
        """Of rows that were asked for only now: 202 as long as they are not final."""
        final = self._are_final(request, seconds)
        return Status(200 if final else 202, self.said())

    def _are_final(self, request: Request, seconds: float) -> bool:
        """If not, word is left that a fuller answer may follow."""
        waiting = self.rows.filter(status__in=UNFINISHED).values_list("pk", flat=True)
        unfinished = frozenset(waiting)
        if not unfinished:
            return True

        def say() -> bytes:
            body = self.schema.model_validate(self.said()).model_dump()
            return str(JSONRenderer().render(request, body, response_status=200)).encode()

        if seconds and request.META["REQUEST_METHOD"] != "HEAD":
            leave_word(request.META, Later(seconds, self.rows.model, unfinished, 0, say))
        return False
