"""A site goes into an archive and comes back, as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from facesite import env
from facesite.storage import PrivateStorage
from recognition.models import AuditEvent, Identification, ModelVersion, Person, Trial, User
from recognition.services import chain
from recognition.services.backup import reading, restoring
from recognition.services.privacy.deletion import delete_photos
from recognition.services.privacy.erasure import remove_person
from recognition.services.site import integrity
from tests.recognition.backup.archives import backup, content, everything, restore

pytestmark = pytest.mark.django_db(transaction=True)


def broken() -> dict[str, list[str]]:
    return {found.code: found.broken for found in integrity.verify() if found.broken}


def test_what_is_restored_is_what_was_backed_up(
    file: Path, settings: Settings, elsewhere: Callable[[], None]
) -> None:
    before = everything(settings)
    made = backup(file)
    assert (made.missing, made.size) == ([], file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere()
    restore(file)
    assert everything(settings) == before
    assert chain.verify().whole
    assert broken() == {}
    assert [event.action for event in AuditEvent.objects.order_by("number")][-1] == "site.restored"
    assert not restoring.unfinished()


def test_any_tar_unpacks_it_and_sha256sum_checks_it(file: Path, tmp_path: Path) -> None:
    backup(file)
    where = tmp_path / "unpacked"
    where.mkdir()
    assert os.system(f"cd {where} && tar xf {file} && sha256sum -c --quiet SHA256SUMS*") == 0  # noqa: S605


def test_the_number_of_somebody_who_was_erased_is_not_given_again(
    file: Path, elsewhere: Callable[[], None]
) -> None:
    gone = Person.objects.create(name="Bob")
    number = gone.pk
    remove_person(gone, None)
    backup(file)
    elsewhere()
    restore(file)
    assert Person.objects.create(name="Carl").pk > number


def test_a_name_taken_out_of_the_audit_log_stays_out_and_the_chain_whole(
    file: Path, user: User, elsewhere: Callable[[], None]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE recognition_auditevent SET actor_name = ''")
    backup(file)
    elsewhere()
    restore(file)
    assert chain.verify().whole
    assert set(AuditEvent.objects.values_list("actor_name", flat=True)) == {""}


@pytest.fixture
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server with a password, and a setting that is no secret."""
    monkeypatch.setattr(env, "given", {})
    monkeypatch.setattr(env, "secrets_given", set())
    monkeypatch.setenv("EMAIL_URL", "smtp://me:the-password@mail.example")
    env.mail("EMAIL_URL")
    monkeypatch.setenv("FACESITE_FPIR", "0.02")
    env.fraction("FACESITE_FPIR", 0.01)


@pytest.mark.usefixtures("_secrets")
def test_neither_secrets_nor_sessions_nor_trials_are_in_it(
    file: Path, user: User, version: ModelVersion, login: Callable[[User], Client]
) -> None:
    login(user)
    trial = Trial(model_version=version, requested_by=user, filename="trial-of-mine")
    trial.original.save("", ContentFile(b"the bytes of a trial"))
    trial.save()
    backup(file)
    data = file.read_bytes()
    secret = (django_settings.SECRET_KEY, "the-password", Session.objects.get().pk)
    useless = ("trial-of-mine", "the bytes of a trial")
    assert [one for one in (*secret, *useless) if one.encode() in data] == []
    with reading.opened(file, lambda _size: None) as found:
        assert found.about.settings["FACESITE_FPIR"] == "0.02"
        assert "EMAIL_URL" in found.about.by_hand


def test_who_deletes_a_photo_meanwhile_waits_until_its_files_are_linked(
    file: Path, answered: Identification, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = Event()
    deleting = Thread(target=delete, args=(answered, user, committed))
    link = PrivateStorage.copy
    there: list[bool] = []

    def linked(storage: PrivateStorage, name: str, target: Path) -> None:
        if not there:
            deleting.start()
            assert committed.wait(30)
        there.append(storage.exists(name))
        link(storage, name, target)

    monkeypatch.setattr(PrivateStorage, "copy", linked)
    assert backup(file).missing == []
    deleting.join()
    assert there
    assert all(there)
    assert not Identification.objects.filter(pk=answered.pk).exists()
    assert not Path(answered.photo.path).exists()
    assert f"media/{answered.photo.name}" in content(file)


def delete(row: Identification, user: User, committed: Event) -> None:
    """Says when the row is gone; its files go after that."""
    with transaction.atomic():
        transaction.on_commit(committed.set)
        delete_photos(Identification.objects.filter(pk=row.pk), user)
    connections.close_all()


def test_a_file_that_was_lost_before_is_named(file: Path, answered: Identification) -> None:
    Path(answered.photo.path).unlink()
    assert backup(file).missing == [f"media/{answered.photo.name}"]


def test_the_commands_tell_people_and_machines(file: Path, elsewhere: Callable[[], None]) -> None:
    file.parent.mkdir()
    out = StringIO()
    call_command("backup", str(file), "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert (told["file"], told["bytes"], told["missing"]) == (str(file), file.stat().st_size, [])
    elsewhere()
    out = StringIO()
    call_command("restore", str(file), "--json", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["sound"] is True


@pytest.mark.usefixtures("_secrets")
def test_people_are_told_which_settings_are_other_here(
    file: Path, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(file)
    elsewhere()
    monkeypatch.setitem(env.given, "FACESITE_FPIR", "0.01")
    out = StringIO()
    call_command("restore", str(file), stdout=out)
    assert "    FACESITE_FPIR=0.02\n" in out.getvalue()
    assert "Not in the backup, and set there: EMAIL_URL" in out.getvalue()


def test_the_log_says_who_had_a_copy(file: Path, admin_client: Client) -> None:
    backup(file)
    page = admin_client.get("/admin/recognition/auditevent/").content.decode()
    assert "Site backed up" in page
