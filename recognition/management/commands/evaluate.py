from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from ml import artifact
from ml.errors import ArtifactError, WeightsMissing
from ml.evaluation import open_set, verification
from ml.evaluation.cache import FaceCache, FoundFace
from ml.evaluation.datasets import DatasetError, read_pairs, read_people
from ml.evaluation.faces import Progress, find_faces
from ml.inference.recognizer import Recognizer
from recognition.services import model_versions

PROTOCOLS = ("verification", "open-set")


class Command(BaseCommand):
    help = (
        "Measures a model on photos of known people. verification: are two photos of one person "
        "(LFW's 10 folds)? open-set: who is it, or nobody who is enrolled?"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", choices=PROTOCOLS)
        parser.add_argument(
            "--data", type=Path, required=True, metavar="DIR", help="a folder of photos per person"
        )
        parser.add_argument(
            "--pairs", type=Path, metavar="FILE", help="verification: pairs in the format of LFW"
        )
        parser.add_argument(
            "--enrol", type=int, default=1, metavar="K", help="open-set: photos to enrol (1)"
        )
        parser.add_argument("--model", metavar="V", help="a model version (the active one)")
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help="write a page with figures there"
        )
        parser.add_argument(
            "--json", action="store_true", help="end with one JSON object, for programs"
        )

    def handle(self, **options: Any) -> None:
        if options["protocol"] == "verification" and not options["pairs"]:
            raise CommandError("Verification needs --pairs FILE.")
        try:
            result = self._evaluate(options)
        except (DatasetError, ArtifactError, WeightsMissing) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            message = "Stopped. Photos that were looked at are remembered for the next run."
            raise CommandError(message, returncode=130) from None
        if options["report"]:
            self._report(result, options)
        summary = result.summary()
        self.stdout.write(json.dumps(summary) if options["json"] else in_words(summary))

    def _evaluate(self, options: dict[str, Any]) -> verification.Verification | open_set.OpenSet:
        if options["protocol"] == "verification":
            pairs = read_pairs(options["pairs"], options["data"])
            photos = list(dict.fromkeys(p for pair in pairs for p in (pair.first, pair.second)))
            return verification.verify(pairs, Photos.open(options["model"]).faces(photos))
        split = open_set.split(read_people(options["data"]), options["enrol"])
        looked_at = Photos.open(options["model"])
        faces = looked_at.faces(split.photos)
        with progress_bar("searching") as progress:
            return open_set.evaluate(
                split,
                faces,
                looked_at.recognizer.calibration,
                fpir=settings.TARGET_FPIR,
                progress=progress,
            )

    def _report(
        self, result: verification.Verification | open_set.OpenSet, options: dict[str, Any]
    ) -> None:
        from ml.evaluation import findings, report  # noqa: PLC0415  (loads matplotlib)

        manifest = artifact.read_manifest(version_dir(options["model"]))
        origin = report.Origin(
            model=manifest.version,
            digest=manifest.digest,
            data=options["data"].resolve().name,
            date=timezone.localdate().isoformat(),
            command=f"manage.py evaluate {options['protocol']}",
        )
        told = (
            findings.verification(result)
            if isinstance(result, verification.Verification)
            else findings.open_set(result)
        )
        try:
            page = told.write(options["report"], origin)
        except OSError as error:
            raise CommandError(f"The report cannot be written: {error}.") from error
        self.stderr.write(f"The report is in {page}.", self.style.SUCCESS)


@dataclass(frozen=True)
class Photos:
    """A model version that looks at photos, and what it saw in earlier runs."""

    directory: Path
    recognizer: Recognizer

    @classmethod
    def open(cls, name: str | None) -> Photos:
        directory = version_dir(name)
        return cls(directory, Recognizer.load(directory, engine=settings.ENGINE))

    def faces(self, photos: Sequence[Path]) -> dict[Path, FoundFace | None]:
        folder = settings.DATA_DIR / "cache" / "embeddings"
        with (
            FaceCache.open(folder, self.directory, settings.ENGINE) as cache,
            progress_bar("photos") as progress,
        ):
            return find_faces(photos, self.recognizer, cache, progress)


def version_dir(name: str | None) -> Path:
    if name is None:
        return model_versions.folder(model_versions.require_active())
    return Path(settings.MODELS_DIR) / name


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    with tqdm(desc=what, unit="", file=sys.stderr, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


LABELS = {
    "sd": "standard deviation",
    "tar": "TAR at FAR",
    "missing": "pairs without a face",
    "enrol": "photos enrolled each",
    "people": "people enrolled",
    "rank1": "rank-1",
    "dir": "DIR at FPIR",
    "fpir_promised": "FPIR promised",
    "fpir_measured": "FPIR at the decision",
    "dir_at_decision": "DIR at the decision",
}


def in_words(summary: dict[str, Any]) -> str:
    """The figures in a column; shares in percent."""
    return "\n".join(f"{name:<22}{figure:>10}" for name, figure in _lines(summary))


def _lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, figure in summary.items():
        name = LABELS.get(key, key)
        if isinstance(figure, dict):
            for rate, share in figure.items():
                yield f"{name} {float(rate) * 100:g} %", f"{share * 100:.2f} %"
        else:
            yield name, f"{figure * 100:.2f} %" if isinstance(figure, float) else f"{figure:,}"
