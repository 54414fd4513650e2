"""How fast networks learn, and what an answer takes while one does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from ml.architectures import ARCHITECTURES
from recognition.management.benchmarking import photos, serving, trainings
from recognition.management.benchmarking.site import SiteFailed, inside, running_site

BEGIN_SECONDS: Final = 180
PHOTOS: Final = 30


def meanwhile(folder: Path, data: Path) -> dict[str, Any]:
    """Milliseconds from an upload to its answer while the paper's network is trained.

    Raises:
        SiteFailed: the training did not begin, or was over too early.
    """
    with running_site(folder) as site:
        (visitor,) = site.visitors(1)
        inside(folder, trainings.begin, str(data))
        wait_until_it_learns(folder)
        answers = serving.alone(visitor, photos.portraits(PHOTOS))
        require_learning(folder)
    return answers


def speeds(data: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Photos a second of each architecture, and of the paper's in the plain way."""
    from ml.experiments import training_speed  # noqa: PLC0415  (loads TensorFlow)

    found = {}
    for way in (training_speed.PLAIN, *ARCHITECTURES):
        say(_("training: %s") % way)
        found[way] = asdict(training_speed.measure(way, data))
    return found


def wait_until_it_learns(folder: Path) -> None:
    """Wait for the end of the first epoch; raises `SiteFailed` if that does not come."""
    until = time.monotonic() + BEGIN_SECONDS
    while inside(folder, trainings.state) != "learning":
        if time.monotonic() > until:
            raise SiteFailed(_("The training did not begin."))
        time.sleep(1)


def require_learning(folder: Path) -> None:
    """Raise `SiteFailed` unless the training that was begun is still under way."""
    state = inside(folder, trainings.state)
    if state != "learning":
        raise SiteFailed(
            _(
                "The training was over before the last photo was answered (%s), so that these "
                "times are not those of a busy site; give it more photos."
            )
            % state
        )
