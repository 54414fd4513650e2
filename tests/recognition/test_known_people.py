"""Whom the version in service has learned counts for nothing, by whatever way they came in."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from ml import imaging
from ml.data import crops, dataset, splits
from ml.data.splits import Material, split
from ml.evaluation import tries
from ml.evaluation.measuring import Beside, Measured
from ml.inference.engine import OpenVINOEngine
from ml.versions.making import Places
from recognition.models import ModelVersion, Person, TrainedPerson
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.training.faces import site_dataset
from recognition.services.training.known import known_to
from recognition.services.versions import registry
from tests.factories import agreed

PEOPLE, PHOTOS, SHARE = 7, 6, 0.7
"""Five of the seven are held out."""
NAMES = [f"Person {number}" for number in range(PEOPLE)]


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """A folder of photos for each of seven people."""
    rendered = sorted((shared_data / "synthetic" / "train").iterdir())[:PEOPLE]
    for name, person in zip(NAMES, rendered, strict=True):
        (tmp_path / "people" / name).mkdir(parents=True)
        for photo in sorted(person.iterdir())[:PHOTOS]:
            shutil.copy(photo, tmp_path / "people" / name)
    return tmp_path / "people"


@pytest.fixture
def active(packaged_model: Path, tmp_path: Path, settings: Settings, db: None) -> ModelVersion:
    """The packaged network in service, which the test says to have learned somebody."""
    models = tmp_path / "models"
    shutil.copytree(packaged_model, models)
    settings.MODELS_DIR, settings.MEDIA_ROOT = models, tmp_path / "media"
    version = registry.install_default(lambda _step: None)
    ModelVersion.objects.update(state=ModelVersion.State.ACTIVE)
    version.refresh_from_db()
    return version


def enrolled(folder: Path, *, under: Mapping[str, str]) -> None:
    """The photos of the folder as the site has them: the faces cut out, in files of their own."""
    for name, called in under.items():
        person = agreed(Person.objects.create(name=called))
        for photo in sorted((folder / name).iterdir()):
            enrol_photo(person, photo.read_bytes(), photo.name)


def from_data(folder: Path, cache: Path, hold_out: float = SHARE) -> Material:
    return _material(dataset.read([folder]), cache, "aligned", hold_out)


def from_site(cache: Path, hold_out: float = SHARE) -> Material:
    return _material(dataset.gather(site_dataset()), cache, "as-is", hold_out)


def _material(read: dataset.Dataset, cache: Path, mode: crops.Mode, hold_out: float) -> Material:
    made = crops.prepare(read, cache, mode=mode)
    parts = split(made.dataset, seed=0, hold_out=hold_out)
    return Material(made.dataset, parts, made.images)


def learn(active: ModelVersion, material: Material) -> None:
    """Have the version in service come from a training on this."""
    path = registry.folder(active) / splits.FILE
    material.split.save(path, material.dataset, material.pixels)


def unseen(active: ModelVersion, material: Material, known: Collection[str] = ()) -> set[str]:
    """The people held out whom the gate goes by."""
    place = registry.folder(active)
    measured = Measured(
        material,
        OpenVINOEngine.load(place),
        "gallery",
        Beside(place, known=known),
        lambda _done, _total: None,
    )
    return set(material.split.held_out) - measured._known


@pytest.mark.slow
def test_trained_from_the_folder_and_now_from_the_site(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    """The files differ, as one is a photo and the other the face cut out of it."""
    strange = {name: f"Somebody {number}" for number, name in enumerate(NAMES)}
    enrolled(folder, under=strange)
    before = from_data(folder, tmp_path / "cache", hold_out=0)
    learn(active, before)
    now = from_site(tmp_path / "cache")
    assert len(now.split.held_out) == 5
    files = {photo.sha256 for photo in now.dataset.photos}
    assert not files & {photo.sha256 for photo in before.dataset.photos}
    assert unseen(active, now) == set()


def test_trained_from_the_site_and_now_from_the_folder(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    enrolled(folder, under={name: f"Somebody {name}" for name in NAMES[:4]})
    learn(active, from_site(tmp_path / "cache", hold_out=0))
    now = from_data(folder, tmp_path / "cache")
    assert unseen(active, now) == set(now.split.held_out) & set(NAMES[4:])


@pytest.mark.slow
def test_other_photos_of_somebody_it_has_learned_are_known_by_whose_they_are(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    """Not one photo is the same: only the site knows that they are of the same people."""
    enrolled(folder, under={name: name for name in NAMES})
    people = Person.objects.order_by("pk")
    for number, person in enumerate(people[:3]):
        TrainedPerson.objects.create(model_version=active, number=number, person_id=person.pk)
    learned = {str(person.pk) for person in people[:3]}
    now = from_site(tmp_path / "cache")
    assert unseen(active, now) == set(now.split.held_out)
    assert known_to(active, now, from_site=True) == learned
    by_number = unseen(active, now, known_to(active, now, from_site=True))
    assert by_number == set(now.split.held_out) - learned

    again = from_data(folder, tmp_path / "cache")
    known = known_to(active, again, from_site=False)
    assert known == set(again.split.held_out) & set(NAMES[:3])


def test_whose_photo_it_has_learned_is_known_in_the_gallery_too(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    enrolled(folder, under={NAMES[0]: "Called otherwise"})
    learn(active, from_data(folder, tmp_path / "cache", hold_out=0))
    person = Person.objects.get()
    now = from_data(folder, tmp_path / "cache")
    assert str(person.pk) in known_to(active, now, from_site=True)


def test_the_packaged_network_has_learned_nobody(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    now = from_data(folder, tmp_path / "cache")
    assert known_to(active, now, from_site=False) == frozenset()
    assert unseen(active, now) == set(now.split.held_out)


@pytest.mark.slow
def test_figures_are_of_the_same_people_if_these_and_their_photos_are(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    def measured_on(material: Material, known: Collection[str] = ()) -> str | None:
        place = registry.folder(active)
        engine = OpenVINOEngine.load(place)
        beside = Beside(place, known=known)
        return Measured(material, engine, "gallery", beside, lambda *_: None).measured_on

    now = from_data(folder, tmp_path / "cache")
    first = measured_on(now)
    assert first == measured_on(from_data(folder, tmp_path / "cache"))
    assert measured_on(now, now.split.held_out[:1]) not in {first, None}
    assert measured_on(now, now.split.held_out) is None
    next((folder / now.split.held_out[0]).iterdir()).unlink()
    assert measured_on(from_data(folder, tmp_path / "cache")) != first


def test_the_packaged_version_is_measured_beside_any_other(
    active: ModelVersion, folder: Path, tmp_path: Path
) -> None:
    """Here the one in service is a copy of it, so that all figures are the same."""
    place, copy = registry.folder(active), tmp_path / "models" / "copy"
    shutil.copytree(place, copy)
    models = Places(tmp_path, tmp_path / "models", tmp_path, active=place)
    assert models.beside.packaged is None
    beside = replace(models, active=copy).beside
    assert (beside.active, beside.packaged) == (copy, place)

    now = from_data(folder, tmp_path / "cache")
    engine = OpenVINOEngine.load(copy)
    measured = Measured(now, engine, "gallery", beside, lambda _done, _total: None)
    packaged, new = measured.metrics_packaged, measured.metrics
    assert packaged is not None
    assert new is not None
    assert packaged.summary() == new.summary()
    assert packaged.people == 5


class TestTries:
    def save(self, models: Path, name: str, material: Material) -> None:
        (models / name).mkdir(parents=True)
        material.split.save(models / name / splits.FILE, material.dataset, material.pixels)

    def photos(self, material: Material) -> list[tuple[str, str]]:
        files = [material.dataset.photos[row].sha256 for row in material.split.held_out_photos]
        return [(file, material.pixels[file]) for file in files]

    def test_versions_that_the_same_people_judged_are_counted(
        self, folder: Path, tmp_path: Path
    ) -> None:
        models, material = tmp_path / "tried", from_data(folder, tmp_path / "cache")
        assert tries.before(models, self.photos(material)) == 0
        for number in range(3):
            self.save(models, f"sface-{number}", material)
        self.save(models, ".sface-9~half", material)
        (models / "damaged").mkdir()
        (models / "damaged" / splits.FILE).write_text("{")
        assert tries.before(models, self.photos(material)) == 3
        assert tries.before(models, []) == 0

    def test_a_photo_more_or_less_does_not_make_them_others(
        self, folder: Path, tmp_path: Path
    ) -> None:
        models, before = tmp_path / "tried", from_data(folder, tmp_path / "cache")
        self.save(models, "sface-1", before)
        next((folder / before.split.held_out[0]).iterdir()).unlink()
        now = from_data(folder, tmp_path / "cache")
        assert tries.before(models, self.photos(now)) == 1

    def test_other_people_have_not_judged_before(self, folder: Path, tmp_path: Path) -> None:
        models, before = tmp_path / "tried", from_data(folder, tmp_path / "cache")
        self.save(models, "sface-1", before)
        rng = np.random.default_rng(0)
        strangers = tmp_path / "strangers"
        for name in NAMES:
            (strangers / name).mkdir(parents=True)
            for number in range(5):
                noise = rng.integers(0, 256, (112, 112, 3), dtype=np.uint8)
                (strangers / name / f"{number}.png").write_bytes(imaging.encode_png(noise))
        now = _material(dataset.read([strangers]), tmp_path / "cache", "as-is", SHARE)
        assert tries.before(models, self.photos(now)) == 0
