"""Looking for what should be gone in the raw bytes of everything that the site has stored."""

from __future__ import annotations

import json
import mmap
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db.models import QuerySet

from facesite.storage import kept
from ml.threads import Progress
from recognition.models import EnrolledFace, Identification, Person, ProbeFace
from recognition.models.identification import said_to_be

SHORTEST: Final = 8
"""Bytes that a text needs to be told from chance."""


def of_text(text: str) -> set[bytes]:
    """The bytes as which a text may be stored: as itself, in JSON, in an address."""
    spelt = {text, text.replace("_", " "), text.replace(" ", "_")}
    escaped = {json.dumps(one)[1:-1] for one in spelt} | {quote(one) for one in spelt}
    return {one.encode() for one in spelt | escaped if one}


def of_person(person: Person) -> set[bytes]:
    """All that somebody could be found by: name, external id, notes, folders, the same of entries
    that were merged with theirs, and of each of their photos file name, digest, stored files and
    embeddings. Those of which somebody said so are theirs.

    Not what would be found anyhow: texts so short that they are somewhere by chance, and names that
    files of others have too.
    """
    enrolled = person.faces.values_list("photo_digest", "crop", "portrait")
    asked = ProbeFace.objects.filter(said_to_be(person))
    of_asked = asked.values_list("identification__photo", "crop")
    said = {person.name, person.external_id, *person.folder_names.values_list("name", flat=True)}
    said.update(text for row in person.merges.values_list("name", "external_id") for text in row)
    said.update(*_notes(person))
    said.update(text for row in (*enrolled, *of_asked) for text in row)
    said |= _filenames(person, asked)
    found = {needle for text in said for needle in of_text(text) if len(needle) >= SHORTEST}
    templates = person.faces.values_list("templates__embedding", flat=True)
    embeddings = (*templates, *asked.values_list("embedding", flat=True))
    return found | {bytes(embedding) for embedding in embeddings if embedding}


def _notes(person: Person) -> Iterator[list[str]]:
    """Line by line, as a page of the database need not hold them in one piece."""
    for notes in (person.notes, *person.merges.values_list("notes", flat=True)):
        yield notes.splitlines()


def _filenames(person: Person, asked: QuerySet[ProbeFace]) -> set[str]:
    theirs = {
        *person.faces.values_list("filename", flat=True),
        *asked.values_list("identification__filename", flat=True),
    }
    others = {
        *EnrolledFace.objects.filter(filename__in=theirs)
        .exclude(person=person)
        .values_list("filename", flat=True),
        *Identification.objects.filter(filename__in=theirs)
        .exclude(faces__in=asked)
        .values_list("filename", flat=True),
    }
    return theirs - others


def found(needles: Collection[bytes], progress: Progress | None = None) -> Iterator[Path]:
    """The files under the data folder, and those kept elsewhere, in which, or in whose name, one of
    `needles` is."""
    paths, elsewhere = sorted(Path(settings.DATA_DIR).rglob("*")), sorted(kept().elsewhere())
    for done, path in enumerate(chain(paths, map(Path, elsewhere)), start=1):
        name = str(path).removeprefix(str(settings.DATA_DIR)).encode()
        if any(needle in name for needle in needles) or _is_in(path, needles):
            yield path
        if progress:
            progress(done, len(paths) + len(elsewhere))


def _is_in(path: Path, needles: Collection[bytes]) -> bool:
    with suppress(FileNotFoundError):  # it went a moment ago
        if not path.is_absolute():
            data = kept().raw(str(path))
            return any(needle in data for needle in needles)
        return path.is_file() and _is_on_disk(path, needles)
    return False


def _is_on_disk(path: Path, needles: Collection[bytes]) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            return any(held.find(needle) >= 0 for needle in needles)
    except ValueError:  # there is nothing in it
        return False
