"""What a run that was interrupted goes on from: never more than an epoch behind."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ml.architectures.recipe import Recipe
from ml.errors import MLError
from ml.files import read_json, require_room, write_whole
from ml.language import tell
from ml.training.events import Epoch

Weights = list[npt.NDArray[np.float32]]
STATE = "state.json"


class CannotResume(MLError):
    """The checkpoint in the folder is of another recipe, or cannot be read."""

    code = "cannot_resume"


@dataclass(frozen=True)
class State:
    """Where a run is: the epochs that are done, and the files that hold its networks.

    `latest` are the weights and the optimizer's variables after the last epoch, `best` the weights
    of the best epoch of its stage.
    """

    history: tuple[Epoch, ...]
    latest: str
    best: str


class Checkpoints:
    """The folder of one run. A state names its files, and is replaced in one step."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._folder = folder
        self._recipe = json.loads(json.dumps(asdict(recipe)))

    @classmethod
    def open(cls, folder: Path, recipe: Recipe) -> Self:
        """Use `folder` for a recipe; it may hold a state of the same one from before.

        Raises:
            CannotResume: it holds that of another recipe.
        """
        folder.mkdir(parents=True, exist_ok=True)
        opened = cls(folder, recipe)
        opened._clear()
        return opened

    def read(self) -> State | None:
        """The state from before, or None.

        Raises:
            CannotResume: see the class.
        """
        path = self._folder / STATE
        if not path.is_file():
            return None
        try:
            values = read_json(path)
            history = tuple(Epoch(**epoch) for epoch in values["history"])
            state = State(history, values["latest"], values["best"])
            recipe = values["recipe"]
        except (ValueError, KeyError, TypeError) as error:
            told = tell(
                "%(path)s cannot be read (%(reason)s). Start a new training.",
                path=path,
                reason=error,
            )
            raise CannotResume(told) from error
        if recipe != self._recipe:
            told = tell(
                "%(path)s is of a training with other settings. Start a new one.", path=path
            )
            raise CannotResume(told)
        return state

    def arrays(self, name: str) -> Weights:
        """The arrays of one of the files that a state names."""
        with np.load(self._folder / name, allow_pickle=False) as file:
            return [file[f"arr_{number}"] for number in range(len(file.files))]

    def write(self, history: Sequence[Epoch], latest: Weights, best: Weights | None) -> State:
        """Write a state and then forget the one before; `best` is None if that has not changed.

        Raises:
            OSError: the disk is full, but for the reserve of the site; the state before stays.
        """
        before = self.read()
        number = len(history)
        self._save(f"latest-{number}.npz", latest)
        if best is not None:
            self._save(f"best-{number}.npz", best)
        name = f"best-{number}.npz" if best is not None else before.best if before else ""
        state = State(tuple(history), f"latest-{number}.npz", name)
        self._replace_state(state)
        self._clear()
        return state

    def _save(self, name: str, arrays: Weights) -> None:
        """Whole, or not there: half of one is of no use, and takes the room of the site."""
        path = self._folder / name
        try:
            require_room(self._folder, sum(one.nbytes for one in arrays))
            with path.open("wb") as file:
                np.savez(file, *arrays)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _replace_state(self, state: State) -> None:
        values: dict[str, Any] = {"recipe": self._recipe, **asdict(state)}
        write_whole(self._folder / STATE, json.dumps(values, indent=1))

    def _clear(self) -> None:
        """Remove what the state does not name: what a process that was killed was at, too."""
        state = self.read()
        keep = {state.latest, state.best} if state else set()
        for path in self._folder.glob("*.npz"):
            if path.name not in keep:
                path.unlink()
