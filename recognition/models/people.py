from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ml.names import tidy
from recognition.models.fields import EmbeddingField
from recognition.models.model_versions import ModelVersion
from recognition.models.work import Kind, PhotoWork


def crop_path(_face: models.Model, _name: str) -> str:
    return f"crops/{uuid.uuid4()}.png"


def portrait_path(_face: EnrolledFace, _name: str) -> str:
    return f"portraits/{uuid.uuid4()}.jpg"


class Person(models.Model):
    """Somebody the site can name, unless they are hidden: then it answers as if they were not
    there."""

    name = models.CharField(_("name"), max_length=200)
    external_id = models.CharField(
        _("external id"),
        max_length=200,
        blank=True,
        help_text=_("Tells two people with the same name apart."),
    )
    notes = models.TextField(
        _("notes"), blank=True, help_text=_("Only operators see them, and the person, if they ask.")
    )
    hidden_at = models.DateTimeField(_("hidden since"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("added at"), default=timezone.now)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("name", "external_id")
        constraints = (
            models.UniqueConstraint(fields=("name", "external_id"), name="one_person_per_name"),
        )
        permissions = (("manage_people", "Can add and remove people and their photos"),)

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name = tidy(self.name)  # the same name must be the same person
        super().save(*args, **kwargs)

    @classmethod
    def shown_as(cls, name: str) -> models.QuerySet[Person]:
        """Those whose name looks like this one on every page, whichever way it is spelt."""
        shown = Replace("name", Value("_"), Value(" "))
        return cls.objects.alias(shown=shown).filter(shown=cls(name=tidy(name)).display_name)

    @property
    def other_folders(self) -> list[str]:
        """Folders that are this person's and have another name than the person has by now."""
        now = folder_name_folded(self.name)
        return [folder.name for folder in self.folder_names.all() if folder.folded != now]

    @property
    def display_name(self) -> str:
        """The name as people write it: folders often have underscores where names have spaces."""
        return self.name.replace("_", " ")


class FolderName(models.Model):
    """What a folder was called from which a person was enrolled: it stays theirs, whatever they are
    called by now. It goes with the person.

    `folded` is the same for all spellings of the name, see `folder_name_folded`.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="folder_names")
    name = models.CharField(_("folder"), max_length=200)
    folded = models.CharField(max_length=600, unique=True)  # "ﬃ" alone becomes three letters

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = ("folded",)

    def __str__(self) -> str:
        return self.name


def folder_name_folded(name: str) -> str:
    """A name without what file systems and people change about it: case, code points, and spaces
    for underscores."""
    return tidy(tidy(name).casefold().replace("_", " "))


class EnrolledFace(models.Model):
    """One enrolled photo of a person: the aligned crop, a picture to show, and where it came from.

    The photo itself is not kept. `photo_digest` is its SHA-256, so that enrolling it twice changes
    nothing. `objection` is what spoke against it, see `ml.enrolment`, and `resembles` the person
    whom that is about. `source` is the version that was trained on the photo, if it came with one.
    One of a `probe` was a face of an answer, which may be gone since. `from_review` says that a
    reviewer said whose face it is, and not an operator alone.
    The `chosen` one is shown for its person; without one, that of the best quality.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="faces")
    photo_digest = models.CharField(_("photo digest"), max_length=64, db_index=True)
    filename = models.CharField(_("file"), max_length=255)
    crop = models.FileField(_("aligned crop"), upload_to=crop_path)
    portrait = models.FileField(_("portrait"), upload_to=portrait_path)
    box = models.JSONField(_("box"))
    quality = models.FloatField(_("quality"))
    chosen = models.BooleanField(_("chosen as the portrait"), default=False)
    objection = models.CharField(_("remark"), max_length=40, blank=True)
    resembles = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looks like"),
    )
    source = models.ForeignKey(
        ModelVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("came with"),
    )
    from_review = models.BooleanField(_("from a reviewed photo"), default=False)
    probe = models.OneToOneField(
        "ProbeFace",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="enrolled",
        verbose_name=_("reviewed face"),
    )
    created_at = models.DateTimeField(_("enrolled at"), default=timezone.now)

    class Meta:
        verbose_name = _("enrolled photo")
        verbose_name_plural = _("enrolled photos")
        ordering = ("person", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("person", "photo_digest"), name="one_enrolment_per_photo"
            ),
            models.UniqueConstraint(
                fields=("person",), condition=models.Q(chosen=True), name="one_portrait_chosen"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.filename}"


class Template(models.Model):
    """An enrolled face's embedding under one model version, little-endian float32."""

    face = models.ForeignKey(EnrolledFace, models.CASCADE, related_name="templates")
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="templates")
    embedding = EmbeddingField()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = (
            models.UniqueConstraint(
                fields=("face", "model_version"), name="one_template_per_model_version"
            ),
        )


class GalleryRevision(models.Model):
    """A single row that counts gallery changes.

    Whoever changes the gallery increments it first and so holds its lock until commit. Revisions
    therefore become visible in their own order, and a worker that follows them misses none.
    """

    revision = models.PositiveBigIntegerField(default=0)


class GalleryChange(models.Model):
    """One enrolled face that came into the gallery or left it. Workers follow these rows.

    `face_id` outlives the face, `person_id` the person: no foreign keys, nothing about anybody.
    """

    revision = models.PositiveBigIntegerField(db_index=True)
    face_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    removed = models.BooleanField(default=False)


class Enrolment(PhotoWork):
    """A photo that an operator added on the site, until a worker has enrolled or refused it.

    With `force` it comes in although it looks like somebody else. `face` is the enrolled one, or
    the one that stands in the way. Of a `probe`, a face of an answer, nothing was uploaded: it is
    `from_review` where a reviewer has to say whose face it is, and else the operator says so.
    """

    kind = Kind("recognition.tasks.enrol", owner="requested_by")

    person = models.ForeignKey(Person, models.CASCADE, related_name="enrolments")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    force = models.BooleanField(default=False)
    face = models.ForeignKey(EnrolledFace, models.SET_NULL, null=True, blank=True)
    probe = models.ForeignKey(
        "ProbeFace", models.CASCADE, null=True, blank=True, related_name="enrolments"
    )
    from_review = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ("-created_at",)
