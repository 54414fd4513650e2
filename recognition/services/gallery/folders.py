"""A folder of people: in it a folder for each, named after them, with their photos."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from ml.leftovers import is_left_behind

NAME_LENGTH: Final = 200


@dataclass(frozen=True)
class Note:
    """What there is to say of a file or folder; `recognition.messages` has the sentence."""

    path: Path
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Plan:
    """What a folder holds, by names alone: photos by the name of their person.

    `passed_over` counts what systems left behind there; see `ml.leftovers`.
    """

    photos: dict[str, list[Path]] = field(default_factory=dict)
    refused: list[Note] = field(default_factory=list)
    passed_over: int = 0

    @property
    def total(self) -> int:
        return sum(map(len, self.photos.values()))


def scan(root: Path) -> Plan:
    """Find the photos, without opening any."""
    plan = Plan()
    for entry in _entries(root, plan):
        name = normalize("NFC", entry.name.strip())
        if not entry.is_dir():
            plan.refused.append(Note(entry, "not_in_a_folder"))
        elif not _is_a_name(name):
            plan.refused.append(Note(entry, "bad_name"))
        else:
            _scan_person(entry, plan.photos.setdefault(name, []), plan)
    return plan


def _scan_person(folder: Path, photos: list[Path], plan: Plan) -> None:
    try:
        entries = _entries(folder, plan)
    except OSError:
        plan.refused.append(Note(folder, "unreadable_file"))
        return
    photos += [entry for entry in entries if not entry.is_dir()]
    plan.refused += [Note(entry, "nested_folder") for entry in entries if entry.is_dir()]
    if not entries:
        plan.refused.append(Note(folder, "empty_folder"))


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
