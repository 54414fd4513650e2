"""Sentences about what keeps photos waiting through no fault of their own."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

_FAULTS = {
    "disk_full": gettext_lazy("The disk is full."),
    "storage": gettext_lazy("Stored files cannot be read or written."),
    "memory": gettext_lazy("The machine was short of memory."),
    "database": gettext_lazy("The database did not answer."),
    "broker": gettext_lazy("The broker did not answer."),
    "model": gettext_lazy("The model could not be used."),
    "machine": gettext_lazy("The machine has no processes or open files to spare."),
    "killed": gettext_lazy("The worker was killed while it looked at them."),
    "slow": gettext_lazy("They took too long, and are tried again with a shorter limit."),
    "error": gettext_lazy("An unexpected error; the site’s log has the details."),
}


_RESTARTS = {
    ("worker", "ended"): gettext_lazy("The worker ended by itself and was started again."),
    ("web", "ended"): gettext_lazy("The web process ended by itself and was started again."),
    ("broker", "ended"): gettext_lazy("The broker ended by itself and was started again."),
    ("child", "silent"): gettext_lazy("A process of the worker made no progress and was replaced."),
    ("worker", "silent"): gettext_lazy("The worker made no progress and was ended."),
    ("web", "silent"): gettext_lazy("The web process made no progress and was ended."),
    ("broker", "silent"): gettext_lazy("The broker made no progress and was ended."),
}


def restart(part: str, why: str) -> str:
    """What became of a process that the supervisor looks after."""
    return str(_RESTARTS.get((part, why), part))


def fault(code: str) -> str:
    """What was wrong when photos were set back."""
    return str(_FAULTS.get(code, _FAULTS["error"]))
