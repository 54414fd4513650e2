"""Photos, crops, portraits and embeddings encrypted at rest."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from facesite import env, sealing
from recognition.management.preparation import check_keys
from recognition.models import (
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    Template,
    TrainingRun,
    User,
)
from recognition.services.backup import rows
from recognition.services.gallery import memory, templates
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import keys
from recognition.services.training import faces as training_faces
from tests.factories import agreed
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.sites import ROOT, Site, Visitor, wait_for

Login = Callable[[User], Client]
OLD, NEW = (bytes([number]) * 32 for number in (1, 2))
DEMO = ROOT / "demo" / "photos"
PICTURES = (b"\xff\xd8\xff", b"\x89PNG")


@pytest.fixture(autouse=True)
def encrypted(settings: Settings, recognizer: StripeRecognizer) -> Settings:
    settings.ENCRYPT, settings.ENCRYPTION_KEYS = True, (OLD,)
    return settings


@pytest.fixture
def answered(user: User) -> Identification:
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    upload = SimpleUploadedFile("hers.png", photo(Face(1, shot=1)))
    row = submit(user, [upload]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def stored(media: Path) -> dict[str, bytes]:
    files = (path for path in media.rglob("*") if path.is_file())
    return {str(path.relative_to(media)): path.read_bytes() for path in files}


def embeddings() -> list[bytes]:
    """As the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT embedding FROM recognition_template "
            "UNION ALL SELECT embedding FROM recognition_probeface"
        )
        return [bytes(data) for (data,) in cursor.fetchall()]


def rotated() -> keys.Rotated:
    return keys.rotate(lambda _done, _total: None)


def test_nothing_is_stored_that_can_be_looked_at(answered: Identification, media: Path) -> None:
    files = stored(media)
    assert {name.partition("/")[0] for name in files} == {
        "photos",
        "crops",
        "portraits",
        "originals",
    }
    for data in (*files.values(), *embeddings()):
        assert sealing.is_sealed(data)
        assert not any(picture in data for picture in PICTURES)
    plain = Template.objects.get().embedding
    assert np.frombuffer(plain, "<f4").size * 4 == len(plain)
    assert not any(plain in data for data in embeddings())


def test_the_answer_and_the_pages_are_the_same(
    answered: Identification, user: User, login: Login
) -> None:
    face = answered.faces.get()
    assert (face.decision, face.person and face.person.name) == ("match", "Ada")
    browser = login(user)
    for kind, key in (("identification", answered.pk), ("probe", face.pk)):
        response = browser.get(reverse("photo", args=[kind, key]))
        data = b"".join(response)
        assert data.startswith(PICTURES)
        assert int(response["Content-Length"]) == len(data)


def test_an_upload_waits_sealed(user: User, media: Path) -> None:
    row = submit(user, [SimpleUploadedFile("hers.png", photo(Face(1)))]).accepted[0]
    (waiting,) = stored(media).values()
    assert sealing.is_sealed(waiting)
    assert row.original.read() == photo(Face(1))


def test_a_crop_is_read_for_another_version_and_for_a_training(
    answered: Identification, settings: Settings, tmp_path: Path
) -> None:
    face = EnrolledFace.objects.get()
    crop = templates._crop(face)
    assert crop is not None
    assert crop.shape == (112, 112, 3)
    settings.DATA_DIR = tmp_path
    run = TrainingRun.objects.create(name="run")
    training_faces.folder(run).mkdir(parents=True)
    crops = {"1": [Path(settings.MEDIA_ROOT) / str(face.crop.name)]}
    ((copy,),) = training_faces.readable(crops, training_faces.folder(run)).values()
    assert copy.read_bytes().startswith(PICTURES)
    assert copy.is_relative_to(training_faces.folder(run))


@pytest.mark.slow
def test_a_look_at_what_there_is_to_train_on_reads_it_and_leaves_no_copy(
    version: ModelVersion, settings: Settings
) -> None:
    for number in range(1, 5):
        person = agreed(Person.objects.create(name=f"Person {number}"))
        for shot in range(5):
            enrol_photo(person, photo(Face(number, shot=shot)), f"{shot}.png")
    out = StringIO()
    call_command("retrain", "--from-site", "--dry-run", "--json", "--hold-out", "0", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["people"], told["skipped"]) == (4, 0)
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_a_site_from_before_is_encrypted_and_can_be_undone(
    user: User, encrypted: Settings, media: Path
) -> None:
    encrypted.ENCRYPT = False
    enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
    before, plain = stored(media), embeddings()
    assert rotated() == keys.Rotated()
    encrypted.ENCRYPT = True
    enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")
    assert rotated() == keys.Rotated(files=len(before), embeddings=len(plain))
    assert all(map(sealing.is_sealed, (*stored(media).values(), *embeddings())))
    assert rotated() == keys.Rotated()
    encrypted.ENCRYPT = False
    assert rotated() == keys.Rotated(files=2 * len(before), embeddings=2 * len(plain))
    assert {name: stored(media)[name] for name in before} == before
    assert set(plain) <= set(embeddings())


def test_a_new_key_takes_the_place_of_an_old_one(
    answered: Identification, encrypted: Settings, media: Path
) -> None:
    encrypted.ENCRYPTION_KEYS = (NEW, OLD)
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    old, new = sealing.numbers()[1], sealing.numbers()[0]
    assert f"Everything is under key {new}. Nothing here needs {old} any more" in out.getvalue()
    encrypted.ENCRYPTION_KEYS = (NEW,)
    assert answered.faces.get().crop.read().startswith(PICTURES)
    assert all(map(sealing.is_as_it_should_be, (*stored(media).values(), *embeddings())))


def test_a_rotation_that_was_killed_goes_on(answered: Identification, encrypted: Settings) -> None:
    encrypted.ENCRYPTION_KEYS = (NEW, OLD)

    def killed(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(killed)
    assert answered.faces.get().crop.read().startswith(PICTURES)
    assert rotated() == keys.Rotated(files=3, embeddings=2)


def test_a_photo_that_is_deleted_meanwhile_does_not_come_back(
    answered: Identification, encrypted: Settings, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypted.ENCRYPTION_KEYS = (NEW, OLD)
    name = answered.photo.name or ""
    turned = keys._turned

    def deleting(data: bytes, about: bytes, so_far: keys.Rotated) -> bytes | None:
        if about.decode() == name:
            default_storage.delete(name)
        return turned(data, about, so_far)

    monkeypatch.setattr(keys, "_turned", deleting)
    rotated()
    assert name not in stored(media)
    assert not list(media.rglob("*.new"))


def test_without_an_old_key_nothing_is_lost(
    answered: Identification, encrypted: Settings, media: Path, login: Login, user: User
) -> None:
    before, rows_before = stored(media), embeddings()
    encrypted.ENCRYPTION_KEYS = (NEW,)
    with pytest.raises(CommandError, match="left as they are: 7"):
        call_command("rotate_keys", stdout=StringIO())
    assert (stored(media), embeddings()) == (before, rows_before)
    (problem,) = [one for one in run_checks() if one.id == "recognition.key_missing"]
    assert "FACESITE_KEYS lacks key" in problem.msg
    said: list[str] = []
    check_keys(said.append)
    assert said == [f"{problem.msg} {problem.hint}"]
    page = reverse("photo", args=["identification", answered.pk])
    assert login(user).get(page).status_code == 404
    encrypted.ENCRYPTION_KEYS = (NEW, OLD)
    assert rotated().lost == 0
    assert login(user).get(page).status_code == 200


def test_sealed_bytes_are_never_taken_for_a_picture(
    answered: Identification, encrypted: Settings, login: Login, user: User
) -> None:
    encrypted.ENCRYPT, encrypted.ENCRYPTION_KEYS = False, ()
    page = reverse("photo", args=["identification", answered.pk])
    assert login(user).get(page).status_code == 404
    with pytest.raises(templates.CropsUnusable):
        templates._crop(EnrolledFace.objects.get())
    assert "recognition.key_missing" in {one.id for one in run_checks()}


def test_what_was_changed_or_moved_is_not_shown(
    answered: Identification, login: Login, user: User
) -> None:
    photo_file = Path(answered.photo.path)
    whole = photo_file.read_bytes()
    page = reverse("photo", args=["identification", answered.pk])
    for changed in (
        whole[:-1] + bytes([whole[-1] ^ 1]),
        Path(answered.faces.get().crop.path).read_bytes(),
    ):
        photo_file.write_bytes(changed)
        assert login(user).get(page).status_code == 404
    photo_file.write_bytes(whole)
    assert login(user).get(page).status_code == 200


def test_the_gallery_is_the_same_with_rows_of_both_kinds(
    answered: Identification, encrypted: Settings
) -> None:
    encrypted.ENCRYPT = False
    enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")
    memory._followed.clear()
    with memory.current(Template.objects.first().model_version) as gallery:  # type: ignore[union-attr]
        assert (gallery.people, gallery.templates) == (2, 2)


def test_a_backup_has_embeddings_as_they_are_stored(answered: Identification) -> None:
    (line,) = rows.lines(Template)
    Template.objects.all().delete()
    plain = embeddings()
    assert rows.store(Template, [line.encode()]) == 1
    assert len(embeddings()) == len(plain) + 1
    assert all(map(sealing.is_sealed, embeddings()))
    assert np.isfinite(np.frombuffer(Template.objects.get().embedding, "<f4")).all()


@pytest.mark.slow
def test_a_whole_site_answers_and_shows_what_it_has_sealed(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(FACESITE_ENCRYPT="true").start("--demo")
    site.make_user("visitor", "user")
    visitor = Visitor(site)
    visitor.login("visitor")
    upload = SimpleUploadedFile("hers.jpg", (DEMO / "people/Mei_Tanaka/4.jpg").read_bytes())
    page = visitor.post("/", {"photos": upload})
    wait_for(lambda: "Mei Tanaka" in visitor.get(page.url).text)
    shown = re.findall(r'src="(/photos/[^"]+)"', visitor.get(page.url).text)
    assert shown
    assert all(visitor.get(address).body.startswith(PICTURES) for address in shown)
    files = stored(site.data_dir / "media").values()
    assert len(files) > 90
    assert all(map(sealing.is_sealed, files))
    site.stop()
    site.environment["FACESITE_ENCRYPT"] = "false"
    told = json.loads(site.manage("rotate_keys", "--json").splitlines()[-1])
    assert (told["files"], told["embeddings"], told["lost"]) == (len(files), 49, 0)
    assert not any(map(sealing.is_sealed, stored(site.data_dir / "media").values()))


# keys


def test_keys_come_from_the_environment_or_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "encryption_keys"
    assert env.keys("KEYS", file, needed=False) == ()
    (generated,) = env.keys("KEYS", file, needed=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert env.keys("KEYS", file, needed=False) == (generated,)
    written = [urlsafe_b64encode(key).decode().rstrip("=") for key in (NEW, OLD)]
    monkeypatch.setenv("KEYS", ", ".join(written))
    assert env.keys("KEYS", file, needed=True) == (NEW, OLD)
    monkeypatch.delenv("KEYS")
    (tmp_path / "secret").write_text("\n".join(written))
    monkeypatch.setenv("KEYS_FILE", str(tmp_path / "secret"))
    assert env.keys("KEYS", file, needed=True) == (NEW, OLD)


@pytest.mark.parametrize("word", ["short", "?" * 43, "A" * 86])
def test_a_key_that_is_none_is_one_sentence(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYS", word)
    with pytest.raises(ImproperlyConfigured, match="KEYS takes keys of 32 bytes in base64"):
        env.keys("KEYS", tmp_path / "keys", needed=True)


def test_a_key_beside_what_it_protects_is_warned_of(
    db: None, encrypted: Settings, tmp_path: Path
) -> None:
    encrypted.DATA_DIR = tmp_path

    def warned() -> bool:
        found = run_checks(include_deployment_checks=True)
        return "recognition.key_beside" in {one.id for one in found}

    assert not warned()
    (tmp_path / "encryption_keys").touch()
    assert warned()
