from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.widgets import INPUT_CLASSES

from recognition.days import day_end, day_start
from recognition.services.searching import in_either_case


class SiteModelAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    list_filter_submit = True
    list_per_page = 25
    show_facets = admin.ShowFacets.NEVER

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Under the name of what it lists, which reads in any language."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search fields are regular expressions, see `in_either_case`."""
        words = " ".join(in_either_case(word) for word in search_term.split())
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, words)
        return found


class ReadOnlyAdmin(SiteModelAdmin):
    """Rows to look at. What changes them are the services, and they alone know all it takes."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Dropdown(DropdownFilter):  # type: ignore[misc]
    """A choice among conditions that are no column of their own."""

    conditions: dict[str, tuple[Any, Q | Callable[[], Q]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _condition) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.conditions.get(self.value())
        if chosen is None:
            return queryset
        return queryset.filter(chosen[1]() if callable(chosen[1]) else chosen[1])


class PersonFilter(AutocompleteSelectFilter):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("person")


class DaysForm(forms.Form):
    """The browser's own date picker: it knows the reader's language and works on a phone."""

    def __init__(self, name: str, data: Any) -> None:
        super().__init__(data)
        for part, label in (("from", _("From")), ("to", _("To"))):
            attrs = {"type": "date", "class": " ".join(INPUT_CLASSES)}
            widget = forms.DateInput(attrs, format="%Y-%m-%d")
            self.fields[f"{name}_{part}"] = forms.DateField(
                label=label, required=False, widget=widget, input_formats=("%Y-%m-%d",)
            )


class DaysFilter(admin.FieldListFilter):
    """From one day to another, both included, as days go where the site is."""

    template = "admin/days_filter.html"

    @cached_property
    def form(self) -> DaysForm:
        given = {name: cast(Any, values)[-1] for name, values in self.used_parameters.items()}
        return DaysForm(self.field_path, given)

    def expected_parameters(self) -> list[str]:  # type: ignore[override]  # none is None here
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.form.is_valid():
            return queryset.none()
        since, until = (self.form.cleaned_data[name] for name in self.expected_parameters())
        if since:
            queryset = queryset.filter(**{f"{self.field_path}__gte": day_start(since)})
        if until:
            queryset = queryset.filter(**{f"{self.field_path}__lt": day_end(until)})
        return queryset

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        yield {"form": self.form}


def badge(text: object, kind: str = "default") -> SafeString:
    """`kind` is success, warning, danger, info or default."""
    return _badge(str(text), kind)


@lru_cache
def _badge(text: str, kind: str) -> SafeString:
    """A list has few that differ."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": kind})


def picture(kind: str, key: object, *, size: int = 48, alt: str = "") -> SafeString:
    """A face or a portrait, through the view that checks the right to see it."""
    return format_html(
        '<img class="fs-face" src="{}" width="{}" height="{}" alt="{}" loading="lazy">',
        reverse("photo", args=(kind, key)),
        size,
        size,
        alt,
    )
