from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml import artifact
from ml.calibration import Policy
from ml.errors import MLError
from ml.evaluation import enrolment, galleries, open_set, verification
from ml.evaluation.datasets import read_pairs, read_people
from ml.evaluation.samples import Photo
from ml.language import percent, rate
from recognition.management import closed_set
from recognition.management.base import SiteCommand
from recognition.management.photos import Photos, version_dir
from recognition.management.terminal import progress_bar
from recognition.services.training.options import CROPS

if TYPE_CHECKING:
    from ml.reports.files import Report

Reported = verification.Verification | open_set.OpenSet | galleries.Galleries | closed_set.Measured
Result = Reported | enrolment.Enrolment

PROTOCOLS = ("closed-set", "verification", "open-set", "galleries", "enrolment")


class Command(SiteCommand):
    help = gettext_noop(
        "Measures a model on photos of known people. closed-set: who is it, of the people it was "
        "made for? verification: are two photos of one person (LFW's 10 folds)? open-set: who is "
        "it, or nobody who is enrolled? galleries: does that hold in small, large and mixed ones? "
        "enrolment: which photos are kept out, of the right person and of somebody else?"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", choices=PROTOCOLS)
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            metavar="DIR",
            help=_("a folder of photos per person"),
        )
        parser.add_argument(
            "--pairs", type=Path, metavar="FILE", help=_("verification: pairs in the format of LFW")
        )
        parser.add_argument(
            "--others", type=Path, metavar="DIR", help=_("galleries: people of another kind")
        )
        parser.add_argument(
            "--enrol",
            type=int,
            default=1,
            metavar="K",
            help=_("open-set, enrolment: photos to enrol (1)"),
        )
        parser.add_argument(
            "--seed",
            type=int,
            default=0,
            help=_("closed-set: splits the photos for a model that brings no split (0)"),
        )
        parser.add_argument(
            "--crops",
            choices=CROPS,
            default="aligned",
            help=_("closed-set: the largest face of a photo, or the photo as it is (aligned)"),
        )
        parser.add_argument("--model", metavar="V", help=_("a model version (the active one)"))
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help=_("write a page with charts there")
        )

    def handle(self, **options: Any) -> None:
        if options["protocol"] == "verification" and not options["pairs"]:
            raise CommandError("Verification needs --pairs FILE.")
        if options["protocol"] == "enrolment" and options["report"]:
            raise CommandError("There is no page about enrolment; leave out --report.")
        try:
            result = self._evaluate(options)
        except MLError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            message = "Stopped. Photos that were looked at are remembered for the next run."
            raise CommandError(message, returncode=130) from None
        if options["report"] and not isinstance(result, enrolment.Enrolment):
            self._report(result, options)
        summary = result.summary()
        self.stdout.write(json.dumps(summary) if options["json"] else in_words(summary))

    def _evaluate(self, options: dict[str, Any]) -> Result:
        match options["protocol"]:
            case "verification":
                pairs = read_pairs(options["pairs"], options["data"])
                photos = list(dict.fromkeys(p for pair in pairs for p in (pair.first, pair.second)))
                looked_at = Photos.open(options["model"])
                calibration = looked_at.recognizer.calibration
                return verification.verify(pairs, looked_at.faces(photos), calibration)
            case "open-set":
                return _open_set(options)
            case "galleries":
                return _galleries(options)
            case "enrolment":
                return _enrolment(options)
        directory = version_dir(options["model"])
        measured = closed_set.measure(directory, options["data"], options["crops"], options["seed"])
        if measured.missing:
            message = f"{measured.missing:,} photos of the split of {directory.name} are not there."
            self.stderr.write(message, self.style.WARNING)
        return measured

    def _report(self, result: Reported, options: dict[str, Any]) -> None:
        from ml.reports import files  # noqa: PLC0415  (loads matplotlib)

        manifest = artifact.read_manifest(version_dir(options["model"]))
        origin = files.Origin(
            model=manifest.version,
            digest=manifest.digest,
            data=options["data"].resolve().name,
            date=timezone.localdate().isoformat(),
            command=f"manage.py evaluate {options['protocol']}",
        )
        try:
            page = _told(result).write(options["report"], origin)
        except OSError as error:
            raise CommandError(f"The report cannot be written: {error}.") from error
        self.stderr.write(f"The report is in {page}.", self.style.SUCCESS)


def _open_set(options: dict[str, Any]) -> open_set.OpenSet:
    split = open_set.split(read_people(options["data"]), options["enrol"])
    looked_at = Photos.open(options["model"])
    faces = looked_at.faces(split.photos)
    calibration = looked_at.recognizer.calibration
    with progress_bar("searching") as progress:
        return open_set.evaluate(
            split, faces, calibration, Policy(settings.TARGET_FPIR), progress=progress
        )


def _galleries(options: dict[str, Any]) -> galleries.Galleries:
    looked_at = Photos.open(options["model"])
    people = looked_at.embeddings(read_people(options["data"]))
    others = looked_at.embeddings(read_people(options["others"])) if options["others"] else {}
    calibration = looked_at.recognizer.calibration
    decide = partial(Photo.identify, calibration=calibration, policy=Policy(settings.TARGET_FPIR))
    with progress_bar("galleries") as progress:
        return galleries.measure(people, others, decide, progress=progress)


def _enrolment(options: dict[str, Any]) -> enrolment.Enrolment:
    looked_at = Photos.open(options["model"])
    faces = looked_at.people(read_people(options["data"]))
    calibration = looked_at.recognizer.calibration
    with progress_bar("enrolling") as progress:
        return enrolment.evaluate(
            faces, options["enrol"], calibration, Policy(settings.TARGET_FPIR), progress=progress
        )


def _told(result: Reported) -> Report:
    from ml.reports import protocol_reports  # noqa: PLC0415  (loads matplotlib)

    if isinstance(result, verification.Verification):
        return protocol_reports.verification(result)
    if isinstance(result, open_set.OpenSet):
        return protocol_reports.open_set(result)
    if isinstance(result, galleries.Galleries):
        return protocol_reports.galleries(result)
    return protocol_reports.closed_set(result.answers, result.missing)


LABELS = {
    "train": "right, training photos",
    "validation": "right, validation",
    "test": "right, test photos",
    "top5": "test photos, top-5",
    "sd": "standard deviation",
    "tar": "TAR at FAR",
    "missing": "pairs without a face",
    "pairs_error": "ECE of chances",
    "enrol": "photos enrolled each",
    "people": "people enrolled",
    "rank1": "rank-1",
    "dir": "DIR at FPIR",
    "fpir_promised": "FPIR promised",
    "fpir_measured": "FPIR at the decision",
    "dir_at_decision": "DIR at the decision",
    "calibration_error": "ECE, strangers",
    "draws": "galleries drawn each",
    "right": "right photos",
    "wrong": "photos of others",
    "right_refused": "right, refused",
    "right_remarked": "right, with a remark",
    "wrong_refused": "of others, refused",
    "new_taken_for_known": "new, taken for known",
    "known_recognised": "known, recognised",
}


def in_words(summary: dict[str, Any]) -> str:
    """What was measured, in a column; shares in percent. Of several galleries, a line each."""
    lines = [f"{name:<22}{value:>10}" for name, value in _lines(summary)]
    text = "\n".join([*lines, *map(_row, summary.get("galleries", ()))])
    return text.replace("\N{NO-BREAK SPACE}", " ")  # as one types it to look for it


def _row(row: dict[str, Any]) -> str:
    shares = {name: share for name, share in row.items() if isinstance(share, float)}
    told = ", ".join(f"{key.replace('_', ' ')} {percent(share)}" for key, share in shares.items())
    return f"{row['gallery']:<36}{told}"


def _lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in summary.items():
        name = LABELS.get(key, key)
        if isinstance(value, list):
            continue
        if isinstance(value, dict):
            for at, share in value.items():
                yield f"{name} {rate(float(at))}", percent(share)
        else:
            yield name, f"{value:,}" if isinstance(value, int) else percent(value)
