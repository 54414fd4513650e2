"""One photo into the gallery, or the reason why not."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ml import bounded, imaging
from ml.enrolment import MINIMUM_FOR_ENROLMENT, Doubt
from ml.errors import PhotoRejected
from ml.types import Box, EmbeddedFace, Floats, Image
from recognition.models import (
    EnrolledFace,
    Merge,
    ModelVersion,
    Person,
    ProbeFace,
    Purpose,
    Template,
    User,
)
from recognition.models.identification import said_to_be
from recognition.services import consent
from recognition.services.audit import record
from recognition.services.events import emitting
from recognition.services.gallery import agreements, memory, portraits
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.comparing import doubt_about
from recognition.services.photos import uploads
from recognition.services.photos.files import new_files
from recognition.services.versions import predictors, registry

CLEARLY_LARGER: Final = 1.5
"""How many times the area of the next face the largest must have to be the one that is meant.
Measured on 635 photos of LFW with several faces: from here on the largest was the one in the middle
in every photo, from 1.2 to 1.5 in 94 % of them."""


@dataclass(frozen=True)
class Options:
    """What is taken that is usually refused: with `largest` the clearly largest of several faces,
    or the one at `box`, which somebody has chosen; with `force` a face that looks like somebody
    else, or unlike its person. With `dry_run` nothing is stored. `source` is the version that was
    trained on the photo and brings it along. `agreed` is recorded with the photo, as far as it is
    not on record."""

    largest: bool = False
    force: bool = False
    dry_run: bool = False
    source: ModelVersion | None = None
    agreed: Agreed | None = None
    box: Box | None = None


USUAL: Final = Options()


class EnrolmentRefused(Exception):
    """The photo does not come into the gallery; `recognition.messages` has the sentence.

    `face` is the one that stands in its way, when it is enrolled under another person.
    """

    def __init__(self, code: str, *, face: EnrolledFace | None = None, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.face = face
        self.params = params


@dataclass(frozen=True)
class Seen:
    """A face as the version in service sees it, in the photo from which its portrait is cut."""

    face: EmbeddedFace
    photo: Image
    predictor: predictors.Predictor


class _EnrolledMeanwhile(Exception):
    """Somebody else enrolled the very same photo while this one was being looked at."""

    def __init__(self, face: EnrolledFace) -> None:
        super().__init__()
        self.face = face


class _ModelSwitched(Exception):
    """Another version went into service while the photo was being looked at."""


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def enrol_photo(
    person: Person,
    data: bytes,
    filename: str,
    *,
    options: Options = USUAL,
    actor: User | None = None,
) -> tuple[EnrolledFace, bool]:
    """Enrol the one face of a photo; False if this very photo was enrolled before.

    An unsaved `person` is stored together with the first photo, so that nobody is added without
    one.

    Raises:
        EnrolmentRefused: the photo cannot be used, or belongs to somebody else already.
        ArtifactError, WeightsMissing: there is no model to embed it with.
    """
    digest = digest_of(data)
    known = enrolled_before(person, digest)
    if known is not None:
        return known, False
    image = _decode(data)

    def look(predictor: predictors.Predictor) -> Seen:
        faces = predictor.recognizer.recognize(image).faces
        return Seen(_the_face(faces, options), image, predictor)

    origin = {"person": person, "photo_digest": digest, "filename": filename[-255:]}
    return enrol_seen({**origin, "source": options.source}, look, options, actor)


def enrol_seen(
    origin: Mapping[str, Any],
    look: Callable[[predictors.Predictor], Seen],
    options: Options = USUAL,
    actor: User | None = None,
) -> tuple[EnrolledFace, bool]:
    """Enrol a face that the version in service is shown by `look`; `origin` are the fields of
    `EnrolledFace` that say whose it is and where it comes from. Raises as `enrol_photo` does.
    """
    _check_consent(origin["person"], options.agreed)
    while True:
        enrolled = EnrolledFace(**origin)
        try:
            _enrol(enrolled, look(predictors.active()), options, actor)
        except _EnrolledMeanwhile as meanwhile:
            return meanwhile.face, False
        except _ModelSwitched:
            continue  # its template has to be of the version that answers from now on
        return enrolled, True


def _enrol(enrolled: EnrolledFace, seen: Seen, options: Options, actor: User | None) -> None:
    face, predictor = seen.face, seen.predictor
    _check_quality(face)
    _note_doubt(enrolled, doubt_about(face, enrolled.person, predictor), options)
    enrolled.box, enrolled.quality = _numbers(face.detected.box), face.quality.score
    if options.dry_run:
        return
    with new_files() as write:
        write(enrolled.crop, imaging.encode_png(face.crop))
        write(enrolled.portrait, portraits.cut(seen.photo, face.detected))
        _add(enrolled, predictor.recognizer.template(face), predictor.version, options, actor)


def _note_doubt(enrolled: EnrolledFace, doubt: Doubt | None, options: Options) -> None:
    if doubt is None:
        return
    if doubt.refuses and not options.force:
        raise _refused(doubt)
    enrolled.objection = str(doubt.objection)
    enrolled.resembles_id = doubt.other.person if doubt.other else None


def _refused(doubt: Doubt) -> EnrolmentRefused:
    nearest = doubt.other.templates[:1] if doubt.other else ()
    face = EnrolledFace.objects.select_related("person").filter(pk__in=nearest).first()
    name = {"name": face.person.display_name} if face else {}
    return EnrolmentRefused(str(doubt.objection), face=face, **name)


def enrolled_before(person: Person, digest: str) -> EnrolledFace | None:
    """The enrolled face of this very photo. Raises `EnrolmentRefused` if it is another's."""
    for face in EnrolledFace.objects.filter(photo_digest=digest).select_related("person"):
        if face.person_id != person.pk:
            raise EnrolmentRefused("enrolled_elsewhere", face=face, name=face.person.display_name)
        return face
    return None


def _decode(data: bytes) -> Image:
    try:
        return bounded.decode(data)
    except PhotoRejected as error:
        raise EnrolmentRefused(error.code, **uploads.details(error)) from error


def _the_face(faces: tuple[EmbeddedFace, ...], options: Options) -> EmbeddedFace:
    if not faces:
        raise EnrolmentRefused("no_face")
    if options.box is not None:
        return min(faces, key=partial(_distance, options.box))
    first, *others = sorted(faces, key=lambda face: face.detected.box.area, reverse=True)
    rival = max((other.detected.box.area for other in others), default=0.0)
    clear = options.largest and first.detected.box.area >= CLEARLY_LARGER * rival
    if others and not clear:
        raise EnrolmentRefused("several_faces", count=len(faces))
    return first


def _distance(box: Box, face: EmbeddedFace) -> float:
    """From middle to middle: another version may find the same face a little aside."""
    found = face.detected.box
    across = found.x + found.width / 2 - box.x - box.width / 2
    return math.hypot(across, found.y + found.height / 2 - box.y - box.height / 2)


def _check_quality(face: EmbeddedFace) -> None:
    if face.quality.score < MINIMUM_FOR_ENROLMENT:
        raise EnrolmentRefused(str(next(iter(face.quality.reasons), "low_quality")))


def _numbers(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]


def _add(
    enrolled: EnrolledFace,
    template: Floats,
    version: ModelVersion,
    options: Options,
    actor: User | None,
) -> None:
    with memory.changing() as changes:
        enrolled.person = _stored(enrolled.person)
        agreements.give_missing(enrolled.person, options.agreed, actor)
        _check_consent(enrolled.person)
        known = enrolled_before(enrolled.person, enrolled.photo_digest)
        if known is not None:
            raise _EnrolledMeanwhile(known)
        _check_still_confirmed(enrolled)
        if registry.active() != version:
            raise _ModelSwitched
        if not Person.objects.filter(pk__in=[enrolled.resembles_id]).exists():
            enrolled.resembles = None
        enrolled.save()
        embedding = template.astype("<f4").tobytes()
        Template.objects.create(face=enrolled, model_version=version, embedding=embedding)
        changes.added(enrolled.pk, enrolled.person_id)
        details = {"reviewed": True} if enrolled.from_review else {}
        emitting.enrolled(enrolled)
        record(actor, "face.enrolled", enrolled, person=enrolled.person_id, **details)


def _check_consent(person: Person, agreed: Agreed | None = None) -> None:
    """With `agreed`, as if that was on record."""
    covered = Purpose.RECOGNITION in agreements.missing(person, agreed)
    if not covered and not consent.may_enrol(person):
        raise EnrolmentRefused("no_consent")


def _check_still_confirmed(enrolled: EnrolledFace) -> None:
    """Whoever takes a verdict back waits for the gallery's lock, and then takes the photo out."""
    if enrolled.from_review:
        theirs = ProbeFace.objects.filter(said_to_be(enrolled.person), pk__in=[enrolled.probe_id])
        if not theirs.exists():
            raise EnrolmentRefused("not_confirmed")


def _stored(person: Person) -> Person:
    """The person's row, or that of whom they were merged with. Whoever removes or merges people
    holds the gallery's lock too, as does this."""
    if person.pk is None:
        found, _ = Person.objects.get_or_create(name=person.name, external_id=person.external_id)
        return found
    now = Merge.now([person.pk]).get(person.pk, person.pk)
    there = Person.objects.filter(pk=now).first()
    if there is None:
        raise EnrolmentRefused("person_removed")
    return there
