"""What pays at a site: the small sites that it is measured on, and the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.experiments import retraining, small_site
from ml.experiments.small_site import Faces, draw, named_before, opened, search
from ml.experiments.tuning import Networks
from ml.templates import templates
from ml.types import Floats
from tests.ml.conftest import DEMO

PEOPLE, PHOTOS, SIZE = 35, 30, 64


def unit(vectors: Floats) -> Floats:
    norms: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / norms).astype(np.float32)


@pytest.fixture(scope="module")
def faces() -> Faces:
    """People whose photos differ much from each other, all of them mainly in one way."""
    rng = np.random.default_rng(0)
    middle = np.repeat(rng.normal(size=(PEOPLE, SIZE)), PHOTOS, axis=0)
    apart = rng.normal(size=middle.shape) * np.where(np.arange(SIZE) < SIZE // 4, 3.0, 0.5)
    features = unit((middle + apart).astype(np.float32))
    return Faces(
        photos=tuple(Path(str(number)) for number in range(len(middle))),
        owners=np.repeat(np.arange(PEOPLE), PHOTOS),
        quality=np.tile([0.1, *[0.9] * (PHOTOS - 1)], PEOPLE).astype(np.float32),
        features=features,
        mirrored=features,
    )


def test_a_site_asks_about_no_photo_that_it_has(faces: Faces) -> None:
    site = draw(faces, 3, seed=0)
    assert (len(site.enrolled), len(site.outside)) == (20, 5)
    for one in site.enrolled:
        parts = [one.enrolled, one.reviewed, one.probes]
        assert [len(part) for part in parts] == [3, 8, 16]
        assert len(set(np.concatenate(parts).tolist())) == 27
        assert set(faces.owners[np.concatenate(parts)]) == {one.person}
        assert (faces.quality[np.concatenate(parts[:2])] >= 0.3).all()
    people = {one.person for one in site.enrolled}
    assert not people & set(faces.owners[site.strangers])
    assert not set(faces.owners[site.strangers]) & {faces.owners[rows[0]] for rows in site.outside}


def test_further_photos_are_enrolled_and_those_named_before_are_right(faces: Faces) -> None:
    site, photos = draw(faces, 1, seed=0), faces.mapped()
    everybody = np.ones((1, PEOPLE), np.float32)
    few, many = (
        search(opened(photos, faces, site, site.further(more)), photos, faces, site)
        for more in (0, 4)
    )
    assert many.rank1(everybody)[0] > few.rank1(everybody)[0]
    before = named_before(photos, faces, site, 0.01)
    for one, rows in zip(site.enrolled, before, strict=True):
        assert set(rows) <= set(one.reviewed)
        assert len(rows) <= small_site.FURTHER


def test_a_map_takes_away_what_photos_of_one_person_differ_by(faces: Faces) -> None:
    networks = Networks(faces, draw(faces, 3, seed=0), 0)
    everybody = np.ones((1, PEOPLE), np.float32)
    plain, mapped = (
        search(
            opened(one, faces, networks.site, networks.site.further(0)), one, faces, networks.site
        )
        for one in (networks.packaged, networks.mapped)
    )
    assert mapped.rank1(everybody)[0] > plain.rank1(everybody)[0]


def test_the_table_has_gains_with_intervals(
    faces: Faces, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = {name: retraining.CHANGES[name] for name in (retraining.AS_IT_IS, retraining.MORE)}
    monkeypatch.setattr(retraining, "CHANGES", chosen)
    _, _, before, after = retraining.rows(retraining.measured(faces, 1), 1)
    assert before.count("|  |") == 2
    assert after.count("[+") == 2
    assert capsys.readouterr().err.count("seed") == 2 * len(retraining.SEEDS)


def test_faces_are_those_of_the_version_with_their_mirror_images(
    version_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_site, "KEPT", tmp_path)
    monkeypatch.setattr(small_site, "LOOKED_AT", 2)
    faces = Faces.read(DEMO / "people", version_dir, minimum=2)
    assert len(faces.photos) == 24
    crops = faces.crops(np.arange(2))
    assert crops.shape == (2, 112, 112, 3)
    photos = faces.mapped()
    again = templates(lambda _crops: faces.mirrored[:2], crops, photos.probes[:2])
    np.testing.assert_allclose(photos.templates[:2], again, atol=1e-4)


@pytest.mark.slow
def test_trainings_give_embeddings_of_all_that_a_site_asks_about(
    version_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_site, "KEPT", tmp_path)
    monkeypatch.setattr(small_site, "REVIEWED", 2)
    faces = Faces.read(DEMO / "people", version_dir, minimum=2)
    networks = Networks(faces, draw(faces, 1, seed=0), 0)
    rows = networks.site.rows
    for photos in (networks.projected, networks.imprinted):
        likeness = np.einsum("nd,nd->n", photos.probes[rows], networks.packaged.probes[rows])
        assert 0.5 < np.median(likeness) < 0.9999
