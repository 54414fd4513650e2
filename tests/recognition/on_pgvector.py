"""The gallery in PostgreSQL. `tests/test_other_servers.py` runs this with GALLERY_BACKEND=pgvector
on a server that has it; no other run collects it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.db import connection
from django.utils import timezone, translation
from pytest_django import Settings

from ml.calibration import Policy, identify
from ml.gallery import Gallery
from ml.types import Floats, Identification
from recognition.models import EnrolledFace, ModelVersion, Person, Template, VectorTable
from recognition.services.gallery import indexed, memory, people, vectors
from recognition.services.gallery.indexed import Indexed
from recognition.services.privacy import erasure, scrubbing
from recognition.services.site import sweeping
from recognition.services.work import processes
from tests.recognition.fakes import SIZE, StripeRecognizer, calibration, embedding
from tests.recognition.test_gallery import enrol, nearest, sizes

PEOPLE, PROBES = 3000, 50


@pytest.fixture(autouse=True)
def _nothing_asked_before() -> Iterator[None]:
    """Revisions of a test that was rolled back come again."""
    indexed._asked.clear()
    yield
    indexed._asked.clear()


def enrol_all(version: ModelVersion, photos: Mapping[int, Floats]) -> None:
    """Have in the table people by number, with embeddings of theirs, and nobody else."""
    Person.objects.bulk_create(Person(pk=person, name=f"Person {person}") for person in photos)
    faces = EnrolledFace.objects.bulk_create(
        EnrolledFace(
            person_id=person, photo_digest=str(number), filename="1.jpg", box=[], quality=0.9
        )
        for person, own in photos.items()
        for number in range(len(own))
    )
    rows = zip(faces, np.concatenate([*photos.values()]), strict=True)
    Template.objects.bulk_create(
        Template(face=face, model_version=version, embedding=row.astype("<f4").tobytes())
        for face, row in rows
    )
    vectors.drop(VectorTable.objects.all())
    vectors.build()


def both(version: ModelVersion) -> tuple[Gallery, Gallery]:
    """The gallery in PostgreSQL, and the same in memory, which is searched exactly."""
    with memory.current(version) as asked:
        assert isinstance(asked.settled, Indexed)
        return asked, memory.apart(version)[0]


def answers(
    probe: Floats, galleries: tuple[Gallery, Gallery], policy: Policy
) -> list[Identification]:
    return [identify(probe, one, calibration(), policy) for one in galleries]


def agree(one: Identification, other: Identification) -> bool:
    """The same decision about the same people, candidates and their photos included."""
    said = [
        (answer.decision, [(likely.person, likely.templates) for likely in answer.candidates])
        for answer in (one, other)
    ]
    return said[0] == said[1] and one.threshold == pytest.approx(other.threshold, abs=1e-5)


@pytest.fixture
def crowd(version: ModelVersion) -> ModelVersion:
    """A version under which many are enrolled, some of them under two names."""
    drawn = np.random.default_rng(1)
    photos = {
        person: np.stack([embedding(person - person % 50 // 49, shot) for shot in range(many)])
        for person, many in enumerate(drawn.integers(1, 5, PEOPLE).tolist(), start=1)
    }
    enrol_all(version, photos)
    return version


def test_decisions_are_those_of_exact_search(crowd: ModelVersion) -> None:
    galleries = both(crowd)
    assert galleries[0].people == galleries[1].people == PEOPLE
    assert galleries[0].templates == galleries[1].templates
    policy = Policy(0.01, without={7, 8})
    probes = [embedding(number * PEOPLE // PROBES, shot=99) for number in range(1, PROBES + 1)]
    found = [answers(probe, galleries, policy) for probe in probes]
    assert all(agree(*said) for said in found)
    assert sum(said[0].decision == "match" for said in found) > PROBES / 2
    assert scans(crowd) > PROBES


def scans(version: ModelVersion) -> int:
    """How often this transaction has used the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_numscans(indexrelid)) FROM pg_index JOIN pg_class ON "
            "pg_class.oid = indexrelid WHERE indrelid = %s::regclass AND NOT indisprimary",
            [vectors.name(version.pk)],
        )
        return int(cursor.fetchone()[0])


def test_whom_the_index_hides_behind_people_who_are_gone_is_found(crowd: ModelVersion) -> None:
    galleries = both(crowd)
    near = {one.person for one in galleries[0].search(embedding(5, 99), 600)}
    with memory.changing() as changes:
        Person.objects.filter(pk__in=near).delete()
        changes.people.update(near)
    asked, _ = both(crowd)
    assert len(asked.search(embedding(5, 99), 20)) == 20
    assert asked.search(embedding(5, 99), 20)[0].person not in near


def in_table(version: ModelVersion) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT person_id FROM {vectors.name(version.pk)}")  # noqa: S608
        return {person for (person,) in cursor.fetchall()}


def test_who_comes_leaves_or_is_hidden_is_so_at_once(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    ann, ben = enrol("Ann", 1).person, enrol("Ben", 2).person
    second = enrol("Ben", 2, shot=1)
    assert sizes(version) == (2, 3)
    erasure.remove_face(second, None)
    assert sizes(version) == (2, 2)
    assert in_table(version) == {ann.pk, ben.pk}
    people.hide(ann, None, hidden=True)
    assert in_table(version) == {ben.pk}
    assert nearest(version, 1) == ben.pk
    erasure.remove_person(ben, None)
    assert in_table(version) == set()


def test_the_row_goes_with_the_person_whoever_removes_them(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    ann = enrol("Ann", 1).person
    enrol("Ben", 2)
    gone = ann.pk
    Person.objects.filter(pk=gone).delete()
    assert gone not in in_table(version)


def test_changes_while_the_table_is_made_are_in_it(
    recognizer: StripeRecognizer, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = enrol("Ann", 1).person, enrol("Ben", 2).person
    vectors.drop(VectorTable.objects.all())
    catch_up = vectors._catch_up

    def after_changes(made: ModelVersion, as_of: int) -> None:
        erasure.remove_person(ann, None)
        enrol("Cid", 3)
        catch_up(made, as_of)

    monkeypatch.setattr(vectors, "_catch_up", after_changes)
    assert vectors.build() == 2
    assert in_table(version) == {ben.pk, Person.objects.get(name="Cid").pk}
    assert vectors.build() is None


def test_another_version_in_service_is_asked_in_memory_until_its_table_is_made(
    recognizer: StripeRecognizer, version: ModelVersion
) -> None:
    face = enrol("Ann", 1)
    former = version.pk
    ModelVersion.objects.update(state=ModelVersion.State.RETIRED)
    other = ModelVersion.objects.create(
        name="wider",
        digest="1" * 64,
        embedding_size=2 * SIZE,
        state=ModelVersion.State.ACTIVE,
        activated_at=timezone.now(),
    )
    wide = np.zeros(2 * SIZE, "<f4")
    wide[3] = 1
    Template.objects.create(face=face, model_version=other, embedding=wide.tobytes())
    with memory.current(other) as gallery:
        assert not isinstance(gallery.settled, Indexed)
    vectors.build()
    assert [table.pk for table in VectorTable.objects.all()] == [other.pk]
    assert vectors.names() == [vectors.name(other.pk)] != [vectors.name(former)]
    with memory.current(other) as gallery:
        assert isinstance(gallery.settled, Indexed)
        assert gallery.search(wide, 1)[0].person == face.person_id


def test_one_that_missed_changes_is_made_anew(
    recognizer: StripeRecognizer,
    version: ModelVersion,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = list[tuple[str, ...]]()
    monkeypatch.setattr(processes, "start", lambda *one, **_: started.append(one))
    enrol("Ann", 1)
    sweeping.tidy()
    assert ("index_gallery", "--quiet") not in started
    settings.GALLERY_BACKEND = "memory"
    enrol("Ben", 2)
    settings.GALLERY_BACKEND = "pgvector"
    assert sizes(version) == (2, 2)
    sweeping.tidy()
    assert ("index_gallery", "--quiet") in started
    call_command("index_gallery", quiet=True)
    assert len(in_table(version)) == 2


def test_nothing_is_left_where_it_is_not_wanted_any_more(
    recognizer: StripeRecognizer, version: ModelVersion, settings: Settings
) -> None:
    enrol("Ann", 1)
    settings.GALLERY_BACKEND = "memory"
    vectors.launch_when_due()
    assert vectors.names() == []
    assert sizes(version) == (1, 1)


def test_an_erasure_has_it_rewritten_too(
    version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = list[str]()
    monkeypatch.setattr(scrubbing, "_execute", statements.append)
    scrubbing.scrub()
    assert f'VACUUM FULL "{vectors.name(version.pk)}"' in statements


@pytest.mark.parametrize(("language", "told"), [("en", "no table"), ("ru", "нет таблицы")])
def test_a_check_says_that_there_is_no_table(
    version: ModelVersion, language: str, told: str
) -> None:
    vectors.build()
    assert not missing()
    vectors.drop(VectorTable.objects.all())
    with translation.override(language):
        (warning,) = missing()
    assert told in warning.msg


@pytest.mark.parametrize(("language", "told"), [("en", "no extension"), ("ru", "нет расширения")])
def test_a_check_says_that_there_is_no_extension(
    version: ModelVersion, language: str, told: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION IF EXISTS vector CASCADE")
    with translation.override(language):
        (warning,) = missing()
    assert told in warning.msg
    assert warning.hint is not None
    assert "CREATE EXTENSION" in warning.hint


def test_a_table_that_somebody_has_dropped_is_made_anew(crowd: ModelVersion) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {vectors.name(crowd.pk)}")
    assert missing()
    assert vectors.build() == PEOPLE
    assert not missing()


def missing() -> list[CheckMessage]:
    return [one for one in run_checks() if one.id == "recognition.no_vectors"]
