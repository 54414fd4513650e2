from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from recognition.formats import percentage
from recognition.management.base import SiteCommand
from recognition.models import ModelVersion
from recognition.presenters.side_by_side import SideBySide
from recognition.presenters.versions import VersionPage, as_json
from recognition.services.versions import registry as service

HEADINGS: Final = (
    *(gettext_lazy("version"), gettext_lazy("state"), gettext_lazy("architecture")),
    *(gettext_lazy("answers by"), gettext_lazy("test"), gettext_lazy("open 10%")),
    *(gettext_lazy("open 1%"), gettext_lazy("rank-1"), "DIR@1%"),
    *(gettext_lazy("gate"), gettext_lazy("age"), gettext_lazy("size")),
)
"""test: the people it was trained on, as a closed set; open: what is left of that where so many
strangers are named, of versions that answer by their own classes."""

GATE: Final = {
    "better": gettext_lazy("better"),
    "as_good": gettext_lazy("as good"),
    "worse": gettext_lazy("worse"),
    "cannot_tell": gettext_lazy("cannot tell"),
}


class Command(SiteCommand):
    help = gettext_noop("Lists the model versions, the newest first, or as JSON the newest last.")

    def handle(self, **options: Any) -> None:
        versions = service.listed().select_related("parent", "replaced")
        beside = SideBySide.of_all()
        if options["json"]:
            oldest_first = [as_json(version, beside) for version in reversed(versions)]
            self.stdout.write(json.dumps({"versions": oldest_first}))
        elif versions:
            self.stdout.write("\n".join(table(list(versions), beside)))
        else:
            self.stdout.write(
                _("There is no model version; %s makes one.") % service.MENDING_COMMAND
            )


def table(versions: Sequence[Any], beside: SideBySide) -> list[str]:
    rows = [
        tuple(map(str, HEADINGS)),
        *(_row(VersionPage(version, beside)) for version in versions),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, version in zip(rows, [None, *versions], strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
        if version is not None and version.erased:
            lines.append(f"  {_erased(version.erased)}")
    return [*lines, *_about(beside)]


def _erased(people: int) -> str:
    return ngettext(
        "trained on %(people)s person erased since: retrain without them",
        "trained on %(people)s people erased since: retrain without them",
        people,
    ) % {"people": people}


def _about(beside: SideBySide) -> Iterator[str]:
    if beside.newest:
        yield _(
            "rank-1 and DIR@1%%: on the %(people)d people held out of %(version)s; “other” was "
            "measured on other people, so that it cannot be compared."
        ) % {"people": beside.people, "version": beside.newest}


def _row(item: VersionPage) -> tuple[str, ...]:
    version, compared = item.version, item.compared
    opened = dict(item.metrics.open_set)
    return (
        version.name,
        version.get_state_display().lower(),
        version.architecture,
        _answers_by(version),
        percentage(item.metrics.test),
        percentage(opened.get(0.1)),
        percentage(opened.get(0.01)),
        _("other") if item.on_others else percentage(compared.rank1 if compared else None),
        _("other") if item.on_others else percentage(compared.dir if compared else None),
        str(GATE[item.verdict.outcome]) if item.verdict else "–",
        timesince(version.created_at, timezone.now(), depth=1).replace("\xa0", " "),
        filesizeformat(version.size).replace("\xa0", " ") if version.size else "–",
    )


def _answers_by(version: ModelVersion) -> str:
    if version.answers_by == ModelVersion.AnswersBy.GALLERY:
        return _("gallery")
    return _("classes, open") if version.open_set else _("classes, closed")
