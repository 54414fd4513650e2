"""How often the gate says what, of networks of which the truth is known: docs/training.md has the
tables.

    python docs/gate_simulation.py [TRIALS] [PEOPLE,PEOPLE...]

People are directions in a space, some easier than others, and so are their photos; a network sees
each photo a little off, a worse one farther off. The one in service has a DIR of 90 % at FPIR 1 %
among as many people as are held out; that and what the new one truly changes are means over many
such groups. Each trial then draws people, with ten photos each, and asks the gate; and the gate of
before, which promoted what was not worse with its whole 95 % interval. Prints a table in Markdown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml.evaluation import gate, resampling
from ml.evaluation.comparisons import Searches, search
from ml.evaluation.differences import Difference
from ml.evaluation.resampling import Interval
from ml.evaluation.samples import Embeddings
from ml.types import Doubles

LOSSES = (-5, -2, 0, 0.5, 1, 2, 5, 10, 20)
"""In points of DIR at FPIR 1 %; a gain where it is below 0."""
PEOPLE = (5, 10, 20, 50, 100)
PHOTOS, SIZE, BOOTSTRAPS = 10, 128, 200
ALIKE, FAR_OFF, UNLIKE = 0.1, 0.75, 0.3
"""How much two people have in common, how far photos lie from their person, and how unlike people
and photos are in that."""
SERVED = 0.9
"""DIR of the network in service."""
GROUPS = 1200
"""People, in groups of those who are held out together, by whom the truth is told."""
GRID = np.arange(0.0, 2.6, 0.15)
"""How far off a network sees a photo."""

OUTCOMES = {"better": "**better: promoted**", "as_good": "as good", "worse": "worse"}
"""All but that it cannot be told."""


def faces(people: int, rng: np.random.Generator) -> Doubles:
    common = unit(np.random.default_rng(99).normal(size=SIZE))
    middles = np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * unit(rng.normal(size=(people, SIZE)))
    far = FAR_OFF * np.exp(UNLIKE * rng.normal(size=(people, 1, 1)))
    far = far * np.exp(UNLIKE * rng.normal(size=(people, PHOTOS, 1)))
    shots = rng.normal(size=(people, PHOTOS, SIZE)) / np.sqrt(SIZE)
    return np.asarray((middles[:, None] + far * shots).reshape(-1, SIZE))


def unit(vectors: Doubles) -> Doubles:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def found(photos: Doubles, off: float, seed: int) -> Searches:
    """What a network that sees photos so far `off` finds; `seed` says in which directions."""
    shift = np.random.default_rng(seed).normal(size=photos.shape) / np.sqrt(SIZE)
    seen = unit(photos + off * shift).astype(np.float32)
    owners = np.repeat(np.arange(len(photos) // PHOTOS), PHOTOS)
    return search(Embeddings(seen, seen), owners)


def truth(people: int, seed: int) -> list[float]:
    """DIR in one group, for every network of the grid."""
    photos, itself = faces(people, np.random.default_rng([seed, people])), np.ones((1, people))
    shares = (found(photos, off, 1).dir([gate.FPIR], itself.astype(np.float32)) for off in GRID)
    return [float(share[0, 0]) for share in shares]


def how_far_off(people: int, pool: ProcessPoolExecutor) -> list[float]:
    """How far off the network in service sees, and then those that truly lose so much."""
    groups = GROUPS // people
    shares = np.mean(list(pool.map(truth, repeat(people, groups), range(groups))), axis=0)
    wanted = SERVED - np.array([0, *LOSSES]) / 100
    # A share falls the farther off a network sees; interpolation wants it to rise.
    return list(np.interp(wanted, shares[::-1], GRID[::-1]))


def trial(offs: Sequence[float], people: int, seed: int) -> list[tuple[bool, str]]:
    """Whether the gate of before promoted, and what this one says, for every loss."""
    photos = faces(people, np.random.default_rng([people, seed]))
    drawn = resampling.weights(people, bootstraps=BOOTSTRAPS, seed=seed)
    active, *new = (found(photos, off, number) for number, off in enumerate(offs))
    return [_judged(one, active, drawn) for one in new]


def _judged(new: Searches, active: Searches, drawn: npt.NDArray[np.float32]) -> tuple[bool, str]:
    rank1 = new.rank1(drawn), active.rank1(drawn)
    dir_ = tuple(one.dir([gate.FPIR], drawn)[:, 0] for one in (new, active))
    before = [Interval.of(one - other) for one, other in (rank1, dir_)]
    passed = all(difference and difference.high >= 0 for difference in before)
    people = drawn.shape[1]
    now = gate.Compared(Difference.of(*rank1, people), Difference.of(*dir_, people), gate.RISK)
    return passed, now.outcome


def rows(trials: int, sizes: Sequence[int]) -> Iterator[str]:
    yield f"| people | true change, points | {' | '.join(f'{-loss:+g}' for loss in LOSSES)} |"
    yield "| --- " * (2 + len(LOSSES)) + "|"
    with ProcessPoolExecutor() as pool:
        for people in sizes:
            asked = partial(trial, how_far_off(people, pool))
            done = list(pool.map(asked, repeat(people), range(trials), chunksize=4))
            yield _row(people, "before: promoted", [[one[0] for one in each] for each in done])
            for outcome, name in OUTCOMES.items():
                said = [[one[1] == outcome for one in each] for each in done]
                yield _row(people, name, said)


def _row(people: int, name: str, said: Sequence[Sequence[bool]]) -> str:
    """How often it is said, for every loss."""
    shares = " | ".join(f"{share:.0%}" for share in np.mean(said, axis=0))
    return f"| {people} | {name} | {shares} |"


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sizes = tuple(map(int, sys.argv[2].split(","))) if len(sys.argv) > 2 else PEOPLE
    for row in rows(trials, sizes):
        print(row, flush=True)


if __name__ == "__main__":
    main()
