"""facesite beside other programs that somebody may choose instead."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from ml import imaging
from ml.evaluation import datasets
from ml.experiments.peers import contest

PHOTOS: Final = 60
LONG_SIDE: Final = 900
KNOWN_WELL: Final = 10
"""Photos of a person who is shown: of LFW these are the well-known, with others around them."""


@dataclass(frozen=True)
class Peers:
    """The Python of their environment, and what all are shown: the photos of a folder per person,
    and a list of pairs of them, of which `most_pairs` are taken."""

    python: Path
    people: Path | None = None
    pairs: Path | None = None
    most_pairs: int = 6000

    def measured(self, version: Path, say: Callable[[str], None]) -> dict[str, Any]:
        """How fast each is, how large, what it finds, and how well it tells people apart.

        Raises:
            DatasetError: the photos or the pairs cannot be read.
        """
        pairs = contest.sample(self._pairs(), self.most_pairs)
        with tempfile.TemporaryDirectory(prefix="facesite-") as place:
            photos = list(self._enlarged(Path(place)))
            say(_("starting other programs"))
            with contest.contenders(self.python, Path(place), version, photos[0]) as there:
                say(_("the same photos for all: %d") % len(photos))
                speeds = contest.speeds(there, photos)
                say(_("pairs of photos for all: %d") % len(pairs))
                told = contest.accuracies(there, pairs, say) if pairs else {}
        return {"photos": len(photos), "pixels": LONG_SIDE, "speed": speeds, "accuracy": told}

    def _pairs(self) -> list[datasets.Pair]:
        if self.pairs is None or self.people is None:
            return []
        return datasets.read_pairs(self.pairs, self.people)

    def _enlarged(self, place: Path) -> Iterator[Path]:
        for number, path in enumerate(islice(self._photos(), PHOTOS)):
            photo = imaging.decode(path.read_bytes())
            scale = LONG_SIDE / max(photo.shape[:2])
            larger = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            enlarged = place / f"{number}.jpg"
            enlarged.write_bytes(imaging.encode_jpeg(np.asarray(larger, np.uint8), quality=90))
            yield enlarged

    def _photos(self) -> Iterator[Path]:
        """The first photo of each person of whom there are many, or all those of the demo."""
        if self.people is None:
            demo = settings.BASE_DIR / "demo" / "photos" / "people"
            return iter(sorted(demo.glob("*/*.jpg")))
        people = datasets.read_people(self.people).values()
        return (photos[0] for photos in people if len(photos) >= KNOWN_WELL)
