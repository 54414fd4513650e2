"""The site's own faces as training data, and who was trained on.

People go into a training by their number alone. Their names would stay in the files of a model
version (labels, confused pairs, lists of photos) after they have been renamed or erased.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from facesite.storage import kept
from ml.files import write_whole
from ml.language import tell
from recognition.models import (
    EnrolledFace,
    Person,
    ProbeFace,
    Purpose,
    Status,
    TrainedPerson,
    TrainingRun,
)
from recognition.models.identification import CONFIRMED
from recognition.services import consent

FACES: Final = "faces.json"
TWO_PEOPLE: Final = "photo_of_two_people"
"""The code of the one error whose sentence has names of people of the site."""

Faces = Mapping[str, Sequence[Path]]
"""Files of aligned crops by the number of the person."""


def site_dataset() -> dict[str, list[Path]]:
    """Enrolled faces, and faces of which a reviewer said whose they are, of people whose consent
    covers training."""
    enrolled = EnrolledFace.objects.filter(consent.covers(Purpose.TRAINING, "person"))
    confirmed = ProbeFace.objects.filter(review__in=CONFIRMED)
    probes = confirmed.filter(consent.covers(Purpose.TRAINING, "true_person"))
    rows = [
        *enrolled.order_by("pk").values_list("person_id", "crop"),
        *probes.order_by("pk").values_list("true_person_id", "crop"),
    ]
    faces: dict[str, list[Path]] = defaultdict(list)
    for person, crop in rows:
        faces[str(person)].append(Path(settings.MEDIA_ROOT) / crop)
    return dict(faces)


def folder(run: TrainingRun) -> Path:
    """Where a run keeps its checkpoints until it is done."""
    return Path(settings.DATA_DIR) / "training" / run.name


def faces_of(run: TrainingRun) -> tuple[dict[str, list[Path]], bool]:
    """The faces that a run began with, so that going on means the same ones; and whether some of
    them are gone. Then it has to begin anew, with those that there are now."""
    noted, now = folder(run) / FACES, site_dataset()
    anew = noted.is_file()
    if anew:
        before = _read(noted)
        if all(set(crops) <= set(now.get(person, ())) for person, crops in before.items()):
            return before, False
        shutil.rmtree(folder(run))
    folder(run).mkdir(parents=True, exist_ok=True)
    _write(noted, now)
    return now, anew


def readable(faces: Faces, place: Path) -> dict[str, list[Path]]:
    """The same faces in files of this disk that are not encrypted; where photos are neither, copies
    in the folder `place`, which has to go with whatever they are read for."""
    if kept().is_readable():
        return {person: list(crops) for person, crops in faces.items()}
    return {person: [_copied(crop, place) for crop in crops] for person, crops in faces.items()}


def _copied(crop: Path, place: Path) -> Path:
    copy = place / "faces" / crop.name
    copy.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError), default_storage.open(_name(crop)) as sealed:
        copy.write_bytes(sealed.read())
    return copy


def _name(crop: Path) -> str:
    """As the storage has it."""
    return str(crop.relative_to(settings.MEDIA_ROOT))


def _read(noted: Path) -> dict[str, list[Path]]:
    media = Path(settings.MEDIA_ROOT)
    faces = json.loads(noted.read_text())
    return {person: [media / crop for crop in crops] for person, crops in faces.items()}


def _write(noted: Path, faces: Faces) -> None:
    crops = {person: list(map(_name, faces[person])) for person in faces}
    write_whole(noted, json.dumps(crops))


def two_people_with_one_face(faces: Faces) -> str:
    """The sentence about a face that is enrolled under one person and was confirmed as another."""
    owners: dict[str, str] = {}
    for person, crops in faces.items():
        for crop in crops:
            if crop.is_file():
                digest = sha256(crop.read_bytes()).hexdigest()
                if (other := owners.setdefault(digest, person)) != person:
                    return _same_face(other, person)
    return ""


def _same_face(one: str, other: str) -> str:
    names = [Person.objects.get(pk=person).display_name for person in (one, other)]
    return tell(
        "%(one)s and %(other)s have the same face: a photo is enrolled under one of them and was "
        "confirmed as the other. Correct the review, or remove the photo.",
        one=names[0],
        other=names[1],
    )


def forget(person: Person) -> None:
    """Mark what was trained on a person who is being removed; what runs that do not run keep of
    them to go on with is dropped, and so are the sentences that may have their name."""
    trained = TrainedPerson.objects.filter(person_id=person.pk, erased_at=None)
    trained.update(erased_at=timezone.now())
    _drop_names(TrainingRun.objects.all())
    transaction.on_commit(_drop_what_shows_the_erased, robust=True)


def _drop_what_shows_the_erased() -> None:
    for run in TrainingRun.objects.exclude(status=Status.RUNNING):
        drop_if_it_shows_the_erased(run)


def drop_if_it_shows_the_erased(run: TrainingRun) -> None:
    """Drop the folder of a run that has faces of somebody who is no longer there. Its sentence too:
    the run may have ended with their name a moment after they were removed."""
    noted = folder(run) / FACES
    if noted.is_file():
        people = list(map(int, json.loads(noted.read_text())))
        if Person.objects.filter(pk__in=people).count() < len(people):
            shutil.rmtree(noted.parent)
            _drop_names(TrainingRun.objects.filter(pk=run.pk))


def _drop_names(runs: QuerySet[TrainingRun]) -> None:
    """Drop the sentence on two people with one face. It names them as they were called then, so
    that it cannot be searched for a name; its code says the same without names."""
    runs.filter(error_code=TWO_PEOPLE).update(message="")
