from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from recognition.admin.base import DaysFilter, Dropdown, PersonFilter, ReadOnlyAdmin, badge
from recognition.models import Identification, Person, ProbeFace, Status, User, having
from recognition.presenters.reviews import reviews_of
from recognition.services import access
from recognition.services.identification import reading
from recognition.services.identification.faceless import faceless
from recognition.services.review.opinions import DISAGREED
from recognition.services.searching import containing, numbers_if_few

STATUS_BADGES = {Status.REJECTED: "warning", Status.FAILED: "danger", Status.DONE: "success"}


class DecisionFilter(Dropdown):
    title = _("decision")
    parameter_name = "decision"
    conditions = {  # noqa: RUF012
        **{value: (label, having(decision=value)) for value, label in ProbeFace.Decision.choices},
        "no_face": (_("No face found"), faceless),
    }


class ReviewFilter(Dropdown):
    title = _("review")
    parameter_name = "review"
    conditions = {  # noqa: RUF012
        "open": (_("To review"), having(review="")),
        "disagreed": (_("The uploader disagrees"), having(DISAGREED)),
        "done": (_("Reviewed"), having() & ~having(review="")),
        **{
            verdict: (label, having(review=verdict))
            for verdict, label in ProbeFace.Review.choices
            if verdict
        },
    }


class UserFilter(Dropdown):
    """Only users who have asked something."""

    title = _("user")
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        asked = User.objects.filter(Exists(Identification.objects.filter(user=OuterRef("pk"))))
        return [
            (str(pk), name) for pk, name in asked.order_by("username").values_list("pk", "username")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(user=chosen) if chosen and chosen.isdigit() else queryset


def two_lines(first: object, second: object) -> SafeString:
    return format_html(
        '<span class="fs-first">{}</span><span class="fs-sub">{}</span>', first, second
    )


def _mentioning(words: str) -> Q:
    """In the name of the file, of who asked, or of whoever is named in it. People are looked for
    once: joined, each would be looked at again for every photo of theirs."""
    people = Person.objects.filter(containing("name", words)).order_by()
    asked = Q(user__in=User.objects.filter(containing("username", words)))
    elsewhere = containing("filename", words) | asked
    few = numbers_if_few(people)
    if few is None:
        return elsewhere | having(person__in=people)
    faces = ProbeFace.objects.filter(person__in=few).order_by()
    return elsewhere | Q(pk__in=faces.values("identification")) if few else elsewhere


def _words(term: str) -> list[str]:
    """Those in quotes together."""
    return [
        unescape_string_literal(word) if word[0] in "\"'" and word[0] == word[-1] != word else word
        for word in smart_split(term)
    ]


@admin.register(Identification)
class IdentificationAdmin(ReadOnlyAdmin):
    list_display = ("uploaded", "shown_faces", "status_badge", "review_state", "asked_at")
    list_filter = (
        ("created_at", DaysFilter),
        DecisionFilter,
        ReviewFilter,
        ("status", ChoicesDropdownFilter),
        ("faces__person", PersonFilter),
        UserFilter,
    )
    search_fields = ("filename",)  # that there is a search; what it looks at says `_mentioning`
    search_help_text = _("File, user or person")
    show_full_result_count = False
    list_fullwidth = True
    list_per_page = 20  # of tall rows, of which each takes a millisecond
    fields = ("filename",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return cast(User, request.user).is_reviewer

    def get_queryset(self, request: HttpRequest) -> QuerySet[Identification]:
        return reading.with_names(super().get_queryset(request).select_related("user"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """All the words as they stand, or where nothing has them so, each of them anywhere."""
        words = _words(search_term)
        together = queryset.filter(_mentioning(search_term)) if words else queryset
        if len(words) > 1 and not together.order_by().exists():
            return queryset.filter(*map(_mentioning, words)), False
        return together, False

    @admin.display(description=_("photo"), ordering="filename")
    def uploaded(self, row: Identification) -> SafeString:
        return two_lines(row.filename, row.user)

    @admin.display(description=_("asked at"), ordering="created_at")
    def asked_at(self, row: Identification) -> SafeString:
        asked = timezone.localtime(row.created_at)
        return two_lines(date_format(asked), date_format(asked, "H:i"))

    @admin.display(description=_("faces"))
    def shown_faces(self, row: Identification) -> str:
        return render_to_string("admin/recognition/identification/faces.html", {"row": row})

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, row: Identification) -> SafeString:
        return badge(row.get_status_display(), STATUS_BADGES.get(Status(row.status), "default"))

    @admin.display(description=_("review"))
    def review_state(self, row: Identification) -> str:
        faces = row.faces.all()
        left = sum(not face.review for face in faces)
        if left:
            return badge(gettext("%(count)d to review") % {"count": left}, "info")
        return badge(gettext("Reviewed"), "success") if faces else "–"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response: Any = super().change_view(request, object_id, form_url, extra_context)
        row = (getattr(response, "context_data", None) or {}).get("original")
        if row is not None:
            access.note_opening(cast(User, request.user), row)
            response.context_data.update(self._answer(row, cast(User, request.user)))
        return cast(HttpResponse, response)

    def _answer(self, listed: Identification, user: User) -> dict[str, Any]:
        rows = reading.with_everything(Identification.objects.all(), naming=True)
        row = rows.get(pk=listed.pk)
        answer = reading.of(row, access.others_shown(user))
        past = reviews_of([item.face for item in answer.faces])
        cards = [(item, past.get(item.face.pk, [])) for item in answer.faces]
        return {"answer": answer, "cards": cards}
