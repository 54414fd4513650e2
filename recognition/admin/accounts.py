from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from recognition.admin.base import Dropdown, SiteModelAdmin, badge
from recognition.confirmation import confirmed
from recognition.models import Identification, User
from recognition.services.audit import record
from recognition.services.site import accounts

ROLES = {
    "user": _("User"),
    "reviewer": _("Reviewer"),
    "operator": _("Operator"),
    "auditor": _("Auditor"),
}


def role_name(group: Group) -> Any:
    return ROLES.get(group.name, group.name)


class RoleFilter(Dropdown):
    title = _("role")
    parameter_name = "role"
    conditions = {  # noqa: RUF012
        **{name: (label, Q(groups__name=name)) for name, label in ROLES.items()},
        "administrator": (_("Administrator"), Q(is_superuser=True)),
    }


class RolesField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A box to tick for each role, under its name in the reader's language."""

    widget = CheckboxSelectMultiple

    def label_from_instance(self, group: Group) -> Any:
        return role_name(group)


class Confirmed(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever changes or deletes here has confirmed a moment ago who they are."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        view = super().changelist_view
        return (confirmed(view) if request.method == "POST" else view)(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return confirmed(super().changeform_view)(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return confirmed(super().delete_view)(request, *args, **kwargs)


@admin.register(User)
class UserAdmin(Confirmed, DjangoUserAdmin, SiteModelAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_active", "last_login", "date_joined")
    list_filter = (RoleFilter, "is_active")
    search_fields = ("username__regex", "email__regex", "first_name__regex", "last_name__regex")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (_("Rights"), {"fields": ("groups", "is_superuser", "is_active")}),
        (_("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2", "groups")}),)
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return users

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            return RolesField(Group.objects.order_by("pk"), label=_("Roles"), required=False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"groups": Group.objects.filter(name="user")}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Who gave whom which rights belongs in the audit log, not only in the admin's own."""
        super().save_related(request, form, formsets, change)
        user, action = form.instance, "account.changed" if change else "account.added"
        record(cast(User, request.user), action, user, **accounts.rights(user))

    @method_decorator(confirmed)
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Whoever sets the password of somebody else can pass for them."""
        before = self.get_object(request, unquote(id))
        response = super().user_change_password(request, id, form_url)
        after = User.objects.filter(pk=before.pk).first() if before else None
        if before and after and after.password != before.password:
            record(cast(User, request.user), "account.password_set", after)
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators delete accounts, but not their own: one of them always stays."""
        return cast(User, request.user).is_superuser and obj != request.user

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Photos go with the account that asked about them, which nobody may delete by hand. They
        are counted; rows that only tie an account to a role say nothing to anybody."""
        _listed, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        told = {model._meta.verbose_name_plural for model in (User, Identification)}
        shown = {name: count for name, count in counts.items() if name in told}
        names = [user.get_username() for user in objs]
        return names, shown, forbidden & {User._meta.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        accounts.delete_account(obj, cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            for user in queryset:
                self.delete_model(request, user)

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> SafeString:
        names = [role_name(group) for group in user.groups.all()]
        if user.is_superuser:
            names.insert(0, _("Administrator"))
        return format_html_join(" ", "{}", ((badge(name),) for name in names))


# Secrets and sessions are looked at by nobody, and changed on pages that write it down.
for model in (Group, Authenticator, UserSession):
    admin.site.unregister(model)
