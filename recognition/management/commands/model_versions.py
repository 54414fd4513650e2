from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_noop

from recognition.formats import percentage
from recognition.management.base import SiteCommand
from recognition.models import ModelVersion
from recognition.presenters.side_by_side import SideBySide
from recognition.presenters.versions import VersionPage
from recognition.services.versions import registry as service

HEADINGS = (
    *("version", "state", "architecture", "answers by", "test", "open 10%", "open 1%"),
    *("rank-1", "DIR@1%", "gate", "age", "size"),
)
"""test: the people it was trained on, as a closed set; open: what is left of that where so many
strangers are named, of versions that answer by their own classes."""


class Command(SiteCommand):
    help = gettext_noop("Lists the model versions, the newest first, or as JSON the newest last.")

    def handle(self, **options: Any) -> None:
        versions = service.listed().select_related("parent", "replaced")
        beside = SideBySide.of_all()
        if options["json"]:
            oldest_first = [as_dict(version, beside) for version in reversed(versions)]
            self.stdout.write(json.dumps({"versions": oldest_first}))
        elif versions:
            self.stdout.write("\n".join(table(list(versions), beside)))
        else:
            self.stdout.write(
                "There is no model version; python manage.py install_model makes one."
            )


def as_dict(version: Any, beside: SideBySide) -> dict[str, Any]:
    return {
        "name": version.name,
        "state": version.state,
        "architecture": version.architecture,
        "answers_by": version.answers_by,
        "open_set": version.answers_by == "gallery" or version.open_set,
        "figures": version.metrics,
        "side_by_side": beside.figures.get(version.name),
        "gate": version.gate,
        "parent": version.parent.name if version.parent else None,
        "replaced": version.replaced.name if version.replaced else None,
        "created": version.created_at.isoformat(),
        "activated": version.activated_at.isoformat() if version.activated_at else None,
        "bytes": version.size,
        "erased_people": version.erased,
    }


def table(versions: Sequence[Any], beside: SideBySide) -> list[str]:
    rows = [HEADINGS, *(_row(VersionPage(version, beside)) for version in versions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, version in zip(rows, [None, *versions], strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
        if version is not None and version.erased:
            people = "person" if version.erased == 1 else "people"
            lines.append(
                f"  trained on {version.erased} {people} erased since: retrain without them"
            )
    return [*lines, *_about(beside)]


def _about(beside: SideBySide) -> Iterator[str]:
    if beside.newest:
        yield (
            f"rank-1 and DIR@1%: on the {beside.people} people held out of {beside.newest}; "
            '"other" was measured on other people, so that it cannot be compared.'
        )


def _row(item: VersionPage) -> tuple[str, ...]:
    version, compared = item.version, item.compared
    opened = dict(item.metrics.open_set)
    return (
        version.name,
        version.state,
        version.architecture,
        _answers_by(version),
        percentage(item.metrics.test),
        percentage(opened.get(0.1)),
        percentage(opened.get(0.01)),
        "other" if item.on_others else percentage(compared.rank1 if compared else None),
        "other" if item.on_others else percentage(compared.dir if compared else None),
        item.verdict.outcome.replace("_", " ") if item.verdict else "–",
        timesince(version.created_at, timezone.now(), depth=1).replace("\xa0", " "),
        filesizeformat(version.size).replace("\xa0", " ") if version.size else "–",
    )


def _answers_by(version: ModelVersion) -> str:
    if version.answers_by == ModelVersion.AnswersBy.GALLERY:
        return "gallery"
    return "classes, open" if version.open_set else "classes, closed"
