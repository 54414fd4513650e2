from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ml.errors import PhotoRejected
from recognition.formats import percentage
from recognition.management.versions import require_model
from recognition.messages.photos import photo_error
from recognition.services.gallery import memory
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import identify_photo
from recognition.services.photos import uploads

Json = dict[str, Any]


class Command(BaseCommand):
    help = "Says who is in photos: the site's own answer, in this process, storing nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--json", action="store_true", help="end with one JSON object, for programs"
        )

    def handle(self, **options: Any) -> None:
        version = require_model().version
        photos = []
        for path in options["paths"]:
            photos.append(_photo(path))
            if not options["json"]:
                self.stdout.write(_in_words(photos[-1]))
        if options["json"]:
            with memory.current(version) as people:
                sizes = {"people": people.people, "templates": people.templates}
            self.stdout.write(
                json.dumps({"model": version.name, "gallery": sizes, "photos": photos})
            )


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
    turned = f", the photo is turned by {photo['turned']}° clockwise" if photo["turned"] else ""
    cut_short = ", the file ends too early" if photo["cut_short"] else ""
    faces = f"{count or 'no'} {'face' if count == 1 else 'faces'}"
    lines = [f"{photo['path']}: {faces}{turned}{cut_short}"]
    return "\n".join([*lines, *(_line(face) for face in photo["faces"])])


def _line(face: Json) -> str:
    """One face: the decision, how sure it is, and who came nearest."""
    nearest = ", ".join(
        f"{candidate['person']} {candidate['similarity']:.2f}"
        for candidate in face["candidates"][:2]
    )
    probability = percentage(face["probability"])
    corrected = "  corrected by a reviewer" if face["corrected"] else ""
    who = f"{face['person'] or '':<24}"
    return f"  {face['decision']:<9} {who} {probability:>6}  ({nearest}){corrected}"
