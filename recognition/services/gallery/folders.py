"""Enrolling a folder of people: in it a folder for each, named after them, with their photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from ml.errors import PhotoRejected
from ml.leftovers import is_left_behind
from recognition.models import Person
from recognition.services.gallery import owners
from recognition.services.gallery.enrolling import EnrolmentRefused, enrol_photo
from recognition.services.photos import uploads

NAME_LENGTH: Final = 200


@dataclass(frozen=True)
class RefusedPath:
    path: Path
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Plan:
    """What a folder holds, by names alone: photos by the name of their person.

    `passed_over` counts what systems left behind there; see `ml.leftovers`.
    """

    photos: dict[str, list[Path]] = field(default_factory=dict)
    refused: list[RefusedPath] = field(default_factory=list)
    passed_over: int = 0

    @property
    def total(self) -> int:
        return sum(map(len, self.photos.values()))


@dataclass
class Summary:
    """`people` counts those of the folder who are in the gallery now, with a photo or more."""

    people: int = 0
    enrolled: int = 0
    unchanged: int = 0
    passed_over: int = 0
    refused: list[RefusedPath] = field(default_factory=list)


Looked = Callable[[RefusedPath | None], None]
"""Called after each photo, with its refusal if there is one."""


def scan(root: Path) -> Plan:
    """Find the photos, without opening any."""
    plan = Plan()
    for entry in _entries(root, plan):
        name = normalize("NFC", entry.name.strip())
        if not entry.is_dir():
            plan.refused.append(RefusedPath(entry, "not_in_a_folder"))
        elif not _is_a_name(name):
            plan.refused.append(RefusedPath(entry, "bad_name"))
        else:
            _scan_person(entry, plan.photos.setdefault(name, []), plan)
    return plan


def _scan_person(folder: Path, photos: list[Path], plan: Plan) -> None:
    try:
        entries = _entries(folder, plan)
    except OSError:
        plan.refused.append(RefusedPath(folder, "unreadable_file"))
        return
    photos += [entry for entry in entries if not entry.is_dir()]
    plan.refused += [RefusedPath(entry, "nested_folder") for entry in entries if entry.is_dir()]
    if not entries:
        plan.refused.append(RefusedPath(folder, "empty_folder"))


def _entries(folder: Path, plan: Plan) -> list[Path]:
    """What somebody put into a folder, by name; the rest is counted and passed over."""
    entries = sorted(folder.iterdir())
    meant = [entry for entry in entries if not is_left_behind(entry.name)]
    plan.passed_over += len(entries) - len(meant)
    return meant


def _is_a_name(name: str) -> bool:
    try:
        name.encode()  # a name in no known encoding comes from the file system as surrogates
    except UnicodeEncodeError:
        return False
    return 0 < len(name) <= NAME_LENGTH


def enrol(plan: Plan, *, largest: bool, looked: Looked) -> Summary:
    """Enrol photo by photo, each in its own transaction: what is done stays done if this stops."""
    summary, people = Summary(0, 0, 0, plan.passed_over, list(plan.refused)), set[int]()
    for name, photos in plan.photos.items():
        person = owners.owner_of(name, photos)
        for path in photos:
            person, refused = _enrol(person, path, largest, summary)
            looked(refused)
        if person.pk is not None and person.faces.exists():
            people.add(person.pk)  # two folders may spell one name
            owners.remember(name, person)
    summary.people = len(people)
    return summary


def _enrol(
    person: Person, path: Path, largest: bool, summary: Summary
) -> tuple[Person, RefusedPath | None]:
    try:
        photo = uploads.read_file(path)
        face, created = enrol_photo(person, photo, _printable(path.name), largest=largest)
    except PhotoRejected as error:
        refused = RefusedPath(path, error.code, uploads.details(error))
    except EnrolmentRefused as error:
        refused = RefusedPath(path, error.code, error.params)
    else:
        summary.enrolled += created
        summary.unchanged += not created
        return face.person, None
    summary.refused.append(refused)
    return person, refused


def _printable(name: str) -> str:
    """A file name in no known encoding cannot be stored as it is."""
    return name.encode(errors="replace").decode()
