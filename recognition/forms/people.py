from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import NameField, PhotosField
from recognition.models import Person
from recognition.services.gallery import listing
from recognition.services.gallery import people as service

NARROWING = ("photos", "consent", "seen", "hidden")
PHOTOS = (
    ("", _("Any number of photos")),
    ("no_photo", _("No photo")),
    ("one_photo", _("One photo")),
    ("several_photos", _("Several photos")),
)
CONSENT = (
    ("", _("Any consent")),
    ("recognition", _("To be recognised")),
    ("training", _("To training")),
    ("no_consent", _("Not named, for lack of consent")),
)
SEEN = (
    ("", _("Seen at any time")),
    ("seen_lately", _("Seen in the last 30 days")),
    ("never_seen", _("Never seen")),
)
HIDDEN = (("", _("Hidden or not")), ("hidden", _("Hidden")), ("shown", _("Not hidden")))
SORT = (
    ("", _("By name")),
    ("photos", _("Most photos first")),
    ("seen", _("Last seen first")),
    ("added", _("Last added first")),
)

TAKEN = _("Somebody of this name is there already. Give the other one an external id of their own.")


class PeopleFilter(forms.Form):
    """Which people, in which order; all by name, as long as nothing is chosen."""

    q = forms.CharField(label=_("Search by name or external id"), required=False)
    photos = forms.ChoiceField(label=_("Photos"), choices=PHOTOS, required=False)
    consent = forms.ChoiceField(label=_("Consent"), choices=CONSENT, required=False)
    seen = forms.ChoiceField(label=_("Last seen"), choices=SEEN, required=False)
    hidden = forms.ChoiceField(label=_("Answers"), choices=HIDDEN, required=False)
    sort = forms.ChoiceField(label=_("Order"), choices=SORT, required=False)

    def people(self) -> QuerySet[Person]:
        """None, for a filter that makes no sense."""
        if not self.is_valid():
            return Person.objects.none()
        chosen = self.cleaned_data
        kinds = filter(None, (chosen[name] for name in NARROWING))
        found = service.found(chosen["q"]).filter(*map(listing.that_are, kinds))
        return listing.in_order(found, chosen["sort"])

    @property
    def narrowed(self) -> bool:
        """By anything but words."""
        return any(self.data.get(name) for name in (*NARROWING, "sort"))


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    class Meta:
        model = Person
        fields: ClassVar[list[str]] = ["name", "external_id"]
        field_classes: ClassVar[dict[str, Any]] = {"name": NameField}
        error_messages: ClassVar[dict[str, Any]] = {NON_FIELD_ERRORS: {"unique_together": TAKEN}}

    def clean(self) -> dict[str, Any]:
        """Refuses what looks like another person on every page; of the very same name the model's
        own constraint says so."""
        cleaned = super().clean() or {}
        if {"name", "external_id"} & set(self.changed_data):
            other = self.namesake()
            if other and other.name != cleaned.get("name"):
                raise ValidationError(TAKEN, "unique_together")
        return cleaned

    def namesake(self) -> Person | None:
        """Somebody else who is called the same: the two may be one person."""
        name, external_id = (self.cleaned_data.get(key, "") for key in ("name", "external_id"))
        alike = Person.shown_as(name).filter(external_id=external_id)
        return alike.exclude(pk=self.instance.pk).order_by("pk").first()


class EditForm(PersonForm):
    class Meta(PersonForm.Meta):
        fields: ClassVar[list[str]] = ["name", "external_id", "notes"]
        widgets: ClassVar[dict[str, Any]] = {"notes": forms.Textarea({"rows": 4})}


class EnrolForm(forms.Form):
    photos = PhotosField(label=_("Photos"))
    force = forms.BooleanField(
        label=_("Enrol what looks like somebody else anyway"),
        required=False,
        help_text=_("For photos that were refused for that reason but do show this person."),
    )
