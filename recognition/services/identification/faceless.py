"""Photos without a face, by the count on their own rows: no faces are looked up for it."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from recognition.models import Identification, ProbeFace, Status, having

BATCH: Final = 5000
"""Photos that are counted at once: their rows are locked for about a tenth of a second."""


def faceless() -> Q:
    """Answered photos without a face. Those that are not counted yet are looked at one by one."""
    counted = Q(faces_found=0)
    if not _uncounted().exists():
        return counted
    return counted | Q(~having(), faces_found=None, status=Status.DONE)


def count_faces() -> None:
    """Count those of some photos that have no count: they were answered before there was one, or by
    a worker of that release, or come from its backup."""
    some = list(_uncounted().values_list("pk", flat=True)[:BATCH])
    faces = ProbeFace.objects.filter(identification=OuterRef("pk")).order_by()
    count = faces.values("identification").annotate(count=Count("pk")).values("count")
    Identification.objects.filter(pk__in=some).update(faces_found=Coalesce(count, 0))


def _uncounted() -> QuerySet[Identification]:
    return Identification.objects.filter(faces_found=None, status=Status.DONE).order_by()
