from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from facesite.catalogues import compile_stale
from ml.artifact import read_manifest, seal, write_labels
from ml.classes import Classes
from ml.data.crops import prepare
from ml.data.dataset import read
from ml.data.splits import load_split, split
from ml.inference import engine
from ml.types import Floats, Image
from recognition.models import ModelVersion
from tests.visible import PROPER, latin_words

DEMO = Path(__file__).resolve().parents[2] / "demo"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Demo people with three photos each, named as in LFW, and strangers with one."""
    for person in sorted((DEMO / "people").iterdir())[:6]:
        for number in (1, 2, 3):
            copy(person / f"{number}.jpg", tmp_path / "photos", person.name, number)
    for stranger in sorted((DEMO / "photos" / "strangers").glob("*.jpg")):
        copy(stranger, tmp_path / "photos", f"Stranger_{stranger.stem}", 1)
    return tmp_path / "photos"


def copy(photo: Path, root: Path, name: str, number: int) -> None:
    (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(photo, root / name / f"{name}_{number:04d}.jpg")


@pytest.fixture
def pairs(data: Path, tmp_path: Path) -> Path:
    names = [folder.name for folder in sorted(data.iterdir()) if len(list(folder.iterdir())) == 3]
    lines = ["2\t3"]
    for fold in (names[:3], names[3:]):
        lines += [f"{name}\t1\t2" for name in fold]
        lines += [f"{name}\t1\t{fold[index - 1]}\t3" for index, name in enumerate(fold)]
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was found in photos, kept from test to test as from run to run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def evaluate(
    active_model: ModelVersion,
    tmp_path: Path,
    found_before: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run the command on the real networks; returns what a program reads of its output."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir(exist_ok=True)
    (settings.DATA_DIR / "cache").symlink_to(found_before)

    def run(*arguments: object) -> dict[str, Any]:
        call_command("evaluate", *map(str, arguments), "--json")
        result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return result

    return run


def test_verification_of_the_demo_people(evaluate: Any, data: Path, pairs: Path) -> None:
    result = evaluate("verification", "--data", data, "--pairs", pairs)
    assert list(result) == ["accuracy", "sd", "tar", "pairs", "missing", "pairs_error"]
    assert (result["pairs"], result["missing"]) == (12, 0)
    assert list(result["tar"]) == ["0.01", "0.001"]
    assert result["accuracy"] >= 0.8
    assert 0 < result["pairs_error"] < 0.4, "twelve pairs say little of a chance"


def test_open_set_of_the_demo_people(evaluate: Any, data: Path, tmp_path: Path) -> None:
    compile_stale()
    result = evaluate("open-set", "--data", data, "--enrol", 2, "--report", tmp_path / "report")
    assert (result["enrol"], result["people"], result["probes"]) == (2, 6, 6)
    assert result["strangers"] == 8
    assert list(result["dir"]) == ["0.1", "0.01", "0.003"]
    assert result["fpir_promised"] == 0.01
    assert result["rank1"] == 1
    assert "fpir_measured" in result
    assert "dir_at_decision" in result
    assert (tmp_path / "report" / "report.html").is_file()
    russian = (tmp_path / "report" / "report.ru.html").read_text(encoding="utf-8")
    assert "Кто это — или мы его не знаем?" in russian
    before_facts = russian.partition("<main")[2].partition('<div class="card facts')[0]
    assert latin_words(f"<main{before_facts}") - PROPER == set()
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["rank1"] == 1


def test_enrolment_of_the_demo_people(evaluate: Any, known: Path) -> None:
    result = evaluate("enrolment", "--data", known, "--enrol", 4)
    assert result == {
        "enrol": 4,
        "people": 5,
        "right": 5 * 3 * 4,
        "wrong": 5 * 3 * 4,
        "right_refused": 0,
        "right_remarked": 0,
        "wrong_refused": 1,
        "new_taken_for_known": 0,
        "known_recognised": result["known_recognised"],
    }
    assert result["known_recognised"] >= 0.8


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Eight photos each of demo people, as a training would have them."""
    for person in sorted((DEMO / "people").iterdir())[:5]:
        for photo in [*person.iterdir(), *(DEMO / "photos" / "people" / person.name).iterdir()]:
            copy(photo, tmp_path / "known", person.name, int(photo.stem))
    return tmp_path / "known"


def test_closed_set_of_a_model_that_only_embeds(
    evaluate: Any, known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = evaluate("closed-set", "--data", known, "--report", tmp_path / "report")
    assert result == {"train": 1.0, "validation": 1.0, "test": 1.0, "top5": 1.0, "classes": 5}
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Whose face is it" in page
    call_command("evaluate", "closed-set", "--data", str(known))
    assert "test photos, top-5      100.00 %\n" in capsys.readouterr().out


def test_galleries_of_the_demo_people(
    evaluate: Any, known: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = evaluate("galleries", "--data", known, "--report", tmp_path / "report")
    assert result["draws"] == 20
    assert [row["gallery"] for row in result["galleries"]] == ["2, 1 photo", "2, 3 photos"]
    for row in result["galleries"]:
        assert 0 <= row["strangers"] < 0.5  # rendered people, and hardly anybody around
        assert row["right"] >= 0.5
        assert row["others_right"] is None
    assert "2, 3 photos" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    call_command("evaluate", "galleries", "--data", str(known), "--others", str(data))
    out = capsys.readouterr().out
    assert "galleries drawn each          20\n" in out
    assert "2, 1 photo" in out
    assert "other strangers" in out


def trained(packaged_model: Path, known: Path, tmp_path: Path) -> Path:
    """A version that was trained on the known people, not sealed yet."""
    version = shutil.copytree(packaged_model / "sface-2021dec", tmp_path / "models" / "trained")
    dataset = read([known])
    parts = split(dataset, seed=3, hold_out=0)
    write_labels(version / "labels.json", parts.labels)
    parts.save(version / "split.json", dataset)
    return Path(version)


def sealed_anew(version: Path, **changed: Any) -> None:
    manifest = replace(read_manifest(version), **changed)
    (version / "manifest.json").unlink()
    seal(version, manifest)


def test_a_trained_version_that_answers_by_gallery_is_asked_so_about_its_own_split(
    evaluate: Any, packaged_model: Path, known: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    sealed_anew(trained(packaged_model, known, tmp_path))
    figures = evaluate("closed-set", "--data", known, "--model", "trained", "--seed", 99)
    assert figures == {"train": 1.0, "validation": 1.0, "test": 1.0, "top5": 1.0, "classes": 5}
    shutil.rmtree(sorted(known.iterdir())[0])
    with pytest.raises(CommandError, match="no training photo"):
        evaluate("closed-set", "--data", known, "--model", "trained")


@pytest.mark.usefixtures("evaluate")
class TestOfAModelWithClasses:
    """Its own split is what counts, wherever its photos lie now. What stands for the head of a
    trained network here takes a face for the nearest of its training photos."""

    @pytest.fixture
    def model(self, packaged_model: Path, known: Path, tmp_path: Path, settings: Settings) -> Path:
        """A version that was trained on the known people and answers by its classes."""
        settings.MODELS_DIR = Path(shutil.copytree(packaged_model, tmp_path / "models"))
        version = trained(packaged_model, known, tmp_path)
        Classes(1.0, ((0.5, 0.0), (0.1, 1.0)), {}).save(version / "classes.json")
        sealed_anew(version, answers_by="classes")
        return version

    @pytest.fixture(autouse=True)
    def _head(
        self, model: Path, known: Path, found_before: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        embedding = engine.load("openvino", model)
        classes = load_split(model / "split.json").parts["train"]
        dataset = read([known])
        rows = [row for row, photo in enumerate(dataset.photos) if photo.sha256 in classes]
        made = prepare(dataset, found_before / "crops")
        learned = embedding.embed(np.array(made.images[rows]))
        owners = np.array([classes[dataset.photos[row].sha256] for row in rows])

        class WithHead:
            def classify(self, crops: Image) -> Floats:
                near = embedding.embed(crops) @ learned.T
                shares = [near[:, owners == number].max(axis=1) for number in range(5)]
                return np.stack(shares, axis=1)

        monkeypatch.setattr("recognition.management.closed_set.engines.load", lambda *_: WithHead())

    def test_its_own_photos_are_found_by_what_is_in_them(
        self, evaluate: Any, known: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        usual = evaluate("closed-set", "--data", known, "--model", "trained", "--seed", 99)
        assert usual["classes"] == 5
        assert usual["train"] == 1.0
        assert usual["test"] >= 0.8
        for number, folder in enumerate(sorted(known.iterdir())):
            for photo in folder.iterdir():
                photo.rename(photo.with_stem(f"other {photo.stem}"))
            folder.rename(known / f"Somebody {number}")
        call_command("evaluate", "closed-set", "--data", str(known), "--model=trained", "--json")
        captured = capsys.readouterr()
        assert json.loads(captured.out.splitlines()[-1]) == usual
        assert "that are not there" not in captured.err

    def test_what_is_not_there_is_told(
        self, known: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shutil.rmtree(sorted(known.iterdir())[0])
        call_command("evaluate", "closed-set", "--data", str(known), "--model=trained")
        assert "Photos of the split of trained that are not there: 8." in capsys.readouterr().err

    def test_other_people_are_no_test_of_it(
        self, evaluate: Any, known: Path, tmp_path: Path
    ) -> None:
        for person in sorted((DEMO / "people").iterdir())[5:7]:
            for photo in [*person.iterdir(), *(DEMO / "photos/people" / person.name).iterdir()]:
                copy(photo, tmp_path / "others", person.name, int(photo.stem))
        with pytest.raises(CommandError, match="None of the photos that trained was trained on"):
            evaluate("closed-set", "--data", tmp_path / "others", "--model", "trained")


def test_a_second_run_finds_the_same_without_looking(
    evaluate: Any,
    data: Path,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.DATA_DIR = tmp_path / "of its own"
    first = evaluate("open-set", "--data", data)
    monkeypatch.setattr("ml.inference.recognizer.Recognizer.recognize", None)
    assert evaluate("open-set", "--data", data) == first


def test_for_people_the_shares_are_in_percent(
    evaluate: Any, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("evaluate", "open-set", "--data", str(data))
    out = capsys.readouterr().out
    assert "rank-1                  100.00 %\n" in out
    assert "DIR at FPIR 0.3 %" in out
    assert "strangers                      8\n" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["verification", "--data", "{data}"], "needs --pairs"),
        (["verification", "--data", "{data}", "--pairs", "{data}/none"], "cannot be read"),
        (["verification", "--data", "{data}/none", "--pairs", "{pairs}"], "no folder"),
        (["open-set", "--data", "{data}/none"], "no folder"),
        (["open-set", "--data", "{data}", "--enrol", "3"], "Nobody has 4 photos"),
        (["open-set", "--data", "{data}", "--enrol", "0"], "At least one photo"),
        (["open-set", "--data", "{data}", "--model", "newer"], "is not there"),
        (["enrolment", "--data", "{data}"], "has to be 2 or more"),
        (["enrolment", "--data", "{data}", "--enrol", "3"], "two people or more"),
        (["enrolment", "--data", "{data}", "--report", "{data}/r"], "leave out --report"),
        (["closed-set", "--data", "{data}", "--model", "newer"], "is not there"),
        (["closed-set", "--data", "{data}/none"], "no folder"),
        (["closed-set", "--data", "{data}"], "5 usable photos"),
    ],
)
def test_what_cannot_be_evaluated_is_told_in_one_sentence(
    evaluate: Any, data: Path, pairs: Path, arguments: list[str], complaint: str
) -> None:
    filled = [argument.format(data=data, pairs=pairs) for argument in arguments]
    with pytest.raises(CommandError, match=complaint) as error:
        evaluate(*filled)
    assert error.value.returncode == 1
    assert "\n" not in str(error.value)


@pytest.mark.django_db
def test_without_a_model_it_says_so(data: Path) -> None:
    with pytest.raises(CommandError, match="The model, or a file of it, is not there"):
        call_command("evaluate", "open-set", "--data", str(data))


@pytest.mark.slow
class TestOnLFW:
    """What the README quotes: minutes at first, seconds once photos are cached."""

    @pytest.fixture(autouse=True)
    def _keep_what_was_found(self, evaluate: Any, settings: Settings) -> None:
        settings.DATA_DIR = DEMO.parent / ".cache"

    def test_pairs(self, evaluate: Any, shared_data: Path) -> None:
        result = evaluate(
            "verification", "--data", shared_data / "lfw", "--pairs", shared_data / "lfw-pairs.txt"
        )
        assert (result["pairs"], result["missing"]) == (6000, 0)
        assert result["accuracy"] >= 0.993
        assert result["pairs_error"] < 0.01

    @pytest.mark.parametrize(("enrol", "people", "least"), [(1, 1680, 0.95), (3, 610, 0.98)])
    def test_open_set(
        self, evaluate: Any, shared_data: Path, enrol: int, people: int, least: float
    ) -> None:
        result = evaluate("open-set", "--data", shared_data / "lfw", "--enrol", enrol)
        assert (result["people"], result["strangers"]) == (people, 4069)
        assert result["dir"]["0.01"] >= least
        assert 0.004 <= result["fpir_measured"] <= result["fpir_promised"]
