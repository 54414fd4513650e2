"""Photos that lie on their side, stand on their head, or are askew."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ml import imaging
from ml.calibration import Policy, identify
from ml.detection import Detector
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.types import Decision, Image
from tests.ml.conftest import DEMO, GROUPS, PEOPLE, photo
from tests.ml.pictures import encoded, exif

PORTRAIT = "photos/people/Mei_Tanaka/4.jpg"


def turned(image: Image, degrees: float) -> Image:
    """Turned clockwise, whole, on grey where a corner is left."""
    picture = Pillow.fromarray(image).rotate(
        -degrees, Pillow.Resampling.BICUBIC, expand=True, fillcolor=(110, 110, 110)
    )
    return np.array(picture)


def angle_between(first: float, second: float) -> float:
    return abs((first - second + 180) % 360 - 180)


class Answers:
    """What is answered about the demo people's other photos, turned clockwise."""

    def __init__(
        self, degrees: int, numbers: range, recognizer: Recognizer, known: Gallery
    ) -> None:
        self.nearest = self.named = 0
        for person, name in enumerate(PEOPLE):
            for number in numbers:
                image = turned(photo(f"photos/people/{name}/{number}.jpg"), degrees)
                (face,) = recognizer.recognize(image).faces
                (nearest,) = known.search(face.embedding, 1)
                answer = identify(face.embedding, known, recognizer.calibration, Policy(0.01))
                named = answer.decision == Decision.MATCH
                assert not named or answer.candidates[0].person == person
                self.nearest += nearest.person == person
                self.named += named


@pytest.mark.parametrize("degrees", [30, -45, 90, 180])
def test_people_are_known_at_every_angle(
    degrees: int, recognizer: Recognizer, demo_people: Gallery
) -> None:
    assert Answers(degrees, range(4, 5), recognizer, demo_people).nearest == len(PEOPLE)


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 10, -10, 30, -30, 45, -45, 60, -60, 90, -90, 135, 180])
def test_all_other_photos_of_them_are_known_at_every_angle(
    degrees: int, recognizer: Recognizer, demo_people: Gallery
) -> None:
    answers = Answers(degrees, range(4, 8), recognizer, demo_people)
    assert answers.nearest >= 47  # of 48
    assert answers.named >= 43


@pytest.mark.parametrize("degrees", [-165, -120, -75, -45, -15, 0, 10, 30, 60, 105, 150])
def test_the_answer_tells_by_how_much_a_photo_is_turned(
    degrees: int, recognizer: Recognizer
) -> None:
    found = recognizer.recognize(turned(photo(PORTRAIT), degrees))
    (face,) = found.faces
    assert angle_between(face.detected.roll, degrees) < 18
    if abs(degrees) > 45:
        assert angle_between(found.turned, degrees) < 18
    elif abs(degrees) <= 10:
        assert found.turned == 0


@pytest.mark.parametrize("name", PEOPLE)
def test_a_face_that_stands_on_its_head_gives_the_crop_of_the_upright_one(
    name: str, recognizer: Recognizer
) -> None:
    upright = photo(f"people/{name}/0.jpg")
    (face,) = recognizer.recognize(upright).faces
    (found,) = recognizer.recognize(np.ascontiguousarray(upright[::-1, ::-1])).faces
    assert float(found.embedding @ face.embedding) > 0.7
    assert found.quality.score > face.quality.score - 0.2


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_are_in_pixels_of_the_photo_as_it_lies(quarters: int, detector: Detector) -> None:
    upright = photo(PORTRAIT)
    (face,) = detector.detect(upright)
    (found,) = detector.detect(np.ascontiguousarray(np.rot90(upright, -quarters)))
    side = len(upright)
    middle = np.array([face.box.x + face.box.width / 2, face.box.y + face.box.height / 2])
    for _ in range(quarters):
        middle = np.array([side - middle[1], middle[0]])
    expected = (face.box.width, face.box.height)[:: -1 if quarters % 2 else 1]
    assert found.box.x + found.box.width / 2 == pytest.approx(middle[0], abs=20)
    assert found.box.y + found.box.height / 2 == pytest.approx(middle[1], abs=20)
    assert (found.box.width, found.box.height) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_orientation_that_is_wrong_does_no_harm(orientation: int, detector: Detector) -> None:
    """A photo that lies upright in its file, whose header says that it does not."""
    data = encoded(Pillow.open(DEMO / PORTRAIT), "JPEG", exif=exif(orientation))
    (face,) = detector.detect(imaging.decode(data))
    assert angle_between(face.roll, {3: 180, 6: 90, 8: -90}[orientation]) < 18


def test_one_turned_face_among_upright_ones_is_found_too(
    detector: Detector, recognizer: Recognizer
) -> None:
    scene = photo("photos/groups/0.jpg").copy()
    count = len(GROUPS["0.jpg"])
    size = 120
    portrait = cv2.resize(photo(PORTRAIT), (size, size), interpolation=cv2.INTER_AREA)
    scene[:size, :size] = np.rot90(portrait, 2)
    found = detector.detect(scene)
    rolls = [abs(face.roll) for face in found]
    assert len(found) == count + 1
    assert sum(roll > 150 for roll in rolls) == 1
    assert recognizer.recognize(scene).turned == 0  # the photo itself is upright


@pytest.mark.parametrize("spoilt", ["blurred", "covered", "dark"])
@pytest.mark.parametrize("name", PEOPLE[:6])
def test_an_upright_face_that_is_seen_badly_is_not_turned(
    name: str, spoilt: str, detector: Detector
) -> None:
    image = photo(f"photos/people/{name}/4.jpg").copy()
    (face,) = detector.detect(image)
    box = face.box
    if spoilt == "blurred":
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), box.width / 18), np.uint8)
    elif spoilt == "dark":
        image = (image * 0.08).astype(np.uint8)
    else:
        image[int(box.y + box.height * 0.6) : int(box.y + box.height)] = (120, 150, 180)
    assert all(abs(found.roll) < 45 for found in detector.detect(image))


def test_no_direction_makes_a_face_of_what_is_none(detector: Detector) -> None:
    """Portraits cut into pieces that are laid anew: skin, hair and eyes, and no face."""
    random = np.random.default_rng(0)
    for name in PEOPLE:
        image = photo(f"people/{name}/0.jpg")[:384, :384]
        pieces = image.reshape(16, 24, 16, 24, 3).swapaxes(1, 2).reshape(256, 24, 24, 3)
        laid = random.permutation(pieces).reshape(16, 16, 24, 24, 3).swapaxes(1, 2)
        assert detector.detect(np.ascontiguousarray(laid.reshape(384, 384, 3))) == []
