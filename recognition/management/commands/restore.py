from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from facesite import env
from recognition.formats import counted
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
        yield "audit_log: see verify_audit"


def as_dict(about: About, wrong: list[str]) -> dict[str, Any]:
    return {
        "rows": sum(about.rows.values()),
        "made_at": about.made_at,
        "sound": not wrong,
        "broken": wrong,
        "by_hand": about.by_hand,
    }


def in_words(about: About) -> Iterator[str]:
    rows = counted(sum(about.rows.values()))
    yield _("Restored as of %(time)s: %(rows)s rows, checked.") % {
        "time": about.made_at,
        "rows": rows,
    }
    other = {name: value for name, value in about.settings.items() if env.given.get(name) != value}
    if other:
        yield _("Settings of that site that are different here:")
        yield from (f"    {name}={value}" for name, value in other.items())
    if about.by_hand:
        names = ", ".join(about.by_hand)
        yield _("Not in the backup, and set there: %(names)s.") % {"names": names}
    yield _(
        "Everybody has to log in again. Links that were given out are void, unless SECRET_KEY is "
        "kept."
    )
    yield _("People erased after the backup was made are back: erase them again.")
