"""What the command that enrols says, with the option that helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognition.messages.imports import of_file
from recognition.services.gallery.archives import ArchiveUnusable
from recognition.services.gallery.bulk import Summary
from recognition.services.gallery.folders import Note

_FORCE: Final = gettext_lazy("--force enrols it anyway.")
_HELPS: Final = {
    "several_faces": gettext_lazy("--largest takes the face that is clearly the largest."),
    "looks_like_another": _FORCE,
    "unlike_others": _FORCE,
    "no_consent": gettext_lazy(
        "--consent --consent-to both records it of everybody in the folder."
    ),
}
_ARCHIVES: Final = {
    "archive_unreadable": gettext_lazy(
        "The file %(archive)s is not a ZIP archive, or it is damaged: %(trouble)s."
    ),
    "archive_encrypted": gettext_lazy(
        "The file %(archive)s is encrypted; unpack it, and enrol the folder."
    ),
    "archive_too_large": gettext_lazy(
        "The file %(archive)s holds more than %(files)d files or %(bytes)d bytes; enrol it in "
        "parts."
    ),
}


def unusable(archive: object, refused: ArchiveUnusable) -> str:
    """Why nothing of an archive is enrolled."""
    return str(_ARCHIVES[refused.code]) % {"archive": archive, **refused.params}


def sentence(note: Note) -> str:
    """What there is to say of a photo, a folder or a table."""
    helps = str(_HELPS.get(note.code, ""))
    return " ".join(filter(None, [of_file(note.code, note.params), helps]))


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
    said = (
        _("Photos from reviews that would be taken out of the gallery: %(photos)d.")
        if dry_run
        else _("Photos from reviews that were taken out of the gallery: %(photos)d.")
    )
    return said % {"photos": photos}


def in_words(summary: Summary, options: Mapping[str, Any]) -> str:
    counted = {
        "people": summary.people,
        "enrolled": summary.enrolled,
        "unchanged": summary.unchanged,
        "refused": len(summary.refused),
    }
    lines = [f"{_people(options)} {_photos(options)}" % counted]
    if summary.remarks:
        lines.append(_("With a remark: %(count)d.") % {"count": len(summary.remarks)})
    if summary.passed_over:
        said = _("Passed over, as files of the operating system: %(count)d.")
        lines.append(said % {"count": summary.passed_over})
    return "\n".join(lines)


def _people(options: Mapping[str, Any]) -> str:
    if options["reviewed"]:
        is_so = _("People with reviewed photos in the gallery: %(people)d.")
        would_be = _("Nothing was changed. People with reviewed photos would be in it: %(people)d.")
    else:
        is_so = _("People of this folder in the gallery: %(people)d.")
        would_be = _("Nothing was changed. People of this folder would be in it: %(people)d.")
    return would_be if options["dry_run"] else is_so


def _photos(options: Mapping[str, Any]) -> str:
    if options["dry_run"]:
        return _(
            "Photos: %(enrolled)d would be enrolled, %(unchanged)d unchanged, %(refused)d refused."
        )
    return _("Photos: %(enrolled)d enrolled, %(unchanged)d unchanged, %(refused)d refused.")
