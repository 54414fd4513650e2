"""People as commands are told about them."""

from __future__ import annotations

from typing import Final

from django.core.management.base import CommandError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognition.forms.fields import numbers
from recognition.models import Person

PERSON_HELP: Final = gettext_lazy("a number, an external id, or the exact name")


def person_of(said: str) -> Person:
    """The one person who has this number, external id or name, as folders or pages write it."""
    by = Q(pk__in=Person.shown_as(said).values("pk")) | Q(external_id=said, external_id__gt="")
    by |= Q(pk__in=numbers([said]))
    match list(Person.objects.filter(by).order_by("pk")):
        case [person]:
            return person
        case []:
            raise CommandError(
                _("There is nobody with the number, external id or name “%s”.") % said
            )
        case several:
            listed = "; ".join(f"{one.pk}: {one.name}, {one.external_id or '-'}" for one in several)
            told = _("“%(said)s” fits several people, choose by number. %(listed)s")
            raise CommandError(told % {"said": said, "listed": listed})
