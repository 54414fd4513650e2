from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ml.architectures import ARCHITECTURES, DEFAULT
from ml.leftovers import meant
from recognition.forms.fields import PhotosField
from recognition.models import TrainingRun

SITE: Final = "site"
FOLDER: Final = "folder:"  # before the name of a folder, so that one called "site" is no trouble
PROMOTED: Final[Mapping[str, Any]] = {
    TrainingRun.Promote.AUTO: gettext_lazy(
        "It must name more people correctly than the version in service, by more than chance, "
        "among people neither has seen."
    ),
    TrainingRun.Promote.NEVER: gettext_lazy("It stays a candidate until somebody promotes it."),
}


ANSWERS: Final[Mapping[str, tuple[Any, Any, Mapping[str, Any]]]] = {
    "usual": (
        gettext_lazy("As the network is meant to"),
        gettext_lazy(
            "The paper’s network names one of the people it was trained on, the others whoever is "
            "enrolled."
        ),
        {},
    ),
    "gallery": (
        gettext_lazy("Whoever is enrolled"),
        gettext_lazy("Also people added later. Strangers stay unknown."),
        {"answers_by": "gallery"},
    ),
    "closed": (
        gettext_lazy("Always one of the people it was trained on"),
        gettext_lazy("As in the paper. It names strangers too."),
        {"answers_by": "classes"},
    ),
    "open": (
        gettext_lazy("One of the people it was trained on, or nobody"),
        gettext_lazy("Few strangers get a name, but fewer enrolled people get theirs."),
        {"answers_by": "classes", "open_set": True},
    ),
}
"""How a version is to name people: the choice, what it means, and what it asks of a training."""


@dataclass(frozen=True)
class Choice:
    """One of several, with what speaks for it."""

    value: str
    label: object
    help: object
    chosen: bool


@dataclass(frozen=True)
class SiteFaces:
    """Whom the site itself could train on now: people with consent and photos enough."""

    people: int
    photos: int
    too_few: int  # people with consent who have fewer photos than a class needs

    def in_words(self) -> str:
        if not self.people:
            return self._nobody()
        photos = ngettext("%(count)d photo", "%(count)d photos", self.photos) % {
            "count": self.photos
        }
        text = ngettext(
            "%(people)d person whose consent covers it, %(photos)s.",
            "%(people)d people whose consent covers it, %(photos)s.",
            self.people,
        ) % {"people": self.people, "photos": photos}
        return f"{text} {self._left_out()}".rstrip()

    def _nobody(self) -> str:
        if not self.too_few:
            return _("Nobody’s consent covers training yet; it is given on a person’s page.")
        return ngettext(
            "%(count)d person agreed and has too few photos: five are needed.",
            "%(count)d people agreed and have too few photos: five of each are needed.",
            self.too_few,
        ) % {"count": self.too_few}

    def _left_out(self) -> str:
        if not self.too_few:
            return ""
        return ngettext(
            "%(count)d more has too few photos.",
            "%(count)d more have too few photos.",
            self.too_few,
        ) % {"count": self.too_few}


def datasets_folder() -> Path:
    return Path(settings.DATA_DIR) / "datasets"


def datasets() -> list[str]:
    """Names of the folders that lie ready to be trained on."""
    place = datasets_folder()
    if not place.is_dir():
        return []
    return [path.name for path in meant(place) if path.is_dir()]


def _titles() -> list[tuple[str, str]]:
    return [(name, _(known.title)) for name, known in ARCHITECTURES.items()]


class TrainingForm(forms.Form):
    """What to train, and on whom; what is left empty is as the network trains best."""

    architecture = forms.ChoiceField(
        label=gettext_lazy("Network"), choices=_titles, initial=DEFAULT
    )
    source = forms.ChoiceField(label=gettext_lazy("Train it on"), initial=SITE)
    stages = forms.IntegerField(
        label=gettext_lazy("Stages"), required=False, min_value=1, max_value=3
    )
    epochs = forms.IntegerField(
        label=gettext_lazy("Epochs in all"), required=False, min_value=1, max_value=500
    )
    answers = forms.ChoiceField(
        label=gettext_lazy("Who it names"),
        choices=[(value, label) for value, (label, *_others) in ANSWERS.items()],
        initial="usual",
        required=False,
    )
    promote = forms.ChoiceField(
        label=gettext_lazy("Put it into service"),
        choices=TrainingRun.Promote.choices,
        initial=TrainingRun.Promote.AUTO,
    )

    def __init__(self, *args: Any, site: SiteFaces, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        named = [(f"{FOLDER}{name}", name) for name in datasets()]
        source = self.fields["source"]
        source.choices = [(SITE, gettext_lazy("The site’s own faces")), *named]  # type: ignore[attr-defined]

    def _choices(self, name: str, explained: Mapping[str, Any]) -> Iterator[Choice]:
        chosen = str(self[name].value())
        for value, label in self.fields[name].choices:  # type: ignore[attr-defined]
            yield Choice(value, label, explained.get(value, ""), value == chosen)

    def architectures(self) -> Iterator[Choice]:
        explained = {name: _(known.explanation) for name, known in ARCHITECTURES.items()}
        return self._choices("architecture", explained)

    def sources(self) -> Iterator[Choice]:
        return self._choices("source", {SITE: self.site.in_words()})

    def answers_explained(self) -> Iterator[Choice]:
        explained = {value: help_ for value, (_label, help_, _asked) in ANSWERS.items()}
        return self._choices("answers", explained)

    def promotions(self) -> Iterator[Choice]:
        for choice in self._choices("promote", PROMOTED):
            yield replace(choice, label=capfirst(str(choice.label)))

    def plans(self) -> Iterator[tuple[object, str]]:
        """How each network trains when nothing else is asked for."""
        for known in ARCHITECTURES.values():
            epochs = [stage.epochs for stage in known.recipe.stages]
            yield _(known.title), " + ".join(map(str, epochs))

    def clean_source(self) -> str:
        """One person alone, or nobody, is nothing to tell apart."""
        chosen = str(self.cleaned_data["source"])
        if chosen == SITE and self.site.people < 2:
            raise ValidationError(
                gettext_lazy(
                    "At least two people with consent and five photos each are needed. Consent is "
                    "given on a person’s page."
                ),
                "too_few_people",
            )
        return chosen

    def options(self) -> dict[str, Any]:
        """What was asked for, as `manage.py retrain` has it."""
        chosen = self.cleaned_data
        return {
            "from_site": chosen["source"] == SITE,
            "data": [] if chosen["source"] == SITE else [str(self._folder(chosen["source"]))],
            "stages": chosen["stages"],
            "epochs": chosen["epochs"],
            "promote": chosen["promote"],
            **ANSWERS[chosen["answers"] or "usual"][2],
        }

    def _folder(self, chosen: str) -> Path:
        return datasets_folder() / chosen.removeprefix(FOLDER)

    def datasets_folder(self) -> Path:
        return datasets_folder()


class PhotoField(PhotosField):
    """One photo, in the place where elsewhere several are chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["multiple"] = False

    def clean(self, data: Any, initial: object = None) -> list[UploadedFile[Any]]:
        files = super().clean(data, initial)
        if len(files) > 1:
            raise ValidationError(gettext_lazy("One photo at a time."), "too_many")
        return files


class TrialForm(forms.Form):
    photos = PhotoField(label=gettext_lazy("Photo"))
