"""An operation that waits for workers without keeping a thread: see `facesite.waiting`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from django.db.models import QuerySet
from ninja import Query, Schema
from ninja.renderers import JSONRenderer

from facesite.waiting import Later, leave_word
from recognition.api.auth import Request
from recognition.models import UNFINISHED
from recognition.models.work import QueuedWork

Row = TypeVar("Row", bound=QueuedWork)
LONGEST = 20
Seconds = Annotated[
    float, Query(ge=0, le=LONGEST, description="How long to wait for the answer, in seconds.")
]


def wait(
    request: Request,
    seconds: float,
    rows: QuerySet[Row],
    schema: type[Schema],
    said: Callable[[], Any],
) -> bool:
    """Whether all rows are final. If not, the answer is held back until they are, and is then what
    is `said` of them."""
    waiting = rows.filter(status__in=UNFINISHED)
    if not waiting.exists():
        return True

    def look() -> bytes | None:
        if waiting.exists():
            return None
        body = schema.model_validate(said()).model_dump()
        return str(JSONRenderer().render(request, body, response_status=200)).encode()

    if seconds and request.META["REQUEST_METHOD"] != "HEAD":
        leave_word(request.META, Later(seconds, look))
    return False
