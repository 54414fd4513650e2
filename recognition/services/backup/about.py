"""What a backup says of itself, and what its parts are called."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

from recognition.services.backup.schema import Migration

FORMAT: Final = 1
ABOUT: Final = "about.json"
ROWS: Final = "rows"
MEDIA: Final = "media"
MODELS: Final = "models"


@dataclass(frozen=True)
class About:
    """What it was made of, and what it lacks.

    `numbers` are the last that were given, and `rows` how many there are, by table. `settings` are
    those of the environment that are no secrets, `by_hand` the names of those that are. `missing`
    are files that rows named and that were not there.
    """

    made_at: str
    database: str
    migrations: list[Migration]
    numbers: dict[str, int]
    settings: dict[str, str]
    by_hand: list[str]
    missing: list[str]
    rows: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def of(cls, text: str | bytes) -> About:
        """Raises `ValueError`, `TypeError` or `KeyError`."""
        values = json.loads(text)
        migrations = [(str(app), str(name)) for app, name in values["migrations"]]
        return cls(**{**values, "migrations": migrations})

    def as_text(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def rows_of(label: str) -> str:
    """Where the rows of a table are."""
    return f"{ROWS}/{label}.jsonl"
