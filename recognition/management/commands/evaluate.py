from __future__ import annotations

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
from ml.language import ENGLISH, speaking
from recognition.management import closed_set
from recognition.management.base import SiteCommand
from recognition.management.evaluated import in_words
from recognition.management.installed import require_everything
from recognition.management.photos import Photos, version_dir
from recognition.management.terminal import progress_bar
from recognition.management.versions import trouble
from recognition.services.training import languages
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
            raise CommandError(_("Verification needs --pairs FILE."))
        if options["protocol"] == "enrolment" and options["report"]:
            raise CommandError(_("There is no page about enrolment; leave out --report."))
        if options["report"]:
            require_everything()
        result = self._measured(options)
        if options["report"] and not isinstance(result, enrolment.Enrolment):
            self._report(result, options)
        with speaking(ENGLISH):
            summary = result.summary()
        self.conclude(summary, in_words(result), as_json=options["json"])

    def _measured(self, options: dict[str, Any]) -> Result:
        try:
            return self._evaluate(options)
        except MLError as error:
            raise CommandError(trouble(error)) from error
        except KeyboardInterrupt:
            message = _("Stopped. Photos that were looked at are remembered for the next run.")
            raise CommandError(message, returncode=130) from None

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
            message = _("Photos of the split of %(version)s that are not there: %(count)d.")
            missing = {"version": directory.name, "count": measured.missing}
            self.stderr.write(message % missing, self.style.WARNING)
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
            with speaking(ENGLISH):
                page = _told(result).write(options["report"], origin)
            for language in languages.beside_english():
                with speaking(language):
                    files.write_page(options["report"], _told(result).page(origin))
        except OSError as error:
            raise CommandError(_("The report cannot be written: %s.") % error) from error
        self.stderr.write(_("The report is in %s.") % page, self.style.SUCCESS)


def _open_set(options: dict[str, Any]) -> open_set.OpenSet:
    split = open_set.split(read_people(options["data"]), options["enrol"])
    looked_at = Photos.open(options["model"])
    faces = looked_at.faces(split.photos)
    calibration = looked_at.recognizer.calibration
    with progress_bar(_("searching")) as progress:
        return open_set.evaluate(
            split, faces, calibration, Policy(settings.TARGET_FPIR), progress=progress
        )


def _galleries(options: dict[str, Any]) -> galleries.Galleries:
    looked_at = Photos.open(options["model"])
    people = looked_at.embeddings(read_people(options["data"]))
    others = looked_at.embeddings(read_people(options["others"])) if options["others"] else {}
    calibration = looked_at.recognizer.calibration
    decide = partial(Photo.identify, calibration=calibration, policy=Policy(settings.TARGET_FPIR))
    with progress_bar(_("galleries")) as progress:
        return galleries.measure(people, others, decide, progress=progress)


def _enrolment(options: dict[str, Any]) -> enrolment.Enrolment:
    looked_at = Photos.open(options["model"])
    faces = looked_at.people(read_people(options["data"]))
    calibration = looked_at.recognizer.calibration
    with progress_bar(_("enrolling")) as progress:
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
