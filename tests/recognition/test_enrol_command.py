"""`manage.py enrol DIR`: a folder for each person."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from django.core.management import CommandError, call_command

from ml.errors import ArtifactMissing
from recognition.models import EnrolledFace, FolderName, Person
from recognition.services.privacy import erasure
from recognition.services.versions import predictors
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.usefixtures("recognizer")


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two people with two photos each, one of them with a photo of nobody."""
    folder = tmp_path / "album"
    put(folder / "Ann_Lee" / "0.png", photo(Face(1, 0)))
    put(folder / "Ann_Lee" / "1.png", photo(Face(1, 1)))
    put(folder / "Ben" / "0.png", photo(Face(2, 0)))
    put(folder / "Ben" / "sky.png", photo())
    return folder


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def enrol(folder: Path, *options: str, code: int = 0) -> dict[str, Any]:
    out = StringIO()
    ended = 0
    try:
        call_command("enrol", str(folder), "--json", *options, stdout=out, stderr=StringIO())
    except SystemExit as exit_:
        ended = int(exit_.code or 0)
    assert ended == code
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_everybody_is_enrolled_and_what_is_refused_is_listed(album: Path) -> None:
    assert enrol(album) == {
        "people": 2,
        "enrolled": 3,
        "unchanged": 0,
        "passed_over": 0,
        "remarks": [],
        "refused": [
            {
                "path": str(album / "Ben" / "sky.png"),
                "reason": "no_face",
                "message": "No face was found. Take a photo in which the face is seen from the "
                "front and large enough.",
            }
        ],
    }
    assert set(Person.objects.values_list("name", flat=True)) == {"Ann_Lee", "Ben"}


def test_a_second_run_changes_nothing_and_looks_at_nothing_again(
    album: Path, recognizer: StripeRecognizer
) -> None:
    enrol(album)
    looked_at = recognizer.looked_at
    again = enrol(album)
    assert (again["people"], again["enrolled"], again["unchanged"]) == (2, 0, 3)
    assert recognizer.looked_at == looked_at + 1  # the photo that was refused


def test_a_run_that_was_interrupted_is_resumed(album: Path) -> None:
    enrol(album)
    put(album / "Cleo" / "0.png", photo(Face(3)))
    again = enrol(album)
    assert (again["people"], again["enrolled"], again["unchanged"]) == (3, 1, 3)


@pytest.mark.parametrize("name", ["Мария", "李小龙", "محمد", "Zoë", "O'Neil, Jr."])
def test_names_in_any_script_stay_as_they_are(album: Path, name: str) -> None:
    put(album / normalize("NFD", name) / "0.png", photo(Face(9)))
    enrol(album)
    assert Person.objects.filter(name=normalize("NFC", name)).exists()


def test_both_spellings_of_one_name_are_one_person(album: Path) -> None:
    for shot, form in enumerate(("NFC", "NFD")):
        put(album / normalize(form, "Zoë") / f"{shot}.png", photo(Face(9, shot)))  # type: ignore[arg-type]
    enrol(album)
    assert Person.objects.get(name="Zoë").faces.count() == 2


def test_what_systems_leave_behind_is_nobody_and_no_photo(album: Path) -> None:
    for folder in ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", ".Trash-1"):
        put(album / folder / "0.png", photo(Face(5)))
        put(album / "Ben" / folder / "0.png", photo(Face(5)))
    for file in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        put(album / file, b"")
        put(album / "Ben" / file, b"")
    answer = enrol(album)
    assert (answer["people"], answer["enrolled"], answer["passed_over"]) == (2, 3, 18)
    assert len(answer["refused"]) == 1


def test_a_folder_with_nothing_but_leftovers_holds_no_photos(album: Path) -> None:
    put(album / "Nobody" / "Thumbs.db", b"")
    assert "empty_folder" in {each["reason"] for each in enrol(album)["refused"]}


def test_what_was_passed_over_is_one_line_of_the_summary(album: Path) -> None:
    put(album / ".DS_Store", b"")
    put(album / "lost+found" / "0.png", photo(Face(5)))
    out = StringIO()
    call_command("enrol", str(album), stdout=out, stderr=StringIO())
    assert "Passed over, as files of the operating system: 2." in out.getvalue().splitlines()


def test_everything_else_that_is_no_photo_of_a_person_is_reported(album: Path) -> None:
    put(album / "readme.txt", b"text")
    put(album / "Ann_Lee" / "older" / "0.png", photo(Face(1, 5)))
    put(album / "Ann_Lee" / "notes.txt", b"text")
    put(album / "Ann_Lee" / "nothing.jpg", b"")
    put(album / ("x" * 201) / "0.png", photo(Face(5)))
    (album / "Nobody").mkdir()
    os.mkfifo(album / "Ben" / "pipe.png")
    reasons = {Path(each["path"]).name: each["reason"] for each in enrol(album)["refused"]}
    assert reasons == {
        "readme.txt": "not_in_a_folder",
        "older": "nested_folder",
        "notes.txt": "unreadable_image",
        "nothing.jpg": "empty_file",
        "x" * 201: "bad_name",
        "Nobody": "empty_folder",
        "pipe.png": "unreadable_file",
        "sky.png": "no_face",
    }
    assert not Person.objects.filter(name="Nobody").exists()


def test_names_in_no_known_encoding_do_no_harm(album: Path) -> None:
    put(Path(os.fsdecode(bytes(album / "Ben") + b"/\xff.png")), photo(Face(2, 5)))
    put(Path(os.fsdecode(bytes(album) + b"/\xff/0.png")), photo(Face(3)))
    answer = enrol(album)
    assert answer["enrolled"] == 4
    assert "bad_name" in {each["reason"] for each in answer["refused"]}


def test_the_largest_face_is_taken_on_demand(album: Path) -> None:
    put(album / "Cleo" / "0.png", photo(Face(3, width=90), Face(4, width=30)))
    assert enrol(album)["people"] == 2
    assert enrol(album, "--largest")["people"] == 3


def test_a_person_known_by_an_external_id_is_not_doubled(album: Path) -> None:
    known = Person.objects.create(name="Ben", external_id="42")
    enrol(album)
    assert list(Person.objects.filter(name="Ben")) == [known]


def test_a_person_is_found_with_spaces_for_underscores(album: Path) -> None:
    ann = Person.objects.create(name="Ann Lee")
    put(album / "Ann Lee" / "2.png", photo(Face(1, 2)))
    assert enrol(album)["people"] == 2
    assert Person.objects.count() == 2
    assert ann.faces.count() == 3


def test_the_very_name_comes_before_one_that_looks_like_it(album: Path) -> None:
    twins = [Person.objects.create(name=name) for name in ("Ann Lee", "Ann_Lee")]
    enrol(album)
    assert [ann.faces.count() for ann in twins] == [0, 2]


def renamed(before: str, after: str) -> Person:
    person = Person.objects.get(name=before)
    person.name = after
    person.save()
    return person


@pytest.mark.parametrize("folder", ["Ben", "BEN"])
def test_a_renamed_person_keeps_the_folder(album: Path, folder: str) -> None:
    enrol(album)
    bob = renamed("Ben", "Bob Miller")
    (album / "Ben").rename(album / folder)
    put(album / folder / "1.png", photo(Face(2, 1)))
    assert enrol(album)["enrolled"] == 1
    assert Person.objects.count() == 2
    assert bob.faces.count() == 2
    assert bob.other_folders == ["Ben"]


def test_who_takes_on_the_name_of_a_renamed_person_does_not_get_their_folder(album: Path) -> None:
    enrol(album)
    bob = renamed("Ben", "Bob Miller")
    Person.objects.create(name="Ben")
    put(album / "Ben" / "1.png", photo(Face(2, 1)))
    enrol(album)
    assert bob.faces.count() == 2


def test_a_renamed_folder_is_known_by_its_photos(album: Path) -> None:
    enrol(album)
    (album / "Ann_Lee").rename(album / "Ann Smith")
    put(album / "Ann Smith" / "2.png", photo(Face(1, 2)))
    answer = enrol(album)
    assert (answer["enrolled"], answer["unchanged"]) == (1, 3)
    assert Person.objects.get(name="Ann_Lee").faces.count() == 3
    assert Person.objects.count() == 2


def test_one_photo_of_somebody_else_does_not_make_it_their_folder(album: Path) -> None:
    enrol(album)
    put(album / "Cleo" / "0.png", photo(Face(1, 0)))
    for shot in (1, 2):
        put(album / "Cleo" / f"{shot}.png", photo(Face(3, shot)))
    answer = enrol(album)
    assert "enrolled_elsewhere" in {each["reason"] for each in answer["refused"]}
    assert Person.objects.get(name="Cleo").faces.count() == 2


def test_with_the_person_the_memory_of_their_folder_goes(album: Path) -> None:
    enrol(album)
    erasure.remove_person(renamed("Ben", "Bob Miller"), None)
    assert [folder.name for folder in FolderName.objects.all()] == ["Ann_Lee"]
    enrol(album)
    assert Person.objects.filter(name="Ben").exists()


def test_it_fails_when_nobody_could_be_enrolled(tmp_path: Path) -> None:
    put(tmp_path / "album" / "Ben" / "0.png", photo())
    answer = enrol(tmp_path / "album", code=1)
    assert (answer["people"], len(answer["refused"])) == (0, 1)


def test_a_missing_or_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("enrol", str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="There is nothing in"):
        call_command("enrol", str(tmp_path / "empty"))


def test_without_a_model_it_names_the_command_that_helps(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> predictors.Predictor:
        raise ArtifactMissing("There is no model version in models/x.", "models/x")

    monkeypatch.setattr(predictors, "active", missing)
    with pytest.raises(CommandError, match=r"Run: python manage\.py install_model"):
        call_command("enrol", str(album))


def test_people_read_a_line_for_each_refused_file_and_a_summary(album: Path) -> None:
    out, err = StringIO(), StringIO()
    call_command("enrol", str(album), stdout=out, stderr=err)
    assert str(album / "Ben" / "sky.png") + ": No face was found." in err.getvalue()
    assert "2. Photos: 3 enrolled, 0 unchanged, 1 refused" in out.getvalue()


def test_where_nobody_watches_there_is_no_bar(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("enrol", str(album))
    assert capsys.readouterr().err.splitlines() == [
        f"{album / 'Ben' / 'sky.png'}: No face was found. Take a photo in which the face is seen "
        "from the front and large enough."
    ]


def test_a_file_over_the_limit_is_refused_unread(album: Path) -> None:
    with (album / "Ben" / "huge.png").open("wb") as file:
        file.truncate(10**12)
    (huge,) = [each for each in enrol(album)["refused"] if "huge" in each["path"]]
    assert huge["reason"] == "image_too_large"
    assert "limit is 30 MB" in huge["message"]
    assert EnrolledFace.objects.count() == 3
