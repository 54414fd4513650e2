"""Two entries of one person become one, and two again if that was wrong.

Everything that names the one who goes names the one who stays: whatever table refers to people
follows by that alone. The numbers of those rows are kept, so that the way back is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Exists, F, ManyToOneRel, Model, OuterRef

from recognition.models import (
    Candidate,
    Consent,
    Finding,
    Look,
    Merge,
    Person,
    ProbeFace,
    Purpose,
    TrainedPerson,
    User,
)
from recognition.services import consent
from recognition.services.audit import record
from recognition.services.gallery import findings, memory, owners
from recognition.services.refusals import Refused

FACES: Final = "enrolledface.person_id"
_CANDIDATE: Final = (
    *("face_id", "rank", "person_id"),
    *("similarity", "probability", "other_name", "evidence"),
)
Verdict = ProbeFace.Review
Column = tuple[type[Model], str]


class MergeRefused(Refused):
    """It cannot be done, or undone; `recognition.messages.care` has the sentence."""


def merge(gone: Person, into: Person, actor: User | None) -> Merge:
    """Make one person of two entries: `gone` goes, and all that was theirs is the other's.

    Raises:
        MergeRefused: they are the same entry, or one of them is there no more.
    """
    with memory.changing() as changes:
        gone, into = _both(gone, into)
        done = _remembered(gone, into, actor)
        _agree_on_less(gone, into, done)
        moved = _carry_over(gone, into)
        Merge.objects.filter(pk=done.pk).update(moved=moved)
        _keep_what_was_said(done, into)
        findings.follow_merge(gone, into)
        gone.delete()
        changes.moved(moved[FACES], done.gone, into.pk)
        changes.again(into.faces.values_list("pk", "person_id"))
        record(actor, "person.merged", into, gone=done.gone, photos=len(moved[FACES]))
    return done


def _both(gone: Person, into: Person) -> tuple[Person, Person]:
    """As they are now that nobody else can change the gallery."""
    if gone.pk == into.pk:
        raise MergeRefused("same_entry")
    people = Person.objects.select_for_update().in_bulk([gone.pk, into.pk])
    if len(people) < 2:
        raise MergeRefused("person_gone")
    return people[gone.pk], people[into.pk]


def _remembered(gone: Person, into: Person, actor: User | None) -> Merge:
    return Merge.objects.create(
        person=into,
        gone=gone.pk,
        name=gone.name,
        external_id=gone.external_id,
        notes=gone.notes,
        added_at=gone.created_at,
        hidden_at=gone.hidden_at,
        merged_by=actor,
    )


def _agree_on_less(gone: Person, into: Person, done: Merge) -> None:
    """To what only one of them has agreed, or for longer, nobody has from now on."""
    for purpose in Purpose:
        until = min(consent.ends(person, purpose) for person in (gone, into))
        theirs = consent.current(purpose).filter(person__in=(gone, into))
        longer = [row.pk for row in theirs if (row.expires_at or consent.FOREVER) > until]
        Consent.objects.filter(pk__in=longer).update(set_aside=done)


def _carry_over(gone: Person, into: Person) -> dict[str, list[Any]]:
    """All that was the one's, to the other; returns what `Merge.moved` has."""
    gone.faces.update(chosen=False)
    second = _drop_second_candidates(gone, into)
    moved = {label: _move(*column, gone.pk, into.pk) for label, column in columns()}
    return {
        **moved,
        "candidates": second,
        "verdicts": _right_after_all(into),
        "folders": _call_folders(gone, into),
    }


def _drop_second_candidates(gone: Person, into: Person) -> list[dict[str, Any]]:
    """An answer that had both of them would have one of them twice: the likelier stays."""
    of_both = Candidate.objects.filter(person__in=(gone, into))
    likelier = of_both.filter(face=OuterRef("face"), rank__lt=OuterRef("rank"))
    second = of_both.filter(Exists(likelier))
    dropped = list(second.values(*_CANDIDATE))
    second.delete()
    return dropped


def columns() -> Iterator[tuple[str, Column]]:
    """Every column that says who somebody is, by a name. `TrainedPerson` has numbers alone; what
    was found in the gallery is found anew."""
    relations = Person._meta.get_fields(include_hidden=True)
    fields = [one.field for one in relations if isinstance(one, ManyToOneRel)]
    fields = [field for field in fields if field.model not in (Finding, Look)]
    found: list[Column] = [(field.model, field.attname) for field in fields]
    found.append((TrainedPerson, "person_id"))
    for model, column in found:
        yield f"{model._meta.model_name}.{column}", (model, column)


def _move(model: type[Model], column: str, before: int, after: int) -> list[Any]:
    """Returns the numbers of the rows that named one person, and name another from now on."""
    rows = model._default_manager.filter(**{column: before})
    numbers = list(rows.values_list("pk", flat=True))
    rows.update(**{column: after})
    return numbers


def _right_after_all(into: Person) -> list[int]:
    """Faces that were given one of the two names, of which a reviewer said that it is the other."""
    faces = ProbeFace.objects.filter(review=Verdict.SOMEBODY_ELSE, person=into, true_person=into)
    numbers = list(faces.values_list("pk", flat=True))
    faces.update(review=Verdict.RIGHT)
    return numbers


def _call_folders(gone: Person, into: Person) -> list[int]:
    """Folders of the name that goes are theirs from now on; returns the number of that row."""
    folder = owners.remember(gone.name, into)
    return [folder.pk] if folder else []


def _keep_what_was_said(done: Merge, into: Person) -> None:
    """The notes of both; and somebody hidden does not come out by being merged."""
    into.notes = "\n\n".join(filter(None, (into.notes, done.notes)))
    if done.hidden_at and not into.hidden_at:
        into.hidden_at = done.merged_at
    into.save(update_fields=["notes", "hidden_at"])
    into.faces.filter(resembles=F("person")).update(resembles=None, objection="")
