from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognition.admin.base import DaysFilter, Dropdown, ReadOnlyAdmin
from recognition.models import (
    AuditEvent,
    Consent,
    ConsentText,
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    TrainingRun,
    User,
)
from recognition.services import chain

ACTIONS = {
    "photo.opened": _("Photo opened"),
    "photo.deleted": _("Photo deleted"),
    "photo.expired": _("Expired photo deleted"),
    "comparison.deleted": _("Comparison deleted"),
    "faces.seen": _("Faces of a photo seen"),
    "face.explained": _("Asked which part of a face decided"),
    "face.reviewed": _("Face reviewed"),
    "face.review_undone": _("Review of a face taken back"),
    "face.opinion": _("Opinion on an answer given"),
    "face.proposed": _("Face proposed for enrolment"),
    "face.proposal_declined": _("Proposed face not enrolled"),
    "person.added": _("Person added"),
    "person.renamed": _("Person renamed"),
    "person.changed": _("Person changed"),
    "finding.settled": _("Found to be in order"),
    "person.hidden": _("Person hidden from answers"),
    "person.shown": _("Person named again"),
    "person.merged": _("Two people merged"),
    "person.unmerged": _("Merge of two people undone"),
    "person.removed": _("Person removed"),
    "person.exported": _("Everything about a person downloaded"),
    "people.imported": _("Import of people enrolled"),
    "consent.given": _("Consent recorded"),
    "consent.withdrawn": _("Consent withdrawn"),
    "consent.expired": _("Consent expired"),
    "consent.text_added": _("New text of consent"),
    "face.enrolled": _("Photo enrolled"),
    "face.moved": _("Enrolled photo moved to another person"),
    "face.removed": _("Enrolled photo removed"),
    "stranger.named": _("Stranger named"),
    "stranger.unnamed": _("Name of a stranger taken back"),
    "stranger.parted": _("Faces of a stranger separated"),
    "stranger.ignored": _("Stranger ignored"),
    "stranger.noticed": _("Stranger no longer ignored"),
    "stranger.forgotten": _("Stranger forgotten"),
    "webhook.added": _("Webhook added"),
    "webhook.removed": _("Webhook removed"),
    "webhook.enabled": _("Webhook used again"),
    "webhook.disabled": _("Webhook disabled"),
    "account.added": _("Account added"),
    "account.invited": _("Somebody invited"),
    "account.joined": _("Account opened by invitation"),
    "account.logged_in": _("Logged in"),
    "account.login_failed": _("Log-in failed"),
    "account.email_changed": _("Email address changed"),
    "account.code_failed": _("Code of the second factor wrong"),
    "account.second_factor_added": _("Second factor set up"),
    "account.second_factor_removed": _("Second factor removed"),
    "account.second_factor_reset": _("Second factor removed by a command"),
    "account.recovery_code_used": _("Recovery code used"),
    "account.sessions_ended": _("Other sessions ended"),
    "account.reset_link": _("Link for a new password made"),
    "account.password_changed": _("Password changed"),
    "account.password_reset": _("New password chosen by a link"),
    "account.password_set": _("Password set by an administrator"),
    "account.changed": _("Account changed"),
    "account.deleted": _("Account deleted"),
    "account.exported": _("Own data downloaded"),
    "history.exported": _("Photos of their own history downloaded"),
    "token.made": _("API token made"),
    "token.revoked": _("API token revoked"),
    "audit.expired": _("Expired rows of the log dropped"),
    "keys.rotated": _("Keys of the encryption changed"),
    "database.scrubbed": _("Database rewritten after an erasure"),
    "role.added": _("Role added"),
    "role.changed": _("Role changed"),
    "role.deleted": _("Role deleted"),
    "model.activated": _("Model version put into service"),
    "model.rolled_back": _("Model version rolled back"),
    "model.promotion_requested": _("Promotion requested"),
    "model.promotion_forced": _("Promoted against the gate"),
    "model.changed": _("Model version changed"),
    "model.promotion_cancelled": _("Promotion cancelled"),
    "model.promotion_failed": _("Promotion failed"),
    "model.trained": _("Model version trained"),
    "model.imported": _("Network imported"),
    "training.requested": _("Training requested"),
    "training.stopped": _("Training stopped"),
    "training.resumed": _("Training resumed"),
    "training.renamed": _("Failed training renamed"),
    "site.backed_up": _("Site backed up"),
    "site.restored": _("Site restored from a backup"),
}
WITH_A_PAGE = (
    Identification,
    Person,
    EnrolledFace,
    Consent,
    ConsentText,
    ModelVersion,
    TrainingRun,
    User,
    Group,
)


class ActionFilter(Dropdown):
    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ACTIONS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("number", "created_at", "who", "what", "subject", "more")
    list_display_links = None
    list_filter = (("created_at", DaysFilter), ActionFilter)
    list_before_template = "admin/recognition/auditevent/chain.html"
    search_fields = ("actor_name__regex", "subject_id__regex")
    search_help_text = _("User or subject id")
    fields = list_display
    readonly_fields: ClassVar[tuple[str, ...]] = list_display

    def get_urls(self) -> list[Any]:
        own = self.admin_site.admin_view(self.verify)
        return [path("verify/", own, name="recognition_auditevent_verify"), *super().get_urls()]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Looks at every row, as `manage.py verify_audit` does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        noted = request.GET.get("noted", "").split()
        verified = chain.verify(noted)
        context = {"title": _("Chain of the audit log"), "opts": self.opts, "verified": verified}
        page = "admin/recognition/auditevent/verify.html"
        common = self.admin_site.each_context(request)
        return TemplateResponse(request, page, {**common, **context})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {"head": chain.head()})
        return response

    @admin.display(description=_("who"), ordering="actor_name")
    def who(self, event: AuditEvent) -> Any:
        if event.actor_name or event.actor_id is None:
            return event.actor_name or _("the site itself")
        return _("deleted account %(number)d") % {"number": event.actor_id}

    @admin.display(description=_("action"), ordering="action")
    def what(self, event: AuditEvent) -> Any:
        return ACTIONS.get(event.action, event.action)

    @admin.display(description=_("details"))
    def more(self, event: AuditEvent) -> SafeString:
        details = ", ".join(f"{name}: {value}" for name, value in event.details.items())
        return format_html("<code>{}</code>", details)

    @admin.display(description=_("subject"), ordering="subject_type")
    def subject(self, event: AuditEvent) -> Any:
        if not event.subject_type:
            return _("the site itself")
        app = "auth" if event.subject_type == "group" else "recognition"
        model = apps.get_model(app, event.subject_type)
        text = format_html("{} {}", model._meta.verbose_name, event.subject_id.partition("-")[0])
        if model not in WITH_A_PAGE or not event.subject_id:
            return text
        page = f"admin:{app}_{event.subject_type}_change"
        return format_html('<a href="{}">{}</a>', reverse(page, args=(event.subject_id,)), text)
