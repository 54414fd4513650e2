"""What is installed here: everything, or what answers photos alone (requirements-serving.txt)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from ml.errors import MLError
from ml.language import tell

NOT_FOR_ANSWERS: Final = ("tensorflow", "keras", "scipy", "sklearn", "matplotlib")
"""What requirements.in adds, by the names under which they are imported."""


class NotInstalled(MLError):
    """Photos are answered here, and networks neither made nor measured."""

    code = "not_installed"


def require_everything() -> None:
    """Raise `NotInstalled` where something is missing that no answer takes."""
    missing = [name for name in NOT_FOR_ANSWERS if find_spec(name) is None]
    if missing:
        raise NotInstalled(
            tell(
                "Only what answers photos is installed here, without %(missing)s. This takes "
                "everything: run make install, or do it on a machine where that was done.",
                missing=", ".join(missing),
            )
        )
