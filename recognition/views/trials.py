from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from recognition.models import Person, Trial
from recognition.presenters import progress as answers
from recognition.services import access
from recognition.views.requests import Request

NEAREST = 2

operators_only = permission_required("recognition.manage_models", raise_exception=True)
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Nearest:
    name: str
    probability: float
    similarity: float


@dataclass(frozen=True)
class Side:
    """What one version says about a face; `people` are those whom it may name."""

    tried: bool
    answer: Json
    people: Mapping[int, Person]

    @property
    def decision(self) -> str:
        return str(self.answer["decision"])

    @property
    def nearest(self) -> list[Nearest]:
        return [
            Nearest(self._name(found["person"]), found["probability"], found["similarity"])
            for found in self.answer["candidates"][:NEAREST]
        ]

    def _name(self, person: int) -> str:
        known = self.people.get(person)
        return str(known) if known else _("A person who has since been removed")

    @property
    def names(self) -> list[str]:
        return [found.name for found in self.nearest]

    @property
    def said(self) -> tuple[object, ...]:
        """What the answer comes down to, so that two can be compared."""
        people = [found["person"] for found in self.answer["candidates"][:NEAREST]]
        named = {"match": people[:1], "ambiguous": sorted(people)}
        return (self.decision, *named.get(self.decision, ()))


@dataclass(frozen=True)
class Face:
    number: int
    box: tuple[float, ...]
    sides: tuple[Side, ...]

    @property
    def differs(self) -> bool:
        return len({side.said for side in self.sides}) > 1


@operators_only
@require_safe
def trial(request: Request, pk: UUID) -> HttpResponse:
    """One photo, and what the candidate says beside the version in service."""
    found = access.visible_trials(request.user).select_related("model_version")
    row = get_object_or_404(found, pk=pk)
    progress = answers.Progress([row])
    if request.htmx and request.GET.get("state") == progress.state:
        return HttpResponse(status=204)
    badge = max(6, round(max(row.width or 0, row.height or 0) * 0.026))
    context = {"trial": row, "progress": progress, "faces": _faces(row), "badge": badge}
    return render(request, "trials/_trial.html" if request.htmx else "trials/trial.html", context)


def _faces(row: Trial) -> list[Face]:
    """The faces from left to right. Both versions were asked about the same ones."""
    name, people = row.model_version.name, _people(row)
    versions = sorted(row.answers, key=lambda version: version != name)  # the one on trial first
    columns = [
        [Side(version == name, face, people) for face in row.answers[version]]
        for version in versions
    ]
    return [
        Face(number, tuple(sides[0].answer["box"]), sides)
        for number, sides in enumerate(zip(*columns, strict=False), start=1)
    ]


def _people(row: Trial) -> dict[int, Person]:
    """Whom the answers may name, by number; who was removed since is missing."""
    faces = chain.from_iterable(row.answers.values())
    named = {found["person"] for face in faces for found in face["candidates"][:NEAREST]}
    return Person.objects.in_bulk(named)
