from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognition.admin.base import ReadOnlyAdmin, badge
from recognition.models import ModelVersion

State = ModelVersion.State
STATE_BADGES = {State.ACTIVE: "success", State.CANDIDATE: "info", State.RETIRED: "default"}


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "state_badge", "embedding_size", "created_at", "activated_at")
    fields = (
        "name",
        "state_badge",
        "digest",
        "embedding_size",
        "parent",
        "created_at",
        "activated_at",
        "metrics",
    )
    readonly_fields = fields

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, version: ModelVersion) -> SafeString:
        return badge(version.get_state_display(), STATE_BADGES[State(version.state)])
