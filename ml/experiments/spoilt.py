"""What is answered about faces that are partly covered, cut off, noisy, grey or infrared.

`python -m ml.experiments.spoilt VERSION DIR [ENROL]` spoils photos of a folder per person in each
way, with a model version on disk, and prints a table in Markdown. Every third person is a stranger;
of the others ENROL clear photos each are enrolled.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml import imaging
from ml.alignment import TEMPLATE, similarity_transform
from ml.calibration import Policy
from ml.evaluation.datasets import read_people
from ml.evaluation.faces import main_face
from ml.evaluation.samples import Photo
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.types import EmbeddedFace, Floats, Image

Spoil = Callable[[Image, Floats, np.random.Generator], Image]
"""Of a photo, (H, W, 3), the same with its one face, given by its landmarks, spoilt."""

ASKED: Final = 4
"""Photos of a person, at most."""
CLOTH: Final = ((170, 200, 215), (235, 235, 235), (30, 30, 35), (60, 80, 140), (190, 120, 150))
LENSES: Final = ((15, 15, 18), (40, 25, 15), (25, 30, 45))


def mask(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """From the nose down to the chin."""
    top = rng.uniform(62, 72)
    left = [(20, top + 4), (38, top - 2), (56, top - 6)]
    right = [(74, top - 2), (92, top + 4), (90, 95), (76, 112), (56, 117), (36, 112), (22, 95)]
    return _painted(photo, landmarks, [*left, *right], CLOTH[rng.integers(len(CLOTH))], rng)


def scarf(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """All below the eyes."""
    top = rng.uniform(58, 66)
    outline = [(-10, top), (56, top + 3), (122, top), (122, 130), (-10, 130)]
    return _painted(photo, landmarks, outline, CLOTH[rng.integers(len(CLOTH))], rng)


def dark_glasses(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """Two lenses."""
    across, down = rng.uniform(13, 18), rng.uniform(9, 14)
    colour = LENSES[rng.integers(len(LENSES))]
    for x, y in TEMPLATE[:2]:
        lens = _ellipse((float(x), float(y) + 2), (across, down))
        photo = _painted(photo, landmarks, lens, colour, rng)
    return photo


def hand(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """Four fingers across the mouth or an eye, in the colour of the cheek."""
    x, y = _in_photo([(36, 75)], landmarks)[0].clip(0, np.array(photo.shape[1::-1]) - 1).astype(int)
    skin = tuple(int(value * rng.uniform(0.8, 1.1)) for value in photo[y, x])
    across, down = ((56, 90), (38, 56), (74, 56))[rng.integers(3)]
    for number in range(4):
        finger = _ellipse((across, down + (number - 1.5) * 9), (rng.uniform(30, 38), 5.6))
        photo = _painted(photo, landmarks, finger, skin, rng)
    return photo


def half_beside(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """The photo ends in the middle of the face: on its left or on its right."""
    middle = max(8, int(_in_photo([(56, 70)], landmarks)[0, 0]))
    return photo[:, :middle] if rng.random() < 0.5 else photo[:, middle:]


def half_below(photo: Image, landmarks: Floats, _rng: np.random.Generator) -> Image:
    """The photo ends between nose and mouth."""
    return photo[: max(8, int(_in_photo([(56, 78)], landmarks)[0, 1]))]


def half_above(photo: Image, landmarks: Floats, _rng: np.random.Generator) -> Image:
    """The photo begins below the eyes."""
    return photo[max(0, int(_in_photo([(56, 56)], landmarks)[0, 1])) :]


def noise(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """Of 20 grey levels in each pixel, and of so many times more as the crop is smaller."""
    deviation = 20 * max(1.0, _scale(landmarks))
    return _to_photo(photo + rng.normal(0, deviation, photo.shape))


def grey(photo: Image, _landmarks: Floats, _rng: np.random.Generator) -> Image:
    """Without colour."""
    return np.repeat(_to_photo(photo.mean(axis=2))[..., None], 3, axis=2)


def infrared(photo: Image, landmarks: Floats, rng: np.random.Generator) -> Image:
    """The red channel, lightened, soft and noisy, as a night camera has it."""
    light = (photo[..., 0] / 255.0) ** rng.uniform(0.45, 0.65)
    soft = cv2.GaussianBlur(light, (0, 0), max(0.3, 0.7 * _scale(landmarks)))
    seen = _to_photo((soft + rng.normal(0, 0.04, soft.shape)) * 255)
    return np.repeat(seen[..., None], 3, axis=2)


WAYS: Final[tuple[Spoil, ...]] = (
    *(mask, scarf, dark_glasses, hand),
    *(half_beside, half_below, half_above),
    *(noise, grey, infrared),
)


def _painted(
    photo: Image,
    landmarks: Floats,
    outline: npt.ArrayLike,
    colour: tuple[int, ...],
    rng: np.random.Generator,
) -> Image:
    """With an outline, (K, 2) in pixels of an aligned crop, filled in a colour with soft folds."""
    height, width = photo.shape[:2]
    points = np.round(_in_photo(outline, landmarks) * 8).astype(np.int32)
    filled = np.zeros((height, width), np.float32)
    cv2.fillPoly(filled, [points], (1.0,), cv2.LINE_AA, 3)
    inside = cv2.GaussianBlur(filled, (0, 0), max(0.3, 0.5 * _scale(landmarks)))[..., None]
    folds = cv2.resize(rng.normal(0, 8, (6, 6)), (width, height), interpolation=cv2.INTER_CUBIC)
    return _to_photo(photo * (1 - inside) + (np.array(colour) + folds[..., None]) * inside)


def _ellipse(middle: tuple[float, float], radii: tuple[float, float]) -> npt.NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 40)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + middle


def _in_photo(points: npt.ArrayLike, landmarks: Floats) -> npt.NDArray[np.float64]:
    """Pixels of an aligned crop in pixels of the photo."""
    transform = similarity_transform(TEMPLATE, landmarks)
    return np.asarray(points, np.float64) @ transform[:, :2].T + transform[:, 2]


def _scale(landmarks: Floats) -> float:
    """Pixels of the photo for one of the crop."""
    return float(np.hypot(*similarity_transform(TEMPLATE, landmarks)[:, 0]))


def _to_photo(values: npt.NDArray[np.floating]) -> Image:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


class Measured:
    """The answers to photos that are spoilt in one way or another, counted."""

    def __init__(self, recognizer: Recognizer, people: dict[str, list[Path]], enrol: int) -> None:
        self._recognizer = recognizer
        self._gallery = Gallery(recognizer.embedding_size)
        self._asked: list[tuple[int | None, Image]] = []
        for number, photos in enumerate(people.values()):
            self._add(number, photos, 0 if number % 3 == 2 else enrol)

    def _add(self, person: int, photos: list[Path], enrol: int) -> None:
        for path in photos[:enrol]:
            if face := self._face(imaging.decode(path.read_bytes())):
                self._gallery.add(self._gallery.templates, person, self._recognizer.template(face))
        for path in photos[enrol : enrol + ASKED]:
            self._asked.append((person if enrol else None, imaging.decode(path.read_bytes())))

    def _face(self, photo: Image) -> EmbeddedFace | None:
        return main_face(self._recognizer.recognize(np.ascontiguousarray(photo)).faces, photo)

    def counts(self, spoil: Spoil | None) -> Counter[str]:
        """How often each answer came for enrolled people and for strangers; `found` of `asked`."""
        rng = np.random.default_rng(0)
        counts: Counter[str] = Counter()
        for person, photo in self._asked:
            clear = self._face(photo)
            if clear is None:
                continue
            counts["asked"] += 1
            face = self._face(spoil(photo, clear.detected.landmarks, rng)) if spoil else clear
            if face is not None:
                counts.update(["found", self._answer(face, person)])
        return counts

    def _answer(self, face: EmbeddedFace, person: int | None) -> str:
        calibration, score = self._recognizer.calibration, face.quality.score
        photo = Photo(face.embedding, self._recognizer.template(face))
        answer = photo.identify(self._gallery, calibration, Policy(0.01), quality=score)
        who = "stranger" if person is None else "enrolled"
        wrong = answer.decision == "match" and answer.candidates[0].person != person
        return f"{who} {'wrong' if wrong else answer.decision}"


def rows(measured: Measured) -> Iterator[str]:
    """The table: shares in percent of the faces that are found."""
    yield "| | found | right | unclear | unknown | wrong | strangers: unclear | unknown | named |"
    yield "| --- " * 9 + "|"
    for spoil in (None, *WAYS):
        counts = measured.counts(spoil)
        cells = [f"{counts['found'] / counts['asked']:.0%}"]
        for who, said in (
            ("enrolled", ("match", "unclear", "unknown", "wrong")),
            ("stranger", ("unclear", "unknown", "wrong")),
        ):
            whole = sum(count for name, count in counts.items() if name.startswith(who))
            cells += [f"{counts[f'{who} {one}'] / max(whole, 1):.0%}" for one in said]
        name = spoil.__name__.replace("_", " ") if spoil else "as it is"
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table of one folder."""
    version, people = Path(sys.argv[1]), read_people(Path(sys.argv[2]))
    enrol = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    for row in rows(Measured(Recognizer.load(version), people, enrol)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
