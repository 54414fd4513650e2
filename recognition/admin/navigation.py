from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

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

Item = dict[str, Any]

SUBJECTS: tuple[tuple[Any, tuple[tuple[Any, str, type[Model]], ...]], ...] = (
    (_("Answers"), ((_("Identifications"), "frame_person", Identification),)),
    (
        _("Gallery"),
        (
            (_("People"), "groups", Person),
            (_("Enrolled photos"), "portrait", EnrolledFace),
            (_("Consents"), "handshake", Consent),
            (_("Texts of consent"), "description", ConsentText),
        ),
    ),
    (
        _("Models"),
        (
            (_("Model versions"), "neurology", ModelVersion),
            (_("Trainings"), "model_training", TrainingRun),
        ),
    ),
    (
        _("Site"),
        (
            (_("Audit log"), "policy", AuditEvent),
            (_("Users"), "person", User),
            (_("Roles"), "badge", Group),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[Item]:
    """The lists that this user may see, grouped by subject."""
    groups = [
        {
            "title": title,
            "items": [_item(*entry) for entry in entries if _may_see(request, entry[2])],
        }
        for title, entries in SUBJECTS
    ]
    home = {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")}
    status = {"title": _("Site status"), "icon": "monitor_heart", "link": reverse("status")}
    # The home page's address begins every other, which would then light this entry up.
    back = {"title": _("Back to the site"), "icon": "arrow_back", "link": reverse("upload")}
    back["active"] = False
    user = cast(User, request.user)
    site = [status, back] if user.is_reviewer or user.is_operator else [back]
    return [{"items": [home]}, *groups, {"separator": True, "items": site}]


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    return admin.site._registry[model].has_view_permission(request)


def _item(title: Any, icon: str, model: type[Model]) -> Item:
    link = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return {"title": title, "icon": icon, "link": reverse(link)}


def account(_request: HttpRequest) -> list[Item]:
    pages = {
        "account_change_password": _("Change password"),
        "mfa_index": _("Second factor"),
        "usersessions_list": _("Sessions"),
    }
    return [{"title": title, "link": reverse(name)} for name, title in pages.items()]
