"""From which likeness on two faces are the same picture, and not two pictures of one person.

`python -m ml.experiments.copies VERSION DIR...` copies photos of folders per person in the ways in
which copies travel, finds the faces anew with a model version on disk, and prints two tables in
Markdown: how alike a face and its copies are, and what a bar finds of copies, of other photos of
the same person, and of other people's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageEnhance

from ml import imaging
from ml.evaluation.datasets import read_people
from ml.evaluation.faces import main_face
from ml.inference.recognizer import Recognizer
from ml.types import Doubles, Floats, Image

Way = Callable[[Pillow.Image], Pillow.Image]

PHOTOS: Final = 12
"""Of a person, at most; of the first `COPIED` of them copies are made."""
COPIED: Final = 4
BARS: Final = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95)


def recompressed(photo: Pillow.Image) -> Pillow.Image:
    """As a JPEG of quality 50."""
    return _jpeg(photo, 50)


def halved(photo: Pillow.Image) -> Pillow.Image:
    """To half its width and height."""
    return photo.resize((photo.width // 2, photo.height // 2), Pillow.Resampling.LANCZOS)


def cropped(photo: Pillow.Image) -> Pillow.Image:
    """By 5 % on the left and at the top, by 3 % on the right and at the bottom."""
    width, height = photo.size
    return photo.crop((width // 20, height // 20, width - width // 33, height - height // 33))


def brighter(photo: Pillow.Image) -> Pillow.Image:
    """By three tenths."""
    return ImageEnhance.Brightness(photo).enhance(1.3)


def darker(photo: Pillow.Image) -> Pillow.Image:
    """By three tenths."""
    return ImageEnhance.Brightness(photo).enhance(0.7)


def mirrored(photo: Pillow.Image) -> Pillow.Image:
    """Left for right."""
    return photo.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)


def grey(photo: Pillow.Image) -> Pillow.Image:
    """Without colour."""
    return photo.convert("L").convert("RGB")


def sent_on(photo: Pillow.Image) -> Pillow.Image:
    """Cropped, made smaller by a quarter, brighter by a tenth, and a JPEG of quality 70."""
    smaller = cropped(photo)
    smaller = smaller.resize((smaller.width * 3 // 4, smaller.height * 3 // 4))
    return _jpeg(ImageEnhance.Brightness(smaller).enhance(1.1), 70)


WAYS: Final[tuple[Way, ...]] = (
    *(recompressed, halved, cropped, brighter),
    *(darker, mirrored, grey, sent_on),
)


def _jpeg(photo: Pillow.Image, quality: int) -> Pillow.Image:
    buffer = BytesIO()
    photo.save(buffer, "JPEG", quality=quality)
    return Pillow.open(buffer).convert("RGB")


@dataclass(frozen=True)
class Measured:
    """The faces of the people of a folder, and how alike they are to copies and to each other."""

    recognizer: Recognizer
    people: Mapping[str, Sequence[Path]]

    @cached_property
    def faces(self) -> list[tuple[str, Image, Floats]]:
        """Whose photo it is, the photo, and the embedding of its face."""
        photos = ((name, path) for name, paths in self.people.items() for path in paths[:PHOTOS])
        read = ((name, imaging.decode(path.read_bytes())) for name, path in photos)
        found = ((name, photo, self._embedding(photo)) for name, photo in read)
        return [(name, photo, face) for name, photo, face in found if face is not None]

    def copies(self, way: Way) -> Doubles:
        """The similarity of each face to its copy; -1 where no face is found in the copy."""
        return np.array([self._to_copy(photo, face, way) for photo, face in self._copied()])

    def others(self) -> tuple[Doubles, Doubles]:
        """The similarities of photos of one person, and of photos of two."""
        names = np.array([name for name, _, _ in self.faces])
        embeddings = np.stack([face for _, _, face in self.faces])
        first, second = np.triu_indices(len(names), k=1)
        alike = (embeddings @ embeddings.T)[first, second]
        same = names[first] == names[second]
        return alike[same], alike[~same]

    def _copied(self) -> Iterator[tuple[Image, Floats]]:
        for name in self.people:
            theirs = [(photo, face) for owner, photo, face in self.faces if owner == name]
            yield from theirs[:COPIED]

    def _to_copy(self, photo: Image, face: Floats, way: Way) -> float:
        copy = self._embedding(np.array(way(Pillow.fromarray(photo))))
        return -1.0 if copy is None else float(copy @ face)

    def _embedding(self, photo: Image) -> Floats | None:
        face = main_face(self.recognizer.recognize(photo).faces, photo)
        return None if face is None else face.embedding


def rows(measured: Measured) -> Iterator[str]:
    """Both tables of a folder."""
    alike = {way.__name__.replace("_", " "): measured.copies(way) for way in WAYS}
    yield "| copy | lowest 1 % | lowest 5 % | median | no face |"
    yield "| --- " * 5 + "|"
    for name, copies in alike.items():
        found = copies[copies > -1]
        low = " | ".join(f"{value:.2f}" for value in np.percentile(found, (1, 5, 50)))
        yield f"| {name} | {low} | {1 - len(found) / len(copies):.1%} |"
    yield ""
    yield f"| bar | {' | '.join(alike)} | same person | somebody else |"
    yield "| --- " * (len(alike) + 3) + "|"
    one, two = measured.others()
    for bar in BARS:
        shares = [(copies[copies > -1] >= bar).mean() for copies in alike.values()]
        cells = [*(f"{share:.1%}" for share in shares), f"{(one >= bar).mean():.2%}"]
        yield f"| {bar:.2f} | {' | '.join(cells)} | {(two >= bar).mean():.4%} |"


def main() -> None:
    """Print the tables of every folder."""
    recognizer = Recognizer.load(Path(sys.argv[1]))
    for folder in map(Path, sys.argv[2:]):
        print(f"\n{folder.name}\n", *rows(Measured(recognizer, read_people(folder))), sep="\n")


if __name__ == "__main__":
    main()
