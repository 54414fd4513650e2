"""What `manage.py check`, and every command, says about the model before anybody asks it."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError

from recognition.services.versions import registry


@register()
def model_can_be_served(app_configs: object, **_kwargs: Any) -> list[CheckMessage]:
    """Warnings, not errors: the site starts without its model, and photos wait for it.

    Hashes are verified here too, not only sizes: a file with a flipped bit has the right size, and
    hashing the model takes about a tenth of a second.
    """
    try:
        problem = registry.problem()
    except DatabaseError:  # before the first `migrate`, or while the database is away
        return []
    if problem is None:
        return []
    hint = f"Run: {registry.mending_command(problem)}"
    return [Warning(str(problem), hint=hint, obj=problem.path, id=f"recognition.{problem.code}")]
