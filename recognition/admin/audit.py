from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognition.admin.base import DaysFilter, Dropdown, ReadOnlyAdmin
from recognition.models import AuditEvent, Person, ProbeFace

ACTIONS = {
    "photo.opened": _("Photo opened"),
    "face.reviewed": _("Face reviewed"),
    "person.added": _("Person added"),
    "person.renamed": _("Person renamed"),
    "person.changed": _("Person changed"),
    "person.removed": _("Person removed"),
    "face.enrolled": _("Photo enrolled"),
    "face.removed": _("Enrolled photo removed"),
    "account.added": _("Account added"),
    "account.invited": _("Somebody invited"),
    "account.joined": _("Account opened by invitation"),
    "account.reset_link": _("Link for a new password made"),
    "account.changed": _("Account changed"),
    "account.deleted": _("Account deleted"),
    "model.activated": _("Model version put into service"),
    "model.rolled_back": _("Model version taken back"),
    "model.promotion_requested": _("Promotion asked for"),
    "model.promotion_forced": _("Promoted against the gate"),
    "model.changed": _("Model version changed"),
    "model.promotion_cancelled": _("Promotion cancelled"),
    "model.promotion_failed": _("Promotion failed"),
    "model.trained": _("Model version trained"),
    "model.imported": _("Network imported"),
    "training.requested": _("Training asked for"),
    "training.stopped": _("Training stopped"),
    "training.resumed": _("Training resumed"),
    "training.renamed": _("Failed training renamed"),
}
WITH_A_PAGE = ("identification", "person", "enrolledface", "modelversion", "trainingrun", "user")


@dataclass(frozen=True)
class PastReview:
    event: AuditEvent
    verdict: str
    whom: Person | None


def reviews_of(faces: Iterable[ProbeFace]) -> dict[int, list[PastReview]]:
    """What was ever said about each face, newest first."""
    events = AuditEvent.objects.filter(
        action="face.reviewed", subject_type="probeface", subject_id__in=[str(f.pk) for f in faces]
    )
    people = Person.objects.in_bulk(
        {event.details["true_person"] for event in events if event.details.get("true_person")}
    )
    found: dict[int, list[PastReview]] = defaultdict(list)
    for event in events:
        verdict = ProbeFace.Review(event.details["verdict"])
        whom = people.get(event.details["true_person"])
        found[int(event.subject_id)].append(PastReview(event, str(verdict.label), whom))
    return found


class ActionFilter(Dropdown):
    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ACTIONS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "who", "what", "subject", "more")
    list_display_links = None
    list_filter = (("created_at", DaysFilter), ActionFilter)
    search_fields = ("actor_name__iregex", "subject_id__iregex")
    search_help_text = _("User or subject id")
    fields = list_display
    readonly_fields: ClassVar[tuple[str, ...]] = list_display

    @admin.display(description=_("who"), ordering="actor_name")
    def who(self, event: AuditEvent) -> Any:
        return event.actor_name or _("the site itself")

    @admin.display(description=_("action"), ordering="action")
    def what(self, event: AuditEvent) -> Any:
        return ACTIONS.get(event.action, event.action)

    @admin.display(description=_("details"))
    def more(self, event: AuditEvent) -> SafeString:
        details = ", ".join(f"{name}: {value}" for name, value in event.details.items())
        return format_html("<code>{}</code>", details)

    @admin.display(description=_("subject"), ordering="subject_type")
    def subject(self, event: AuditEvent) -> SafeString:
        kind = apps.get_model("recognition", event.subject_type)._meta.verbose_name
        text = format_html("{} {}", kind, event.subject_id.partition("-")[0])
        if event.subject_type not in WITH_A_PAGE:
            return text
        page = f"admin:recognition_{event.subject_type}_change"
        return format_html('<a href="{}">{}</a>', reverse(page, args=(event.subject_id,)), text)
