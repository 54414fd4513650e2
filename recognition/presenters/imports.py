"""An import of people: how far it is, and what came, or would come, of each photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.utils.functional import Promise

from recognition.messages.imports import of_file
from recognition.models import Import, ImportFile, ImportRun, Person, Status
from recognition.presenters.progress import Progress
from recognition.services.identification.reading import badge_radius

PEOPLE_ON_A_PAGE = 24
FORCED = {"looks_like_another", "unlike_others"}

Outcome = ImportFile.Outcome
_COUNTS = {one.name.lower(): Count("pk", filter=Q(outcome=one)) for one in Outcome}


@dataclass(frozen=True)
class FileLine:
    """A photo that there is something to say of."""

    row: ImportFile

    @property
    def said(self) -> str:
        face, other = self.row.face, self.row.other
        code = self.row.code
        if self.row.outcome == Outcome.ENROLLED:  # others who came later may have cleared it
            code, other = (face.objection, face.resembles) if face else ("", None)
        name = {"name": other.display_name} if other else {}
        return of_file(code, {**self.row.params, **name})

    @property
    def outcome(self) -> str | Promise:
        return Outcome(self.row.outcome).label

    @property
    def boxes(self) -> list[tuple[int, list[float], bool]]:
        """The faces among which somebody chooses: number, box, and whether it is the chosen one."""
        faces = self.row.faces if self.row.preview else []
        return [(number, box, box == self.row.box) for number, box in enumerate(faces, start=1)]

    @property
    def badge(self) -> int:
        return badge_radius(self.row.width, self.row.height)

    @property
    def can_be_forced(self) -> bool:
        return self.row.code in FORCED and not self.row.force


@dataclass(frozen=True)
class PersonLine:
    """A folder: whose it is, how many photos of it came to what, and those that need a look."""

    folder: str
    person: Person | None
    counts: dict[str, int]
    files: list[FileLine]

    @property
    def name(self) -> str:
        return (self.person or Person(name=self.folder)).display_name


class ImportPage:
    def __init__(self, batch: Import, number: Any = 1) -> None:
        self.batch = batch
        self._number = number

    @cached_property
    def runs(self) -> list[ImportRun]:
        return list(self.batch.runs.order_by("enrols"))

    @property
    def run(self) -> ImportRun | None:
        """The look, or the enrolment once that was asked for."""
        return self.runs[-1] if self.runs else None

    @cached_property
    def progress(self) -> Progress:
        return Progress(self.runs[-1:])

    @property
    def ready(self) -> bool:
        """Whether everything was looked at, and nothing is enrolled yet."""
        return bool(self.run and not self.run.enrols and self.run.status == Status.DONE)

    @property
    def over(self) -> bool:
        return bool(self.run and self.run.enrols and self.run.status == Status.DONE)

    @property
    def failed(self) -> bool:
        return bool(self.run and self.run.status == Status.FAILED)

    @cached_property
    def files(self) -> dict[str, int]:
        """How many there are, how many were gone through, and how many came to what."""
        every = {"total": Count("pk"), "through": Count("pk", filter=Q(done=True))}
        found: dict[str, int] = self.batch.files.aggregate(**every, **_COUNTS)
        return found

    @property
    def share(self) -> float:
        return self.files["through"] / max(1, self.files["total"])

    @property
    def state(self) -> str:
        """Changes when the page has to."""
        return f"{self.progress.state}-{self.files['through']}"

    @cached_property
    def people(self) -> Page[Any]:
        rows = self.batch.files.exclude(folder="").values("folder")
        folders = rows.annotate(photos=Count("pk"), whose=Max("person"), **_COUNTS)
        return Paginator(folders.order_by("folder"), PEOPLE_ON_A_PAGE).get_page(self._number)

    @property
    def lines(self) -> Iterator[PersonLine]:
        known = Person.objects.in_bulk([row["whose"] for row in self.people if row["whose"]])
        files = list(noteworthy(self.batch).filter(folder__in=[r["folder"] for r in self.people]))
        for row in self.people:
            own = [FileLine(file) for file in files if file.folder == row["folder"]]
            yield PersonLine(row["folder"], known.get(row["whose"]), row, own)

    @property
    def notes(self) -> list[tuple[str, str]]:
        """On folders and tables: which, and what is wrong. The look may have ended, and left them,
        after the batch was read."""
        stored = Import.objects.filter(pk=self.batch.pk).values_list("notes", flat=True).first()
        return [(one["path"], of_file(one["code"], one["params"])) for one in stored or []]


def noteworthy(batch: Import) -> QuerySet[ImportFile]:
    """Photos that there is something to say of."""
    files = batch.files.exclude(code="", outcome__in=(Outcome.NEW, Outcome.UNCHANGED, Outcome.NONE))
    said = files.exclude(code="", outcome=Outcome.ENROLLED, face__objection="")
    return said.select_related("other", "face__resembles").order_by("path")


def report(batch: Import) -> Iterator[tuple[str, str, str, str]]:
    """Each photo: its path, its person, what came of it, and what there is to say."""
    yield from (("", "", path, said) for path, said in ImportPage(batch).notes)
    rows = batch.files.exclude(folder="").select_related("other", "face__resembles", "person")
    for row in rows.order_by("folder", "path").iterator(chunk_size=500):
        line = FileLine(row)
        yield (
            row.path,
            PersonLine(row.folder, row.person, {}, []).name,
            str(line.outcome),
            line.said,
        )
