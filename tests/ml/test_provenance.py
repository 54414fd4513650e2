"""What a stored result rests on is found by imports, not kept in a list."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml import provenance

FACES, CROPS, COMPARISON = "ml.evaluation.faces", "ml.data.crops", "ml.experiments.comparison"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(provenance.ROOT / "ml", tmp_path / "ml")
    return tmp_path


def change(module: str, root: Path) -> None:
    place = root.joinpath(*module.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    with path.open("a") as source:
        source.write("\nANOTHER = 1\n")


def test_the_same_code_has_the_same_digest(root: Path) -> None:
    for module in (FACES, CROPS, COMPARISON):
        assert provenance.digest_of(module, root) == provenance.digest_of(module)


@pytest.mark.parametrize("module", [FACES, CROPS, COMPARISON])
def test_a_changed_constant_anywhere_on_the_way_is_seen(module: str, root: Path) -> None:
    seen = {provenance.digest_of(module, root)}
    way = provenance.sources(module, root)
    for name in way:
        change(name, root)
        seen.add(provenance.digest_of(module, root))
    assert len(seen) == len(way) + 1


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        (FACES, {"ml.imaging", "ml.detection", "ml.weights", "ml.inference.engine", "ml.quality"}),
        (CROPS, {"ml.imaging", "ml.headers", "ml.detection", "ml.alignment", "ml.weights"}),
        (
            COMPARISON,
            {
                *("ml.gallery", "ml.data.splits", "ml.inference.export", "ml.inference.engine"),
                *("ml.architectures.recipe", "ml.architectures.losses", "ml.training.trainer"),
            },
        ),
    ],
)
def test_the_way_has_what_decides(module: str, needed: set[str]) -> None:
    assert needed <= provenance.sources(module).keys()


@pytest.mark.parametrize("package", ["ml", "ml.data"])
def test_the_packages_on_the_way_are_seen(package: str, root: Path) -> None:
    before = provenance.digest_of(CROPS, root)
    change(package, root)
    assert provenance.digest_of(CROPS, root) != before


def test_other_code_does_not_count(root: Path) -> None:
    before = provenance.digest_of(CROPS, root)
    change("ml.reports.page", root)
    change("ml.gallery", root)
    assert provenance.digest_of(CROPS, root) == before


def test_another_version_of_a_library_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = provenance.digest_of(CROPS)
    monkeypatch.setattr(provenance, "version", lambda _package: "99")
    assert provenance.digest_of(CROPS) != before
