from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognition.admin.base import DaysFilter, Dropdown, PersonFilter, ReadOnlyAdmin, badge, picture
from recognition.formats import share
from recognition.models import EnrolledFace, Person, Purpose, User
from recognition.services import access, consent

SHOWN_IN_LIST = 4


class ConsentFilter(Dropdown):
    title = _("consent covers")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Purpose.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(consent.covers(Purpose(chosen))) if chosen in Purpose else queryset


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    """To look people up. Operators add, change and remove them on the site's own people pages."""

    list_display = ("shown_name", "portraits", "photos", "external_id", "consent", "created_at")
    list_filter = (("created_at", DaysFilter), ConsentFilter)
    search_fields = ("name__regex", "external_id__regex")
    search_help_text = _("Name or external id")
    readonly_fields = ("shown_name", "consent", "all_portraits", "on_the_site")
    fields = ("shown_name", "external_id", "consent", "created_at", "all_portraits")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        faces = Prefetch("faces", EnrolledFace.objects.only("pk", "person").order_by("-quality"))
        people: QuerySet[Person] = super().get_queryset(request).prefetch_related(faces)
        return people.annotate(trainable=consent.covers(Purpose.TRAINING))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_view_permission(request, obj)
        return allowed and access.may_look_up_people(cast(User, request.user))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self._without_portraits(request, self.list_display)

    def get_fields(self, request: HttpRequest, obj: Person | None = None) -> tuple[str, ...]:
        operator = cast(User, request.user).is_operator
        fields = (*self.fields, "on_the_site") if operator else self.fields
        return self._without_portraits(request, fields)

    def _without_portraits(self, request: HttpRequest, names: tuple[str, ...]) -> tuple[str, ...]:
        """All of them, for whoever may look at portraits."""
        if access.may_look_at_portraits(cast(User, request.user)):
            return names
        return tuple(name for name in names if name not in ("portraits", "all_portraits"))

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, person: Person) -> str:
        return person.display_name

    @admin.display(description=_("portraits"))
    def portraits(self, person: Person) -> SafeString:
        return _portraits(list(person.faces.all())[:SHOWN_IN_LIST])

    @admin.display(description=_("photos"))
    def photos(self, person: Person) -> int:
        return len(person.faces.all())

    @admin.display(description=_("consent covers training"), ordering="trainable")
    def consent(self, person: Person) -> Any:
        return badge(_("Yes"), "success") if person.trainable else _("No")  # type: ignore[attr-defined]

    @admin.display(description=_("enrolled photos"))
    def all_portraits(self, person: Person) -> SafeString:
        return _portraits(person.faces.all(), size=96)

    @admin.display(description=_("to change anything"))
    def on_the_site(self, person: Person) -> SafeString:
        page = reverse("person", args=(person.pk,))
        return format_html(
            '<a class="fs-button" href="{}">{}</a>', page, _("Open the page of this person")
        )


@admin.register(EnrolledFace)
class EnrolledFaceAdmin(ReadOnlyAdmin):
    list_display = ("portrait_shown", "who", "filename", "quality_percent", "created_at")
    list_display_links = ("portrait_shown", "filename")
    list_filter = (("created_at", DaysFilter), ("person", PersonFilter))
    list_select_related = ("person",)
    search_fields = ("person__name__regex", "filename__regex")
    search_help_text = _("Person or file")
    fields = (
        "portrait_shown",
        "who",
        "filename",
        "quality_percent",
        "photo_digest",
        "from_review",
        "created_at",
    )
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_view_permission(request, obj)
        return allowed and access.may_look_at_portraits(cast(User, request.user))

    @admin.display(description=_("person"), ordering="person__name")
    def who(self, face: EnrolledFace) -> Person:
        return face.person

    @admin.display(description=_("portrait"))
    def portrait_shown(self, face: EnrolledFace) -> SafeString:
        return picture("enrolled", face.pk, alt=str(face.person))

    @admin.display(description=_("quality"), ordering="quality")
    def quality_percent(self, face: EnrolledFace) -> str:
        return share(face.quality)


def _portraits(faces: Iterable[EnrolledFace], *, size: int = 48) -> SafeString:
    shown = format_html_join(
        "", "{}", ((picture("enrolled", face.pk, size=size),) for face in faces)
    )
    return format_html('<span class="fs-row">{}</span>', shown)
