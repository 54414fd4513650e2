"""What there is to look at in the gallery, and that somebody has."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Replace
from django.utils import timezone

from recognition.models import Finding, FolderName, Look, LookedOver, Person, User
from recognition.services.audit import record
from recognition.services.gallery import listing

Kind = Finding.Kind


class OwnPhotos(NamedTuple):
    """Of `tested` enrolled photos, each left out and asked about, how many are recognised."""

    tested: int
    recognised: int


def own_photos() -> OwnPhotos:
    sums = Look.objects.aggregate(tested=Sum("tested"), recognised=Sum("recognised"))
    return OwnPhotos(sums["tested"] or 0, sums["recognised"] or 0)


def looked_over() -> LookedOver | None:
    return LookedOver.objects.first()


def unsettled(kind: str) -> QuerySet[Finding]:
    """Of two who were each found to be the other it is one finding."""
    found = Finding.objects.filter(kind=kind, settled_at=None)
    reverse = found.filter(person=OuterRef("other"), other=OuterRef("person"))
    said_twice = Q(Exists(reverse), person__gt=F("other"))
    return found.exclude(said_twice).select_related("face").order_by("pk")


def with_one_photo() -> QuerySet[Person]:
    return Person.objects.filter(listing.that_are("one_photo")).order_by("name", "external_id")


def aliases() -> QuerySet[FolderName]:
    """Names of folders that are somebody's whose own name is another."""
    spelt = [Replace(name, Value("_"), Value(" ")) for name in ("name", "person__name")]
    folders = FolderName.objects.alias(folder=spelt[0], own=spelt[1]).exclude(folder=F("own"))
    return folders.select_related("person").order_by("folded")


def counts() -> dict[str, int]:
    """How much there is of each kind."""
    photos = Finding.objects.filter(settled_at=None, face__isnull=False).values("kind")
    return {
        Kind.DOUBLE: unsettled(Kind.DOUBLE).count(),
        **dict(photos.annotate(number=Count("pk")).values_list("kind", "number")),
        "one_photo": with_one_photo().count(),
        "aliases": aliases().count(),
    }


def settle(finding: Finding, actor: User | None) -> None:
    """All is well: nobody is asked about this again. Of two people both sides are settled."""
    settled: dict[str, Any] = {"settled_at": timezone.now(), "settled_by": actor}
    with transaction.atomic():
        if finding.kind == Kind.DOUBLE:
            Finding.objects.update_or_create(
                kind=Kind.DOUBLE, person=finding.other, other=finding.person, defaults=settled
            )
        Finding.objects.filter(pk=finding.pk).update(**settled)
        details = {"person": finding.person_id, "other": finding.other_id, "face": finding.face_id}
        record(actor, "finding.settled", finding, kind=finding.kind, **details)


def forget_alias(folder: FolderName, actor: User | None) -> None:
    """Photos in a folder of this name are not taken for the person's any more."""
    with transaction.atomic():
        FolderName.objects.filter(pk=folder.pk).delete()
        record(actor, "person.changed", folder.person, fields=["folders"])


def follow_merge(gone: Person, into: Person) -> None:
    """Who was told from the one who goes is told from the one who stays."""
    for one, other in (("person", "other"), ("other", "person")):
        settled = Finding.objects.filter(kind=Kind.DOUBLE, settled_at__isnull=False, **{one: gone})
        known = Finding.objects.filter(kind=Kind.DOUBLE, **{one: into}).values(other)
        settled.exclude(**{other: into}).exclude(**{f"{other}__in": known}).update(**{one: into})
