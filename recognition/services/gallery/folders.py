"""A folder of people: in it a folder for each, named after them, with their photos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from ml.leftovers import is_left_behind
from ml.names import tidy
from recognition.services.photos import uploads

NAME_LENGTH: Final = 200
TABLE: Final = ".csv"


class Place(Protocol):
    """A file or folder, on disk or in an archive; its `str` is what people call it by."""

    @property
    def name(self) -> str: ...

    def is_folder(self) -> bool: ...

    def entries(self) -> Iterator[Place]:
        """What is in a folder. Raises `OSError`."""

    def read(self) -> bytes:
        """The bytes of a file. Raises `PhotoRejected`."""


@dataclass(frozen=True)
class OnDisk:
    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.name

    def is_folder(self) -> bool:
        return self.path.is_dir()

    def entries(self) -> Iterator[OnDisk]:
        return map(OnDisk, self.path.iterdir())

    def read(self) -> bytes:
        return uploads.read_file(self.path)


@dataclass(frozen=True)
class Note:
    """What there is to say of a file or folder; `recognition.messages` has the sentence."""

    path: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What a table says of the person of a folder; `consent` None where it says nothing of it."""

    external_id: str = ""
    consent: bool | None = None


@dataclass
class Plan:
    """What a folder holds, by names alone: photos by the name of their person, and tables that say
    more of people; `rows`, by the same names, is what they say once they are read.

    `passed_over` counts what systems left behind there; see `ml.leftovers`.
    """

    photos: dict[str, list[Place]] = field(default_factory=dict)
    tables: list[Place] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    refused: list[Note] = field(default_factory=list)
    passed_over: int = 0

    @property
    def total(self) -> int:
        return sum(map(len, self.photos.values()))


def scan(root: Place) -> Plan:
    """Find the photos, without opening any. Raises `OSError` if the folder cannot be read."""
    plan = Plan()
    for entry in _entries(root, plan):
        name = tidy(entry.name)
        if entry.is_folder():
            if _is_a_name(name):
                _scan_person(entry, plan.photos.setdefault(name, []), plan)
            else:
                plan.refused.append(Note(str(entry), "bad_name"))
        elif is_table(entry):
            plan.tables.append(entry)
        else:
            plan.refused.append(Note(str(entry), "not_in_a_folder"))
    return plan


def is_table(entry: Place) -> bool:
    return not entry.is_folder() and entry.name.strip().casefold().endswith(TABLE)


def _scan_person(folder: Place, photos: list[Place], plan: Plan) -> None:
    try:
        entries = _entries(folder, plan)
    except OSError:
        plan.refused.append(Note(str(folder), "unreadable_file"))
        return
    photos += [entry for entry in entries if not entry.is_folder()]
    nested = (entry for entry in entries if entry.is_folder())
    plan.refused += [Note(str(entry), "nested_folder") for entry in nested]
    if not entries:
        plan.refused.append(Note(str(folder), "empty_folder"))


def _entries(folder: Place, plan: Plan) -> list[Place]:
    """What somebody put into a folder, by name; the rest is counted and passed over."""
    entries = sorted(folder.entries(), key=lambda entry: entry.name)
    meant = [entry for entry in entries if not is_left_behind(entry.name)]
    plan.passed_over += len(entries) - len(meant)
    return meant


def _is_a_name(name: str) -> bool:
    try:
        name.encode()  # a name in no known encoding comes from the file system as surrogates
    except UnicodeEncodeError:
        return False
    return 0 < len(name) <= NAME_LENGTH
