from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from facesite import env
from recognition.management import backups
from recognition.management.base import SiteCommand
from recognition.services import chain
from recognition.services.backup import restoring
from recognition.services.backup.about import About
from recognition.services.site import integrity

NOT_YET: Final = "stuck"
"""What the check of the site would say of photos that wait: nobody works on them here so far."""


class Command(SiteCommand):
    help = gettext_noop(
        "Brings a site back from what `backup` wrote, into an empty DATA_DIR and an empty "
        "database, SQLite or PostgreSQL. Nothing is changed unless the whole archive is sound. Run "
        "it again with the same FILE after an interruption."
    )
    requires_system_checks = []  # noqa: RUF012  (there is no model here yet)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, **options: Any) -> None:
        with backups.at_work(options["file"], quiet=options["json"]) as progress:
            about = restoring.restore(options["file"], progress)
        wrong = list(broken())
        self.conclude(
            as_dict(about, wrong), "\n".join([*in_words(about), *wrong]), as_json=options["json"]
        )
        if wrong:
            sys.exit(1)


def broken() -> Iterator[str]:
    """What `verify_integrity` and `verify_audit` would find."""
    for finding in integrity.verify():
        if finding.code != NOT_YET:
            yield from (f"{finding.code}: {one}" for one in finding.broken)
    if not chain.verify().whole:
        yield "the audit log is not as it was written; see verify_audit"


def as_dict(about: About, wrong: list[str]) -> dict[str, Any]:
    return {
        "rows": sum(about.rows.values()),
        "made_at": about.made_at,
        "sound": not wrong,
        "broken": wrong,
        "by_hand": about.by_hand,
    }


def in_words(about: About) -> Iterator[str]:
    yield f"Restored as of {about.made_at}: {sum(about.rows.values()):,} rows, checked."
    other = {name: value for name, value in about.settings.items() if env.given.get(name) != value}
    if other:
        yield "Settings of that site, which are not so here:"
        yield from (f"    {name}={value}" for name, value in other.items())
    if about.by_hand:
        yield f"Not in the backup, and set there: {', '.join(about.by_hand)}."
    yield "Everybody logs in anew. Links that were given out are void, unless SECRET_KEY is kept."
    yield "Who was erased after the backup was made is back: erase them again."
