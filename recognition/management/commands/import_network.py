from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.errors import ArtifactMissing, MLError
from ml.evaluation.datasets import draw_pairs, read_pairs, read_people
from ml.language import percent
from ml.versions.checking import Evidence
from ml.versions.convention import CHANNELS, Convention
from ml.versions.importing import SOURCES, Network
from recognition.formats import counted
from recognition.management.base import SiteCommand
from recognition.management.installed import require_everything
from recognition.management.preparation import DEMO
from recognition.management.retrain_options import decimals
from recognition.management.terminal import progress_bar
from recognition.management.versions import to_be_mended, trouble
from recognition.messages.training import training_refused
from recognition.models import ModelVersion
from recognition.services.versions import importing


class Command(SiteCommand):
    help = gettext_noop(
        "Makes a model version of a network that was trained elsewhere: one that embeds aligned "
        "faces of 112×112 pixels, in the convention of ArcFace. It is checked and calibrated, and "
        "stays a candidate until somebody promotes it. Mind its licence: docs/training.md says "
        "what those of known networks allow."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help=", ".join(SOURCES))
        parser.add_argument("--name", required=True, metavar="N", help=_("of the version"))
        parser.add_argument(
            "--channels", choices=CHANNELS, default="rgb", help=_("the order of its colours (rgb)")
        )
        parser.add_argument(
            "--mean",
            type=decimals,
            metavar="M|A,B,C",
            help=_(
                "subtracted from pixels of 0 to 255 (127.5, or 0 for a network that does so itself)"
            ),
        )
        parser.add_argument(
            "--scale",
            type=decimals,
            metavar="S|A,B,C",
            help=_("what they are then divided by (127.5, or 1 for a network that does so itself)"),
        )
        parser.add_argument(
            "--output", metavar="NAME", help=_("the output that embeds, if there are several")
        )
        parser.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help=_(
                "a folder of photos per person, to tell apart and to calibrate on (the demo people)"
            ),
        )
        parser.add_argument(
            "--pairs",
            type=Path,
            metavar="FILE",
            help=_("the pairs of --data to tell apart, in the format of LFW (some are drawn)"),
        )
        parser.add_argument(
            "--people",
            type=Path,
            metavar="DIR",
            help=_("others to calibrate on, a folder of photos per person (those of --data)"),
        )

    def handle(self, **options: Any) -> None:
        require_everything()
        found = as_dict(self._imported(options, _convention(options)))
        self.conclude(found, in_words(found), as_json=options["json"])

    def _imported(self, options: dict[str, Any], convention: Convention) -> ModelVersion:
        try:
            importing.require_free(options["name"])
            network = Network(options["file"], options["name"], convention)
            with progress_bar(_("photos")) as progress:
                return importing.import_network(network, _evidence(options), self._say, progress)
        except importing.ImportNotBegun as refused:
            raise CommandError(_not_begun(refused)) from refused
        except ArtifactMissing as error:
            raise CommandError(to_be_mended(error)) from error
        except MLError as error:
            raise CommandError(trouble(error)) from error
        except DatabaseError as error:
            raise CommandError(_("The database cannot be used: %s.") % error) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise CommandError(f"{where}{error.strerror or error}.") from error
        except KeyboardInterrupt:
            raise CommandError(_("Stopped. Nothing was imported."), returncode=130) from None

    def _say(self, step: str) -> None:
        self.stderr.write(f"{step}…")


def _convention(options: dict[str, Any]) -> Convention:
    for name in ("mean", "scale"):
        if options[name] is not None and len(options[name]) not in {1, 3}:
            raise CommandError(
                _("--%s is one number, or one for each of the three channels.") % name
            )
    if options["scale"] is not None and 0 in options["scale"]:
        raise CommandError(_("--scale must not be 0."))
    given = (options[name] for name in ("channels", "mean", "scale", "output"))
    return Convention(*given)


def _evidence(options: dict[str, Any]) -> Evidence:
    if options["pairs"] and not options["data"]:
        raise CommandError(_("--pairs needs --data DIR, where their photos are."))
    data = options["data"] or DEMO
    source = {"data": (options["people"] or data).resolve().name}
    people = read_people(options["people"] or data)
    listed = options["pairs"]
    pairs = read_pairs(listed, data) if listed else draw_pairs(read_people(data))
    return Evidence(pairs, people, source)


def _not_begun(refused: importing.ImportNotBegun) -> str:
    if refused.code == "one_at_a_time":
        return _("Another network is being imported; wait until that is done.")
    return training_refused(refused.code, refused.params)


def as_dict(version: ModelVersion) -> dict[str, Any]:
    """See docs/training.md."""
    return {
        "version": version.name,
        "state": version.state,
        "embedding_size": version.embedding_size,
        **version.metrics,
    }


def in_words(found: dict[str, Any]) -> str:
    """For a terminal."""
    convention, told_apart = found["imported"]["convention"], found["verification"]
    mean, scale = (",".join(f"{one:g}" for one in convention[name]) for name in ("mean", "scale"))
    lines = [
        _(
            "%(version)s: embeddings of %(size)d numbers, from %(channels)s crops, "
            "(pixels - %(mean)s) / %(scale)s."
        )
        % {
            "version": found["version"],
            "size": found["embedding_size"],
            "channels": convention["channels"].upper(),
            "mean": mean,
            "scale": scale,
        },
        _("Pairs that it tells apart: %(share)s of %(pairs)s.")
        % {"share": percent(told_apart["accuracy"]), "pairs": counted(told_apart["pairs"])},
        _calibration(found["calibration"]),
        _("It has no form for Keras: it is served by OpenVINO alone."),
        _("It is a candidate. By hand: %s") % f"python manage.py promote {found['version']}",
    ]
    return "\n".join(lines)


def _calibration(source: dict[str, Any]) -> str:
    people = {"people": counted(source["people"]), "data": source["data"]}
    if source["fitted"]:
        return _("Calibrated on the people of %(data)s: %(people)s.") % people
    return (
        _(
            "Calibrated as the version in service, by the people of %(data)s: %(people)s; they are "
            "too few to do it well. Give 80 or more with --people."
        )
        % people
    )
