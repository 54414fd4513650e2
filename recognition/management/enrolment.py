"""What the command that enrols says, with the option that helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from recognition.messages.photos import noted
from recognition.services.gallery.archives import ArchiveUnusable
from recognition.services.gallery.bulk import Summary
from recognition.services.gallery.folders import Note

_FORCE: Final = "--force enrols it all the same."
_HELPS: Final = {
    "several_faces": "--largest takes the clearly largest face.",
    "looks_like_another": _FORCE,
    "unlike_others": _FORCE,
    "no_consent": "--consent --consent-to both records it of everybody in the folder.",
}
_TABLES: Final = {
    "table_unreadable": "This is no table in CSV; save it anew, in UTF-8.",
    "table_without_names": "The first line has to name the columns: name, external_id, consent.",
    "row_without_name": "Line %(line)d has no name.",
    "row_of_nobody": "Line %(line)d: no folder has this name.",
    "row_repeated": "Line %(line)d: another line is about this person already.",
    "row_consent": "Line %(line)d: as consent it takes yes or no, or nothing.",
    "row_external_id": "Line %(line)d: the external id is too long.",
}
_ARCHIVES: Final = {
    "archive_unreadable": "is no ZIP archive, or it is damaged: %(trouble)s.",
    "archive_encrypted": "is encrypted; unpack it, and enrol the folder.",
    "archive_too_large": "holds more than %(files)d files or %(bytes)d bytes; enrol it in parts.",
}


def unusable(archive: object, refused: ArchiveUnusable) -> str:
    """Why nothing of an archive is enrolled."""
    return f"The file {archive} {_ARCHIVES[refused.code] % refused.params}"


def sentence(note: Note) -> str:
    """What there is to say of a photo, a folder or a table."""
    if note.code in _TABLES:
        return _TABLES[note.code] % note.params
    return " ".join(filter(None, [noted(note.code, note.params), _HELPS.get(note.code)]))


def as_dict(summary: Summary) -> dict[str, Any]:
    counts = {
        "people": summary.people,
        "enrolled": summary.enrolled,
        "unchanged": summary.unchanged,
        "passed_over": summary.passed_over,
    }
    notes = {"refused": summary.refused, "remarks": summary.remarks}
    return {**counts, **{kind: list(map(_note, of)) for kind, of in notes.items()}}


def _note(note: Note) -> dict[str, str]:
    return {"path": note.path, "reason": note.code, "message": sentence(note)}


def taken_out(photos: int, *, dry_run: bool) -> str:
    said = "would be taken out" if dry_run else "were taken out"
    return f"Photos from reviews that {said} of the gallery: {photos}."


def in_words(summary: Summary, options: Mapping[str, Any]) -> str:
    whose = "with reviewed photos" if options["reviewed"] else "of this folder"
    people, enrolled = f"People {whose} in the gallery: {summary.people}.", "enrolled"
    if options["dry_run"]:
        people = f"Nothing was changed. People {whose} would be in it: {summary.people}."
        enrolled = "would be enrolled"
    lines = [
        f"{people} Photos: {summary.enrolled} {enrolled}, {summary.unchanged} unchanged, "
        f"{len(summary.refused)} refused."
    ]
    if summary.remarks:
        lines.append(f"With a remark: {len(summary.remarks)}.")
    if summary.passed_over:
        lines.append(f"Passed over, left behind by systems: {summary.passed_over}.")
    return "\n".join(lines)
