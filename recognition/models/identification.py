from __future__ import annotations

import uuid
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from ml.enrolment import MINIMUM_FOR_ENROLMENT
from ml.types import names_given
from recognition.models.fields import EmbeddingField
from recognition.models.model_versions import ModelVersion
from recognition.models.people import Person, crop_path
from recognition.models.strangers import Stranger
from recognition.models.work import Kind, PhotoWork, QueuedWork, Status


def photo_path(_identification: Identification, _name: str) -> str:
    return f"photos/{uuid.uuid4()}.jpg"


class Identification(PhotoWork):
    """One uploaded photo, who asked, and what the site answered."""

    kind = Kind("recognition.tasks.identify", owner="user")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="identifications",
        verbose_name=_("asked by"),
    )
    batch = models.UUIDField(_("upload"), default=uuid.uuid4, db_index=True)
    photo = models.FileField(
        _("photo"),
        upload_to=photo_path,
        blank=True,
        help_text=_("Upright, re-encoded and free of metadata; what the pages show."),
    )
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    turned = models.PositiveSmallIntegerField(
        _("turned by"),
        default=0,
        help_text=_("Degrees, clockwise, by which all faces of the photo are turned."),
    )
    parts = models.PositiveSmallIntegerField(
        _("parts looked at"),
        default=1,
        help_text=_("A large photo is looked at as a whole and in parts."),
    )
    cut_short = models.BooleanField(
        _("cut short"),
        default=False,
        help_text=_("The file ends too early: the photo was looked at as far as it goes."),
    )
    faces_found = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    """None before the answer, and until it is counted what the release before this one answered."""
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, blank=True, verbose_name=_("model version")
    )
    gallery_people = models.PositiveIntegerField(_("people in the gallery"), default=0)
    gallery_templates = models.PositiveIntegerField(_("photos in the gallery"), default=0)
    timings = models.JSONField(_("milliseconds"), default=dict, blank=True)

    class Meta:
        verbose_name = _("identification")
        verbose_name_plural = _("identifications")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("user", "-created_at", "-id"), name="history_in_order"),
            models.Index(
                fields=("user", "faces_found", "-created_at", "-id"), name="history_by_faces"
            ),
            models.Index(fields=("faces_found", "status"), name="counted_faces"),
            models.Index(fields=("status", "claimed_at")),
            models.Index(fields=("status", "-created_at"), name="latest_answered"),
            models.Index(fields=("finished_at",), name="last_finished"),
        )
        permissions = (("review_identifications", "Can see and review everybody's history"),)

    def __str__(self) -> str:
        return self.filename


class ProbeFace(models.Model):
    """A face found in an uploaded photo, the decision about it, and what a reviewer said.

    `held_by` looks at it to review it, until `held_until` nobody else does.
    """

    class Decision(models.TextChoices):
        MATCH = "match", _("Match")
        AMBIGUOUS = "ambiguous", _("Ambiguous")
        UNKNOWN = "unknown", _("Unknown")
        UNCLEAR = "unclear", _("Too poor to tell")

    class Review(models.TextChoices):
        NONE = "", _("Not reviewed")
        RIGHT = "right", _("Right")
        SOMEBODY_ELSE = "somebody_else", _("Somebody else")
        NOT_IN_GALLERY = "not_in_gallery", _("Not in the gallery")
        NOT_A_FACE = "not_a_face", _("Not a face")

    identification = models.ForeignKey(Identification, models.CASCADE, related_name="faces")
    index = models.PositiveSmallIntegerField(_("number"))
    x = models.FloatField()
    y = models.FloatField()
    width = models.FloatField()
    height = models.FloatField()
    landmarks = models.JSONField()
    score = models.FloatField(_("detector score"))
    quality = models.FloatField(_("quality"))
    quality_reasons = models.JSONField(default=list, blank=True)
    # For each reason what was measured and from where on it does no harm: see `ml.types.Quality`.
    quality_measured = models.JSONField(default=dict, blank=True)
    crop = models.FileField(upload_to=crop_path)
    embedding = EmbeddingField()
    decision = models.CharField(_("decision"), max_length=9, choices=Decision)
    rival = models.PositiveSmallIntegerField(
        _("rival"),
        null=True,
        blank=True,
        help_text=_("The index of another face of the photo that is more like the same person."),
    )
    person = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="probes",
        verbose_name=_("named"),
    )
    probability = models.FloatField(_("probability"))
    similarity = models.FloatField(_("similarity"), null=True, blank=True)
    corrected = models.BooleanField(
        _("corrected"),
        default=False,
        help_text=_("A name that a reviewer rejected for this face before was left out."),
    )
    threshold = models.FloatField(
        _("threshold"), help_text=_("The similarity from which this face got a name.")
    )
    threshold_raised = models.FloatField(
        _("threshold raised by"),
        default=0,
        help_text=_("How much of that is due to enrolled people who look alike."),
    )
    review = models.CharField(
        _("review"), max_length=14, choices=Review, default=Review.NONE, blank=True
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    true_person = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("who it is"),
    )
    certainty = models.GeneratedField(
        expression=Abs(models.F("probability") - 0.5),
        output_field=models.FloatField(_("certainty")),
        db_persist=True,
    )
    """How far the probability is from that of a coin: what is least certain is reviewed first."""
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    held_until = models.DateTimeField(null=True, blank=True)
    stranger = models.ForeignKey(
        Stranger,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="faces",
        verbose_name=_("stranger"),
    )

    class Meta:
        verbose_name = _("face")
        verbose_name_plural = _("faces")
        ordering = ("identification", "index")
        constraints = (
            models.UniqueConstraint(
                fields=("identification", "index"), name="one_result_per_face_index"
            ),
        )
        indexes = (
            models.Index(fields=("review", "certainty")),
            models.Index(fields=("review", "id")),
            models.Index(fields=("review", "decision", "certainty")),
            models.Index(fields=("review", "decision", "person", "certainty")),
            # What is counted of many photos is read from here: rows are large, with embeddings.
            models.Index(fields=("identification", "decision", "review"), name="counted_of_photos"),
            models.Index(fields=("stranger", "decision", "review"), name="faces_of_strangers"),
        )

    def __str__(self) -> str:
        return f"{self.identification} #{self.index + 1}"

    @property
    def names(self) -> int:
        """How many people the answer names."""
        return names_given(self.decision, self.rival)

    @property
    def rival_number(self) -> int | None:
        """That of the other face on the page."""
        return None if self.rival is None else self.rival + 1

    @property
    def found(self) -> Person | None:
        """Whom the site did not know, and somebody has named since."""
        return self.stranger.person if self.stranger else None

    @property
    def whose(self) -> Person | None:
        """Whose face somebody has said that it is."""
        return self.true_person if self.review in CONFIRMED else self.found

    @property
    def named(self) -> list[Candidate]:
        """Whom the answer names. Who was removed since is missing, and nobody moves up."""
        return [candidate for candidate in self.candidates.all() if candidate.rank < self.names]

    @property
    def good_enough(self) -> bool:
        """To be enrolled."""
        return self.quality >= MINIMUM_FOR_ENROLMENT

    @property
    def last_try(self) -> QueuedWork | None:
        """The latest one to enrol it, as long as that is under way or came to nothing."""
        last = next(iter(self.enrolments.all()), None)
        return last if last and last.status != Status.DONE else None

    @property
    def proposal(self) -> models.Model | None:
        """To enrol it, that nobody has decided."""
        return next((one for one in self.proposals.all() if one.is_open), None)


def having(*conditions: models.Q, **face: Any) -> models.Q:
    """Photos with at least one such face; unlike a join it never lists a photo twice."""
    faces = ProbeFace.objects.filter(*conditions, identification=models.OuterRef("pk"), **face)
    return models.Q(models.Exists(faces))


REFUSING: Final = (
    ProbeFace.Review.SOMEBODY_ELSE,
    ProbeFace.Review.NOT_IN_GALLERY,
    ProbeFace.Review.NOT_A_FACE,
)
"""Verdicts by which a face is not whom the answer names."""

CONFIRMED: Final = (ProbeFace.Review.RIGHT, ProbeFace.Review.SOMEBODY_ELSE)
"""Verdicts that say whose face it is, as long as that person is there."""


def said_to_be(person: Person) -> models.Q:
    """Faces of which somebody said that they are a person's: a reviewer by a verdict, or an
    operator who enrolled them, or who named a stranger whose faces they are."""
    verdict = models.Q(true_person=person, review__in=CONFIRMED)
    named = models.Q(enrolled__person=person) | models.Q(stranger__person=person)
    return verdict | named


class Candidate(models.Model):
    """A person who may be the probe, and the enrolled photos that speak for it (their ids)."""

    face = models.ForeignKey(ProbeFace, models.CASCADE, related_name="candidates")
    rank = models.PositiveSmallIntegerField(_("rank"))
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    similarity = models.FloatField(_("similarity"))
    probability = models.FloatField(_("probability"))
    other_name = models.BooleanField(
        _("other name"),
        default=False,
        help_text=_("This and the first candidate look like one person under two names."),
    )
    evidence = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        ordering = ("face", "rank")
        constraints = (
            models.UniqueConstraint(fields=("face", "rank"), name="one_candidate_per_rank"),
        )

    def __str__(self) -> str:
        return f"{self.rank + 1}. {self.person}"
