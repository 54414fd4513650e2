"""Roles and what they may do, in the reader's language."""

from __future__ import annotations

from copy import copy
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from recognition.admin.accounts import ROLES, Confirmed, role_name
from recognition.admin.base import SiteModelAdmin
from recognition.models import User
from recognition.services.audit import record

RIGHTS = {
    "review_identifications": _("See and review everybody’s photos"),
    "manage_people": _("Add and remove people and their photos"),
    "manage_models": _("Train networks and put them into service"),
}
ACTIONS = {"add": _("add"), "change": _("change"), "delete": _("delete"), "view": _("view")}


def right_name(right: Permission) -> Any:
    """Django keeps the names of rights in the database, in English."""
    if right.codename in RIGHTS:
        return RIGHTS[right.codename]
    model = right.content_type.model_class()
    what = model._meta.verbose_name_plural if model else right.content_type.model
    return format_lazy("{}: {}", capfirst(what), ACTIONS[right.codename.partition("_")[0]])


class RightsField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, right: Permission) -> Any:
        return right_name(right)


@admin.register(Group)
class RoleAdmin(Confirmed, DjangoGroupAdmin, SiteModelAdmin):
    list_display = ("role", "members")
    search_fields = ("name__regex",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The site finds its own roles by their names."""
        return ("name",) if obj is not None and obj.name in ROLES else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = obj is not None and obj.name in ROLES
        return not own and bool(super().has_delete_permission(request, obj))

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        """The rights that the site or its administration asks for."""
        names = [model._meta.model_name for model in self.admin_site._registry]
        ours = {"content_type__app_label": "recognition", "content_type__model__in": names}
        rights = Permission.objects.filter(**ours).order_by("content_type__model", "codename")
        kwargs |= {"queryset": rights, "form_class": RightsField, "widget": CheckboxSelectMultiple}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        may = sorted(form.instance.permissions.values_list("codename", flat=True))
        action = "role.changed" if change else "role.added"
        record(cast(User, request.user), action, form.instance, may=may)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        gone, users = copy(obj), list(obj.user_set.values_list("pk", flat=True))
        with transaction.atomic():
            super().delete_model(request, obj)
            record(cast(User, request.user), "role.deleted", gone, users=users)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        with transaction.atomic():
            for group in queryset:
                self.delete_model(request, group)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        groups: QuerySet[Group] = super().get_queryset(request)
        return groups.annotate(member_count=Count("user"))

    @admin.display(description=_("role"), ordering="name")
    def role(self, group: Group) -> Any:
        return role_name(group)

    @admin.display(description=_("users"), ordering="member_count")
    def members(self, group: Any) -> int:
        return int(group.member_count)
