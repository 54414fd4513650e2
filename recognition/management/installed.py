"""Commands that no answer needs, where only what answers photos is installed."""

from __future__ import annotations

from django.core.management.base import CommandError

from ml import installed


def require_everything() -> None:
    """Go on, or end in one sentence on what to do."""
    try:
        installed.require_everything()
    except installed.NotInstalled as error:
        raise CommandError(str(error)) from error
