from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from recognition.admin.base import DaysFilter, ReadOnlyAdmin, badge
from recognition.formats import percentage
from recognition.models import ModelVersion, Status, TrainingRun
from recognition.presenters.architectures import titled
from recognition.presenters.measures import Metrics, verdict
from recognition.presenters.runs import Following
from recognition.services.versions import registry as service

State = ModelVersion.State
STATE_BADGES = {State.ACTIVE: "success", State.CANDIDATE: "info", State.RETIRED: "default"}
STATUS_BADGES = {
    Status.QUEUED: "default",
    Status.RUNNING: "info",
    Status.DONE: "success",
    Status.REJECTED: "danger",
    Status.FAILED: "danger",
}


def on_the_site(page: str, name: str, text: Any) -> SafeString:
    link = reverse(page, args=(name,))
    return format_html('<a class="fs-button" href="{}">{}</a>', link, text)


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """To look versions up. Operators promote and roll back on the site's own pages."""

    list_display = ("name", "state_badge", "gate_shown", "marks", "disk", "created_at")
    list_filter = ("state",)
    search_fields = ("name__regex",)
    fields = (
        "name",
        "state_badge",
        "network",
        "answers_by",
        "open_set",
        "headline",
        "gate_shown",
        "marks",
        "disk",
        "embedding_size",
        "parent",
        "replaced",
        "created_at",
        "activated_at",
        "digest",
        "page",
    )
    readonly_fields = fields

    def get_queryset(self, _request: HttpRequest) -> QuerySet[ModelVersion]:
        return service.listed()

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, version: ModelVersion) -> SafeString:
        return badge(version.get_state_display(), STATE_BADGES[State(version.state)])

    @admin.display(description=_("architecture"), ordering="architecture")
    def network(self, version: ModelVersion) -> Any:
        return titled(version.architecture)

    @admin.display(description=_("figures"))
    def headline(self, version: ModelVersion) -> SafeString | str:
        shown = Metrics(version).headline
        lines = ((label, percentage(value)) for label, value in shown)
        return (
            format_html_join("", '<span class="whitespace-nowrap">{}: {}</span><br>', lines) or "–"
        )

    @admin.display(description=_("gate"))
    def gate_shown(self, version: ModelVersion) -> SafeString | str:
        judged = verdict(version)
        if judged is None:
            return "–"
        return badge(judged.title, "success" if judged.passed else "warning")

    @admin.display(description=_("marks"))
    def marks(self, version: Any) -> SafeString | str:
        if not version.erased:
            return "–"
        text = ngettext(
            "%(people)d person erased since",
            "%(people)d people erased since",
            version.erased,
        )
        return badge(text % {"people": version.erased}, "warning")

    @admin.display(description=_("size"), ordering="size")
    def disk(self, version: ModelVersion) -> str:
        return filesizeformat(version.size) if version.size else "–"

    @admin.display(description=_("to change anything"))
    def page(self, version: ModelVersion) -> SafeString:
        return on_the_site("model_version", version.name, _("Open the page of this version"))


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """To look trainings up. Operators start and stop them on the site's own pages."""

    list_display = (
        "name",
        "status_badge",
        "network",
        "who",
        "epochs",
        "version",
        "created_at",
    )
    list_filter = (("created_at", DaysFilter), "status")
    list_select_related = ("requested_by", "version")
    search_fields = ("name__regex", "requested_by__username__regex")
    fields = (
        "name",
        "status_badge",
        "message",
        "network",
        "promote",
        "who",
        "epochs",
        "version",
        "created_at",
        "claimed_at",
        "finished_at",
        "page",
    )
    readonly_fields = fields

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, run: TrainingRun) -> SafeString:
        return badge(run.get_status_display(), STATUS_BADGES[Status(run.status)])

    @admin.display(description=_("architecture"), ordering="architecture")
    def network(self, run: TrainingRun) -> Any:
        return titled(run.architecture)

    @admin.display(description=_("asked by"), ordering="requested_by")
    def who(self, run: TrainingRun) -> Any:
        return run.requested_by or _("command line")

    @admin.display(description=_("epochs"))
    def epochs(self, run: TrainingRun) -> str:
        return f"{len(run.history)} / {sum(Following(run).stages) or '–'}"

    @admin.display(description=_("to change anything"))
    def page(self, run: TrainingRun) -> SafeString:
        return on_the_site("training_run", run.name, _("Open the page of this training"))
