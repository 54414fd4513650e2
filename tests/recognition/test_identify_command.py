"""`manage.py identify PATH...`: the site's own answer, storing nothing."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils.translation import override

from ml.errors import ArtifactDamaged
from recognition.models import Person
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.versions import predictors
from tests.recognition.fakes import Face, StripeRecognizer, photo


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    face, _ = enrol_photo(Person(name="Ann_Lee"), photo(Face(1)), "0.png")
    enrol_photo(face.person, photo(Face(1, 1)), "1.png")
    return face.person


def identify(*paths: Path) -> dict[str, Any]:
    out = StringIO()
    call_command("identify", *map(str, paths), "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_answer_has_the_promised_shape(ann: Person, tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    path.write_bytes(photo(Face(1, 5), Face(9)))
    answer = identify(path)
    (found,) = answer["photos"]
    known, stranger = found.pop("faces")
    assert answer["model"] == "stripes"
    assert answer["gallery"] == {"people": 1, "templates": 2}
    assert found == {
        "path": str(path),
        "status": "done",
        "error": None,
        "width": 180,
        "height": 80,
        "turned": 0,
        "parts": 1,
        "cut_short": False,
    }
    assert known.keys() == {
        "box",
        "score",
        "quality",
        "decision",
        "rival",
        "person",
        "probability",
        "similarity",
        "threshold",
        "corrected",
        "candidates",
    }
    assert known["box"] == [20, 5, 60, 60]
    assert (known["decision"], known["person"]) == ("match", "Ann_Lee")
    assert known["candidates"] == [
        {
            "person": "Ann_Lee",
            "similarity": known["similarity"],
            "probability": known["probability"],
            "other_name": False,
        }
    ]
    assert known["similarity"] > known["threshold"]
    assert (stranger["decision"], stranger["person"]) == ("unknown", None)
    assert stranger["candidates"][0]["person"] == "Ann_Lee"


def test_five_candidates_come_best_first_whatever_the_decision(ann: Person, tmp_path: Path) -> None:
    for number in range(20, 30):
        enrol_photo(Person(name=str(number)), photo(Face(number)), "0.png")
    (tmp_path / "stranger.png").write_bytes(photo(Face(99)))
    (face,) = identify(tmp_path / "stranger.png")["photos"][0]["faces"]
    probabilities = [candidate["probability"] for candidate in face["candidates"]]
    assert face["decision"] == "unknown"
    assert len(probabilities) == 5
    assert probabilities == sorted(probabilities, reverse=True)
    assert face["probability"] == probabilities[0]
    assert face["similarity"] == face["candidates"][0]["similarity"] < face["threshold"]


def test_what_cannot_be_read_is_rejected_and_the_rest_goes_on(ann: Person, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "good.png").write_bytes(photo(Face(1, 5)))
    (tmp_path / "folder").mkdir()
    (tmp_path / "nothing.jpg").touch()
    names = ("none.jpg", "folder", "text.jpg", "nothing.jpg", "good.png")
    photos = identify(*(tmp_path / name for name in names))
    assert [(each["status"], each["error"]) for each in photos["photos"]] == [
        ("rejected", "unreadable_file"),
        ("rejected", "unreadable_file"),
        ("rejected", "unreadable_image"),
        ("rejected", "empty_file"),
        ("done", None),
    ]
    assert photos["photos"][0]["faces"] == []


def test_a_folder_stands_for_all_photos_in_it(ann: Person, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("b.png", "a/c.PNG", "a/.hidden.png", "__MACOSX/d.png", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo(Face(1, 5)))
    photos = identify(folder)["photos"]
    assert [each["path"] for each in photos] == [f"{folder}/a/c.PNG", f"{folder}/b.png"]


def test_it_fails_only_if_no_photo_could_be_read(ann: Person, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("text")
    with pytest.raises(SystemExit, match="1"):
        identify(tmp_path / "text.jpg", tmp_path / "none.jpg")
    (tmp_path / "good.png").write_bytes(photo())
    identify(tmp_path / "text.jpg", tmp_path / "good.png")


def test_an_empty_gallery_knows_nobody(recognizer: StripeRecognizer, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo(Face(1)))
    answer = identify(tmp_path / "photo.png")
    (face,) = answer["photos"][0]["faces"]
    assert answer["gallery"] == {"people": 0, "templates": 0}
    assert (face["decision"], face["person"], face["similarity"]) == ("unknown", None, None)
    assert face["candidates"] == []


def test_nothing_is_stored(ann: Person, tmp_path: Path, media: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo(Face(1, 5)))
    files = sorted(media.rglob("*"))
    rows = {model: model._default_manager.count() for model in apps.get_models()}
    identify(tmp_path / "photo.png")
    assert {model: model._default_manager.count() for model in apps.get_models()} == rows
    assert sorted(media.rglob("*")) == files


def test_people_read_a_small_table(ann: Person, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo(Face(1, 5)))
    (tmp_path / "none.png").write_bytes(photo())
    out = StringIO()
    call_command("identify", str(tmp_path / "photo.png"), str(tmp_path / "none.png"), stdout=out)
    first, face, none = out.getvalue().splitlines()
    assert first.endswith("photo.png: 1 face")
    assert face.split()[:2] == ["match", "Ann_Lee"]
    assert "over 99%" in face
    assert none.endswith("none.png: no faces")


def test_the_columns_stand_below_each_other_in_russian(ann: Person, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo(Face(1, 5), Face(9, 5)))
    out = StringIO()
    with override("ru"):
        call_command("identify", str(tmp_path / "photo.png"), stdout=out)
    known, unknown = out.getvalue().splitlines()[1:]
    assert "более 99" in known
    assert known.index("(") == unknown.index("(")


def test_a_turned_photo_and_the_parts_of_a_large_one_are_told(
    ann: Person, recognizer: StripeRecognizer, tmp_path: Path
) -> None:
    (tmp_path / "photo.png").write_bytes(photo(Face(1, 5)))
    recognizer.degrees, recognizer.parts = -94, 6
    (found,) = identify(tmp_path / "photo.png")["photos"]
    assert (found["turned"], found["parts"]) == (266, 6)
    out = StringIO()
    call_command("identify", str(tmp_path / "photo.png"), stdout=out)
    (first, _) = out.getvalue().splitlines()
    assert first.endswith("photo.png: 1 face, the photo is turned by about 270° clockwise")


def test_a_damaged_model_is_one_sentence_with_the_command_that_mends_it(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> predictors.Predictor:
        raise ArtifactDamaged("models/x/model.bin is not the file.", "models/x/model.bin")

    monkeypatch.setattr(predictors, "active", damaged)
    with pytest.raises(CommandError, match=r"model\.bin\. Run: python manage\.py install_model"):
        call_command("identify", str(tmp_path))
