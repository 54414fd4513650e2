"""A merge that was wrong, taken back: what had been somebody's own is theirs again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db.models import Model

from recognition.models import Candidate, EnrolledFace, FolderName, Merge, Person, ProbeFace, User
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.gallery.merging import FACES, MergeRefused, Verdict, columns

_BATCH: Final = 500


def undo(merge: Merge, actor: User | None) -> Person:
    """Bring back the entry that was merged away, by its old number, with all that came from it and
    is still the person's; what has come since stays where it is.

    Raises:
        MergeRefused: there is another person of that name by now, or nothing is left to bring back.
    """
    with memory.changing() as changes:
        merge = _still_there(merge)
        _check_name(merge)
        faces = _check_photos(merge)
        person, back = merge.person, _back(merge)
        for label, column in columns():
            _return(*column, merge.moved.get(label, []), person.pk, back.pk)
        _say_as_before(merge, person)
        _restore_candidates(merge)
        merge.delete()
        changes.moved(faces, person.pk, back.pk)
        changes.again(person.faces.values_list("pk", "person_id"))
        record(actor, "person.unmerged", person, back=back.pk, photos=len(faces))
    return back


def _still_there(merge: Merge) -> Merge:
    there = Merge.objects.select_related("person").filter(pk=merge.pk).first()
    if there is None:
        raise MergeRefused("merge_gone")
    return there


def _check_name(merge: Merge) -> None:
    if Person.shown_as(merge.name).filter(external_id=merge.external_id).exists():
        raise MergeRefused("name_taken", name=merge.display_name)


def _check_photos(merge: Merge) -> list[int]:
    """The photos that go back. Without any there would be nothing to tell the two apart by."""
    moved = merge.moved[FACES]
    still = EnrolledFace.objects.filter(person=merge.person).values_list("pk", flat=True)
    faces = sorted(set(moved) & set(still))
    if moved and not faces:
        raise MergeRefused("photos_gone", name=merge.display_name)
    return faces


def _back(merge: Merge) -> Person:
    return Person.objects.create(
        pk=merge.gone,
        name=merge.name,
        external_id=merge.external_id,
        notes=merge.notes,
        hidden_at=merge.hidden_at,
        created_at=merge.added_at,
    )


def _return(
    model: type[Model], column: str, numbers: Sequence[Any], before: int, after: int
) -> None:
    rows = model._default_manager.filter(**{column: before})
    for batch in _batches(numbers):
        rows.filter(pk__in=batch).update(**{column: after})


def _batches(numbers: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """A database takes only so many numbers at once."""
    return (numbers[start : start + _BATCH] for start in range(0, len(numbers), _BATCH))


def _say_as_before(merge: Merge, person: Person) -> None:
    """Notes, whether they are hidden, names of folders, and verdicts."""
    person.notes = person.notes.removesuffix(merge.notes).rstrip()
    if person.hidden_at == merge.merged_at:
        person.hidden_at = None
    person.save(update_fields=["notes", "hidden_at"])
    FolderName.objects.filter(pk__in=merge.moved["folders"]).delete()
    for batch in _batches(merge.moved["verdicts"]):
        faces = ProbeFace.objects.filter(pk__in=batch, review=Verdict.RIGHT)
        faces.update(review=Verdict.SOMEBODY_ELSE)


def _restore_candidates(merge: Merge) -> None:
    """Of answers that are still there. The person may have been merged with somebody since."""
    for batch in _batches(merge.moved["candidates"]):
        faces = ProbeFace.objects.filter(pk__in=[values["face_id"] for values in batch])
        there = set(faces.values_list("pk", flat=True))
        Candidate.objects.bulk_create(
            Candidate(**values | {"person_id": _whose(merge, values["person_id"])})
            for values in batch
            if values["face_id"] in there
        )


def _whose(merge: Merge, number: int) -> int:
    return number if number == merge.gone else merge.person_id
