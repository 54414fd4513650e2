from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from ml.errors import PhotoRejected
from ml.imaging import PHOTO_SUFFIXES
from ml.leftovers import is_left_behind
from recognition.formats import percent, turn
from recognition.management.base import SiteCommand
from recognition.management.terminal import progress_bar
from recognition.management.versions import require_model
from recognition.messages.photos import photo_error
from recognition.models import ProbeFace
from recognition.services.gallery import memory
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import identify_photo
from recognition.services.photos import uploads

Json = dict[str, Any]


class Command(SiteCommand):
    help = gettext_noop(
        "Says who is in photos: the site's own answer, in this process, storing nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths",
            nargs="+",
            type=Path,
            metavar="PATH",
            help=_("a photo, or a folder with photos"),
        )

    def handle(self, **options: Any) -> None:
        version = require_model().version
        paths = [photo for path in options["paths"] for photo in _photos(path)]
        photos = list(self._answered(paths, as_json=options["json"]))
        if options["json"]:
            with memory.current(version) as people:
                sizes = {"people": people.people, "templates": people.templates}
            found = {"model": version.name, "gallery": sizes, "photos": photos}
            self.stdout.write(json.dumps(found))
        if all(photo["error"] for photo in photos):
            sys.exit(1)

    def _answered(self, paths: list[Path], *, as_json: bool) -> Iterator[Json]:
        """One after the other, in words at once; for programs all of them come in the end."""
        with progress_bar("photos", quiet=not as_json) as progress:
            for done, path in enumerate(paths, start=1):
                photo = _photo(path)
                if not as_json:
                    self.stdout.write(_in_words(photo))
                progress(done, len(paths))
                yield photo


def _photos(path: Path) -> list[Path]:
    """The photos of a folder and of all folders in it; a file, whatever it is, stands for itself,
    and so does a folder without photos, which is refused as a file would be."""
    inside = (entry.relative_to(path) for entry in path.rglob("*") if entry.is_file())
    meant = (entry for entry in inside if not any(map(is_left_behind, entry.parts)))
    return sorted(path / entry for entry in meant if entry.suffix.lower() in PHOTO_SUFFIXES) or [
        path
    ]


def _photo(path: Path) -> Json:
    photo: Json = {"path": str(path), "status": "done", "error": None}
    try:
        answer = identify_photo(uploads.read_file(path))
    except PhotoRejected as error:
        seen = dict.fromkeys(("width", "height", "turned", "parts", "cut_short"))
        return {**photo, "status": "rejected", "error": error.code, **seen, "faces": []}
    height, width = answer.image.shape[:2]
    seen = {
        "width": width,
        "height": height,
        "turned": answer.turned,
        "parts": answer.parts,
        "cut_short": answer.cut_short,
    }
    return {**photo, **seen, "faces": Answer.of_memory(answer).as_json()}


def _in_words(photo: Json) -> str:
    if photo["error"]:
        return f"{photo['path']}: {photo_error(photo['error'])}"
    count = len(photo["faces"])
    faces = ngettext("%(count)d face", "%(count)d faces", count) % {"count": count}
    told = [faces if count else _("no faces")]
    if photo["turned"]:
        turned = {"degrees": turn(photo["turned"])}
        told.append(_("the photo is turned by about %(degrees)s clockwise") % turned)
    if photo["cut_short"]:
        told.append(_("the file ends too early"))
    lines = [f"{photo['path']}: {', '.join(told)}", *(_line(face) for face in photo["faces"])]
    return "\n".join(lines)


def _line(face: Json) -> str:
    """One face: the decision, how sure it is, and who came nearest."""
    nearest = ", ".join(
        f"{candidate['person']} {number_format(round(candidate['similarity'], 2), decimal_pos=2)}"
        for candidate in face["candidates"][:2]
    )
    corrected = f"  {_('corrected by a reviewer')}" if face["corrected"] else ""
    decision = ProbeFace.Decision(face["decision"]).label.lower()
    who = f"{face['person'] or '':<24}"
    widest = max(len(label) for label in ProbeFace.Decision.labels)
    return f"  {decision:<{widest}} {who} {_sure(face):>10}  ({nearest}){corrected}"


def _sure(face: Json) -> str:
    """The probability of the name, as pages write it."""
    return "" if face["probability"] is None else percent(face["probability"])
