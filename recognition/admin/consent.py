from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognition.admin.base import DaysFilter, PersonFilter, ReadOnlyAdmin
from recognition.models import Consent, ConsentText


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """To look things up; consent is recorded and withdrawn on the site's own people pages."""

    list_display = ("person", "purpose", "text", "given_at", "expires_at", "withdrawn_at")
    list_filter = (("given_at", DaysFilter), ("person", PersonFilter))
    list_select_related = ("person", "text")
    search_fields = ("person__name__regex", "person__external_id__regex")
    search_help_text = _("Name or external id")
    fields = (
        "person",
        "purpose",
        "text",
        "how",
        "taken_by",
        "given_at",
        "expires_at",
        "withdrawn_at",
        "withdrawn_by",
    )
    readonly_fields = fields


@admin.register(ConsentText)
class ConsentTextAdmin(ReadOnlyAdmin):
    list_display = ("number", "short_digest", "created_at", "created_by")
    list_select_related = ("created_by",)
    fields = ("number", "text", "digest", "created_at", "created_by")
    readonly_fields = fields

    @admin.display(description=_("SHA-256"))
    def short_digest(self, text: ConsentText) -> SafeString:
        return format_html("<code>{}</code>", text.digest[:12])
