"""`manage.py enrol FILE.zip`: the same as of a folder, and nothing is unpacked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from django.core.management import CommandError, call_command

from ml import imaging
from recognition.models import Person
from recognition.services.gallery import archives
from tests.recognition.fakes import Face, photo
from tests.recognition.test_enrol_command import enrol

pytestmark = pytest.mark.usefixtures("recognizer")

Pack = Callable[[dict[str, bytes]], Path]
ANN, BEN = photo(Face(1)), photo(Face(2))


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Make an archive of files by name."""

    def make(files: dict[str, bytes]) -> Path:
        path = tmp_path / "people.zip"
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return path

    return make


def names() -> set[str]:
    return set(Person.objects.values_list("name", flat=True))


class OldName(ZipInfo):
    """A name in an encoding that the archive does not tell, as packers of before UTF-8 write."""

    def __init__(self, name: str, encoding: str) -> None:
        super().__init__(name)
        self.encoding = encoding

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  (Python's own)
        return self.filename.encode(self.encoding), self.flag_bits


@pytest.mark.parametrize("around", ["", "people/"])
def test_people_come_out_of_an_archive(pack: Pack, around: str) -> None:
    path = pack(
        {f"{around}Ann/0.png": ANN, f"{around}Анна/0.png": BEN, f"{around}Ann/sky.png": photo()}
    )
    answer = enrol(path)
    assert (answer["people"], answer["enrolled"]) == (2, 2)
    assert answer["refused"][0]["path"] == f"{path}/{around}Ann/sky.png"
    assert names() == {"Ann", "Анна"}


def test_what_lies_at_other_places_of_the_disk_is_not_written_there(
    pack: Pack, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    path = pack({"../../Eve/0.png": ANN, "/Ben/0.png": BEN, "__MACOSX/Ben/._0.png": b""})
    answer = enrol(path)
    assert (answer["enrolled"], answer["passed_over"]) == (1, 2)
    assert names() == {"Ben"}
    outside = {each for each in tmp_path.rglob("*") if "media" not in each.parts}
    assert outside == {*before, path}


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp437", "Zoë"), ("cp866", "Мария Ёлкина"), ("utf-8", "Мария"), ("utf-8", "李小龙")],
)
def test_names_are_read_in_the_encoding_that_they_were_written_in(
    tmp_path: Path, encoding: str, name: str
) -> None:
    path = tmp_path / "old.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(OldName(f"{name}/0.png", encoding), ANN)
        archive.writestr(OldName("Ben/0.png", encoding), BEN)
    enrol(path)
    assert names() == {name, "Ben"}


def test_a_damaged_photo_in_an_archive_is_one_refusal(pack: Pack) -> None:
    path = pack({"Ann/0.png": ANN, "Ann/1.png": os.urandom(10_000), "Ben/0.png": BEN})
    data = path.read_bytes()
    middle = data.index(b"Ann/1.png") + 1000
    path.write_bytes(data[:middle] + bytes(100) + data[middle + 100 :])
    answer = enrol(path)
    assert answer["enrolled"] == 2
    assert [each["reason"] for each in answer["refused"]] == ["unreadable_file"]


def test_a_photo_over_the_limit_is_not_unpacked(pack: Pack) -> None:
    path = pack({"Ann/0.png": ANN, "Ann/bomb.png": bytes(imaging.MAX_BYTES + 1)})
    assert path.stat().st_size < imaging.MAX_BYTES / 100
    (refused,) = enrol(path)["refused"]
    assert refused["reason"] == "image_too_large"


def encrypted(data: bytes) -> bytes:
    place = data.rindex(b"PK\1\2") + 8
    return data[:place] + b"\1" + data[place + 1 :]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (encrypted, "is encrypted; unpack it"),
        (lambda data: data[:-30], "is not a ZIP archive, or it is damaged"),
        (lambda _data: b"GIF89a", "is not a ZIP archive"),
    ],
)
def test_an_archive_that_cannot_be_used_is_one_sentence(
    pack: Pack, spoil: Callable[[bytes], bytes], complaint: str
) -> None:
    path = pack({"Ann/0.png": ANN})
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CommandError, match=complaint):
        call_command("enrol", str(path))
    assert not Person.objects.exists()


@pytest.mark.parametrize(("limit", "most"), [("MAX_FILES", 1), ("MAX_BYTES", 100)])
def test_an_archive_of_too_much_is_refused(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(archives, limit, most)
    with pytest.raises(CommandError, match="enrol it in parts"):
        call_command("enrol", str(pack({"Ann/0.png": ANN, "Ben/0.png": BEN})))


def test_a_name_of_thousands_of_folders_costs_no_more_than_a_few(pack: Pack) -> None:
    path = pack({"Ann/0.png": ANN, "a/" * 30_000 + "x.png": ANN})
    answer = enrol(path)
    assert (answer["enrolled"], answer["refused"][0]["reason"]) == (1, "nested_folder")
