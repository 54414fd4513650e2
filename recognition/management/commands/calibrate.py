from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.errors import ArtifactError
from ml.evaluation.datasets import DatasetError, read_people
from ml.evaluation.fitting import fit
from ml.evaluation.samples import Embeddings
from recognition.management.base import SiteCommand
from recognition.management.installed import require_everything
from recognition.management.photos import Photos
from recognition.management.terminal import progress_bar


class Command(SiteCommand):
    help = gettext_noop(
        "Fits what similarities mean (threshold and probability) to photos of known people, who "
        "must not be in anything that is measured and quoted afterwards. Prints the numbers that "
        "a model version keeps in its calibration.json."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            metavar="DIR",
            help=_("a folder of photos per person"),
        )
        parser.add_argument(
            "--exclude",
            type=Path,
            metavar="DIR",
            help=_("leave out people who have a folder there, too"),
        )
        parser.add_argument("--model", metavar="V", help=_("a model version (the active one)"))
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help=_("write the numbers there")
        )

    def handle(self, **options: Any) -> None:
        require_everything()
        try:
            people = read_people(options["data"])
            left_out = _named_in(options["exclude"], people) if options["exclude"] else set()
            kept = {name: photos for name, photos in people.items() if name not in left_out}
            embeddings = Photos.open(options["model"]).embeddings(kept)
            with progress_bar(_("galleries")) as progress:
                fitted = fit(embeddings, _source(options, embeddings, left_out), progress=progress)
        except (DatasetError, ArtifactError, ValueError) as error:
            raise CommandError(str(error)) from error
        found = fitted.as_dict()
        if options["output"]:
            fitted.save(options["output"])
        if options["json"] or not options["output"]:
            self.stdout.write(json.dumps(found, indent=None if options["json"] else 2))


def _named_in(folder: Path, people: dict[str, list[Path]]) -> set[str]:
    """People of both data sets; the sets do not agree on capitals."""
    others = {name.casefold() for name in read_people(folder)}
    return {name for name in people if name.casefold() in others}


def _source(
    options: dict[str, Any], embeddings: dict[str, Embeddings], left_out: set[str]
) -> dict[str, Any]:
    excluded = f" --exclude {options['exclude'].name}" if options["exclude"] else ""
    return {
        "data": options["data"].resolve().name,
        "people": len(embeddings),
        "photos": sum(map(len, embeddings.values())),
        "left_out": sorted(left_out),
        "command": f"manage.py calibrate --data {options['data'].name}{excluded}",
    }
