from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.architectures import sface
from ml.architectures.recipe import Recipe, Stage
from ml.errors import Unwritable
from ml.training import checkpoints, trainer
from ml.training.checkpoints import CannotResume
from ml.training.events import Epoch, Event, Phase, Progress, Step
from ml.training.pipeline import Examples
from ml.training.shrinking import shrinking
from ml.training.trainer import FEATURES, Parts, Trained, TrainingError, train
from ml.types import Image
from tests.ml.conftest import recipe_for, room_for


class Notes:
    """A callback that keeps everything, and interrupts the run after so many epochs."""

    def __init__(self, interrupt_after: int = 99) -> None:
        self.phases: list[Phase] = []
        self.done: list[int] = []
        self.steps: list[Step] = []
        self.epochs: list[Epoch] = []
        self._interrupt_after = interrupt_after

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(phase=phase, done=done):
                self.phases.append(phase)
                self.done.append(done)
            case Step():
                self.steps.append(event)
            case Epoch():
                self.epochs.append(event)
                if event.epoch == self._interrupt_after:
                    raise KeyboardInterrupt

    def done_before(self, phase: Phase) -> int:
        """How much of it was done when it was first told of."""
        return self.done[self.phases.index(phase)]


@pytest.fixture(scope="module")
def parts(portraits: tuple[Image, list[int]]) -> Parts:
    crops, known = portraits[0], np.array(portraits[1])
    rows = np.arange(len(crops))
    return Parts(
        Examples(crops, known, rows[rows % 4 > 0]), Examples(crops, known, rows[rows % 4 == 0])
    )


def compact(*stages: Stage, **options: Any) -> Recipe:
    return recipe_for("compact", *(stages or (Stage(2, 1e-3), Stage(1, 3e-4))), **options)


def paper(*stages: Stage, **options: Any) -> Recipe:
    return recipe_for("paper", *stages, **options)


def weights(trained: Trained) -> list[Any]:
    return list(trained.network.served().get_weights())


@dataclass(frozen=True)
class Ended:
    """A run that has come to its end, and its folder. Not to be changed."""

    trained: Trained
    notes: Notes
    folder: Path


@pytest.fixture(scope="module")
def ended(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    notes, folder = Notes(), tmp_path_factory.mktemp("run")
    return Ended(train(compact(), parts, folder, notes), notes, folder)


def test_every_epoch_is_told_with_its_stage_and_its_learning_rate(ended: Ended) -> None:
    trained, notes = ended.trained, ended.notes
    told = [(epoch.stage, epoch.epoch, epoch.learning_rate) for epoch in notes.epochs]
    assert told == [(1, 1, 1e-3), (1, 2, 1e-3), (2, 3, 3e-4)]
    assert list(trained.history) == notes.epochs
    last = notes.steps[-1]
    assert (last.stages, last.epochs, last.done, last.total, last.seconds_left) == (2, 3, 9, 9, 0)
    assert all(0 <= epoch.waiting < 1 and epoch.photos_per_second > 0 for epoch in notes.epochs)


@pytest.mark.slow
def test_a_network_learns_the_faces_it_is_shown(parts: Parts, tmp_path: Path) -> None:
    everything = Parts(parts.train, parts.train)
    recipe = compact(Stage(24, 1e-3), augmentations=())
    trained = train(recipe, everything, tmp_path, Notes())
    assert max(epoch.validation_accuracy for epoch in trained.history) == 1


def test_a_graphics_processor_computes_in_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "has_gpu", lambda: True)
    assert trainer.precision_here("auto") == "float16"
    assert trainer.precision_here("float32") == "float32"


@pytest.mark.slow
def test_a_network_learns_in_float16_with_its_loss_scaled(parts: Parts, tmp_path: Path) -> None:
    """And comes to the same when it goes on after an interruption: the scale is kept, too."""
    recipe = compact(Stage(6, 1e-3), augmentations=(), precision="float16")
    whole = train(recipe, parts, tmp_path / "whole", Notes())
    assert all(epoch.loss < 100 for epoch in whole.history)
    assert whole.history[-1].loss < whole.history[0].loss
    with pytest.raises(KeyboardInterrupt):
        train(recipe, parts, tmp_path / "broken", Notes(interrupt_after=3))
    again = train(recipe, parts, tmp_path / "broken", Notes())
    for one, other in zip(weights(whole), weights(again), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, atol=1e-2)


@pytest.mark.slow
def test_a_stage_begins_with_the_best_weights_of_the_one_before(
    parts: Parts, tmp_path: Path
) -> None:
    still = Stage(1, 0.0)  # at learning rate 0 a stage changes nothing but batch statistics
    recipe = paper(Stage(3, 1e-3), still)
    notes = Notes()
    train(recipe, parts, tmp_path, notes)
    first = [epoch for epoch in notes.epochs if epoch.stage == 1]
    best = [epoch for epoch in first if epoch.best][-1]
    assert notes.epochs[-1].validation_loss == pytest.approx(best.validation_loss, rel=1e-4)


@pytest.mark.slow
def test_an_interrupted_run_comes_to_the_same_as_an_unbroken_one(
    parts: Parts, tmp_path: Path
) -> None:
    """Paper, since it has dropout; at every place between two epochs, a change of stage too."""
    recipe = paper(Stage(2, 1e-3), Stage(1, 3e-4), augmentations=("flip", "light"))
    unbroken = train(recipe, parts, tmp_path / "unbroken", Notes())
    for epoch in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, parts, tmp_path / "broken", Notes(interrupt_after=epoch))
    resumed = Notes()
    broken = train(recipe, parts, tmp_path / "broken", resumed)
    assert [epoch.epoch for epoch in resumed.epochs] == [3]
    for one, other in zip(unbroken.history, broken.history, strict=True):
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-3)
    for one, other in zip(weights(unbroken), weights(broken), strict=True):
        assert other == pytest.approx(one, abs=1e-3)


def test_a_run_that_had_ended_is_not_trained_again(parts: Parts, ended: Ended) -> None:
    again = Notes()
    train(compact(), parts, ended.folder, again)
    assert again.epochs == []


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(parts: Parts, tmp_path: Path) -> None:
    """Paper, since it has dropout."""
    one, other, third = (
        train(paper(Stage(1, 1e-3), seed=seed), parts, tmp_path / str(number), Notes())
        for number, seed in enumerate((1, 1, 2))
    )
    pairs = list(zip(weights(one), weights(other), weights(third), strict=True))
    assert all(np.allclose(first, second, atol=1e-4) for first, second, _ in pairs)
    assert not all(np.allclose(first, different, atol=1e-4) for first, _, different in pairs)


def test_a_checkpoint_of_other_settings_is_refused(parts: Parts, ended: Ended) -> None:
    with pytest.raises(CannotResume, match="other settings"):
        train(compact(seed=7), parts, ended.folder, Notes())


def test_a_damaged_checkpoint_is_named(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / checkpoints.STATE).write_text("{")
    with pytest.raises(CannotResume, match="cannot be read"):
        train(compact(), parts, tmp_path, Notes())


def test_a_loss_that_is_no_number_ends_the_run_with_advice(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="lower --learning-rates"):
        train(compact(Stage(3, 1e30)), parts, tmp_path, Notes())


@pytest.mark.slow
def test_a_full_disk_ends_the_run_with_advice_and_keeps_the_last_epoch(
    parts: Parts, tmp_path: Path
) -> None:
    recipe = paper(Stage(2, 1e-3))
    with pytest.raises(KeyboardInterrupt):
        train(recipe, parts, tmp_path, Notes(interrupt_after=1))
    kept = sorted(path.name for path in tmp_path.iterdir())
    with room_for(100_000), pytest.raises(Unwritable, match="--resume"):
        train(recipe, parts, tmp_path, Notes())
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    resumed = Notes()
    train(recipe, parts, tmp_path, resumed)
    assert [epoch.epoch for epoch in resumed.epochs] == [2]


def test_a_training_without_room_for_its_checkpoints_does_not_begin(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.files.free", lambda _folder: 1_000_000)
    notes = Notes()
    with pytest.raises(Unwritable, match=r"beside 0\.5 GB that stay free for the site"):
        train(compact(), parts, tmp_path, notes)
    assert notes.epochs == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_training_ends_before_it_takes_the_reserve_of_the_site(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([10**9, 10**9, 10**9, 0])  # at its begin, for the two of an epoch, and the next
    notes = Notes()
    with monkeypatch.context() as patch:
        patch.setattr("ml.files.free", lambda _folder: next(left))
        with pytest.raises(Unwritable, match="make room and go on with --resume") as caught:
            train(compact(Stage(3, 1e-3)), parts, tmp_path, notes)
    assert caught.value.code == "disk_full"
    assert [epoch.epoch for epoch in notes.epochs] == [1]
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["best-1.npz", "latest-1.npz"]
    resumed = Notes()
    train(compact(Stage(3, 1e-3)), parts, tmp_path, resumed)
    assert [epoch.epoch for epoch in resumed.epochs] == [2, 3]


def test_what_a_killed_process_wrote_of_a_checkpoint_is_cleaned_up(tmp_path: Path) -> None:
    (tmp_path / "latest-1.npz").write_bytes(b"half")
    assert checkpoints.Checkpoints.open(tmp_path, compact()).read() is None
    assert list(tmp_path.iterdir()) == []


def test_features_of_frozen_layers_are_computed_once(parts: Parts, tmp_path: Path) -> None:
    recipe = recipe_for("sface", Stage(2, 1e-3, "head"))
    first = Notes(interrupt_after=1)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, parts, tmp_path, first)
    second = Notes()
    train(recipe, parts, tmp_path, second)
    assert Phase.FEATURES in first.phases
    assert Phase.FEATURES not in second.phases
    assert [epoch.epoch for epoch in second.epochs] == [2]


@pytest.mark.slow
def test_features_that_a_full_disk_cut_off_are_gone_on_with(parts: Parts, tmp_path: Path) -> None:
    recipe = recipe_for("sface", Stage(1, 1e-3, "head"))
    train(recipe, parts, tmp_path / "whole", Notes())
    with room_for(5 * 4 * 128 + 7), pytest.raises(Unwritable, match="no room"):
        train(recipe, parts, tmp_path / "cut", Notes())
    resumed = Notes()
    train(recipe, parts, tmp_path / "cut", resumed)
    assert resumed.done_before(Phase.FEATURES) == 5
    whole, cut = (np.fromfile(tmp_path / run / FEATURES, np.float32) for run in ("whole", "cut"))
    assert cut == pytest.approx(whole, abs=1e-2)


@pytest.mark.slow
def test_a_training_begins_with_the_packaged_weights(parts: Parts, tmp_path: Path) -> None:
    """Whatever has been trained here before: that may know people whom it must not know."""
    trained = train(recipe_for("sface", Stage(1, 0.0, "head")), parts, tmp_path, Notes())
    packaged = sface.build_sface().predict(np.float32(parts.train.inputs), verbose=0)
    embeddings, _ = trained.network.served().predict(np.float32(parts.train.inputs), verbose=0)
    assert embeddings == pytest.approx(packaged, abs=1e-4)


def test_a_map_is_computed_from_the_features_and_stays_as_it_is(tmp_path: Path) -> None:
    """Twelve people whose photos differ in one direction: features are laid ready for them."""
    rng, classes = np.random.default_rng(0), np.repeat(np.arange(12), 4)
    apart = np.where(np.arange(128) < 8, 5.0, 0.2) * rng.normal(size=(48, 128))
    vectors = rng.normal(size=(12, 128))[classes] + apart
    features = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    (tmp_path / FEATURES).write_bytes(features.tobytes())
    examples = partial(Examples, np.zeros((48, 112, 112, 3), np.uint8), classes)
    rows = np.arange(48)
    laid = Parts(examples(rows[rows % 4 > 0]), examples(rows[rows % 4 == 0]))
    trained = train(recipe_for("sface", Stage(2, 1e-3, "head")), laid, tmp_path, Notes())
    (projection,) = trained.network.served().get_layer("projection").get_weights()
    learned = laid.train.chosen
    expected = shrinking(features[learned], classes[learned])
    assert np.diag(expected)[:8].max() < 0.9
    assert projection == pytest.approx(expected - np.eye(128), abs=1e-6)
