from __future__ import annotations

from recognition.services.refusals import Refused


class BackupRefused(Refused):
    """A backup is not made, or not restored; `recognition.management.backups` has the sentence."""
