"""The first page of the administration: a few numbers, each with the list behind it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recognition.days import day_start
from recognition.formats import percent, percentage
from recognition.models import (
    UNFINISHED,
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    User,
)
from recognition.services.identification.reading import with_names
from recognition.services.review import figures as reviewed
from recognition.services.site import figures

LATEST = 8


@dataclass(frozen=True)
class Card:
    title: str
    value: str
    note: str
    link: str


def overview(user: User) -> dict[str, Any]:
    """What the user is here for: reviewers see answers, operators the gallery."""
    cards, latest = [], None
    if user.is_reviewer:
        cards += [_today(), _unknown(), _to_review(), _waiting()]
        cards += [_wrong(), _missed(), _disagreed()]
        latest = with_names(Identification.objects.select_related("user"))[:LATEST]
    if user.is_operator:
        cards += [_gallery(), _model()]
    return {"cards": cards, "latest": latest}


def _list(**chosen: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in chosen.items())
    return f"{reverse('admin:recognition_identification_changelist')}?{query}"


def _today() -> Card:
    today = timezone.localdate()
    count = Identification.objects.filter(created_at__gte=day_start(today)).count()
    link = _list(created_at_from=today.isoformat(), created_at_to=today.isoformat())
    return Card(_("Photos today"), localize(count), date_format(today), link)


def _unknown() -> Card:
    days = figures.days()
    since = days[0].date
    faces = {
        "all": sum(day.total for day in days),
        "unknown": sum(day.faces.get(ProbeFace.Decision.UNKNOWN, 0) for day in days),
        "unclear": sum(day.faces.get(ProbeFace.Decision.UNCLEAR, 0) for day in days),
    }
    note = ngettext(
        "%(unknown)s of %(all)d face in 30 days",
        "%(unknown)s of %(all)d faces in 30 days",
        faces["all"],
    )
    if faces["unclear"]:
        note += _("; %(unclear)d too poor to tell")
    share = percent(faces["unknown"] / faces["all"]) if faces["unknown"] else "0%"
    link = _list(decision="unknown", created_at_from=since.isoformat())
    return Card(_("Unknown faces"), share, note % faces, link)


def _to_review() -> Card:
    backlog = reviewed.backlog()
    note = _("Every face has been judged")
    if backlog.oldest is not None:
        note = _("The oldest for %(time)s") % {"time": timesince(backlog.oldest)}
    return Card(_("To review"), localize(backlog.faces), note, reverse("review"))


def _wrong() -> Card:
    wrong = reviewed.wrong()
    note = ngettext(
        "%(part)d of %(of)d reviewed name", "%(part)d of %(of)d reviewed names", wrong.of
    )
    return _share(_("Wrong names"), wrong, note, _judged("match"))


def _missed() -> Card:
    missed = reviewed.missed()
    note = ngettext(
        "%(part)d of %(of)d reviewed unknown face",
        "%(part)d of %(of)d reviewed unknown faces",
        missed.of,
    )
    return _share(_("Missed people"), missed, note, _judged("unknown"))


def _disagreed() -> Card:
    differ = reviewed.disagreed(timezone.now() - dt.timedelta(figures.DAYS))
    note = ngettext(
        "%(part)d of %(of)d face judged by several reviewers in 30 days",
        "%(part)d of %(of)d faces judged by several reviewers in 30 days",
        differ.of,
    )
    link = f"{reverse('admin:recognition_auditevent_changelist')}?action=face.reviewed"
    return _share(_("Reviewers differ"), differ, note, link)


def _judged(decision: str) -> str:
    """Faces that were answered so and are somebody else."""
    return f"{reverse('review')}?review=somebody_else&decision={decision}"


def _share(title: str, share: reviewed.Share, note: str, link: str) -> Card:
    said = note % {"part": share.part, "of": share.of}
    return Card(title, percentage(share.rate), said, link)


def _waiting() -> Card:
    waiting = Identification.objects.filter(status__in=UNFINISHED)
    oldest = waiting.order_by("created_at").first()
    note = _("Every photo is answered")
    if oldest is not None:
        note = _("The oldest for %(time)s") % {"time": timesince(oldest.created_at)}
    link = _list(status__in=",".join(UNFINISHED))
    return Card(_("Waiting"), localize(waiting.count()), note, link)


def _gallery() -> Card:
    photos = EnrolledFace.objects.count()
    note = ngettext("%(count)d enrolled photo", "%(count)d enrolled photos", photos)
    link = reverse("admin:recognition_person_changelist")
    return Card(_("People"), localize(Person.objects.count()), note % {"count": photos}, link)


def _model() -> Card:
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    link = reverse("status")
    if active is None:
        return Card(_("Model"), _("None"), _("Install one, photos wait for it"), link)
    since = active.activated_at or active.created_at
    note = _("In service since %(day)s") % {"day": date_format(timezone.localtime(since))}
    return Card(_("Model"), active.name, note, link)
