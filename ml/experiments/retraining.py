"""What brings a site more: training on its photos, or enrolling more of them?

`python -m ml.experiments.retraining VERSION DIR...` makes small sites of folders that hold a folder
of photos per person, as the packaged version in the folder VERSION sees them, changes what can be
changed, and prints a table in Markdown: the share of unused photos of enrolled people that are
named right at the bar which 1 % of strangers' photos reach (DIR at FPIR 1 %), the share whose
person comes first (rank 1), and what each change brings, with 95 % intervals over people, since
photos of one person repeat each other. Who is enrolled is drawn by three seeds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ml.evaluation import resampling
from ml.evaluation.comparisons import Searches
from ml.evaluation.resampling import Interval
from ml.evaluation.samples import Embeddings
from ml.experiments.small_site import FURTHER, Faces, draw, named_before, opened, search
from ml.experiments.tuning import Networks
from ml.types import Doubles

SEEDS: Final = (0, 1, 2)
ENROL: Final = (1, 3)
FPIR: Final = 0.01
AS_IT_IS: Final = "as it is"
MORE: Final = "**four further photos enrolled**"
ON_TOP: Final = "on top of them: "
EQUAL: Final = "templates of equal weight, not by quality"
MAPPED: Final = "map computed from the features (`retrain`)"
PROJECTED: Final = "projection learned by gradient steps"
IMPRINTED: Final = "imprinted head, batch normalisation tuned (one seed)"


def _searched(networks: Networks, photos: Embeddings, more: int = 0, **how: bool) -> Searches:
    faces, site = networks.faces, networks.site
    here = opened(photos, faces, site, site.further(more), **how)
    return search(here, photos, faces, site)


def _named_before(networks: Networks) -> Searches:
    faces, site, photos = networks.faces, networks.site, networks.packaged
    more = named_before(photos, faces, site, FPIR)
    return search(opened(photos, faces, site, more), photos, faces, site)


CHANGES: Final[Mapping[str, Callable[[Networks], Searches]]] = {
    AS_IT_IS: lambda one: _searched(one, one.packaged),
    EQUAL: lambda one: _searched(one, one.packaged, by_quality=False),
    MAPPED: lambda one: _searched(one, one.mapped),
    PROJECTED: lambda one: _searched(one, one.projected),
    IMPRINTED: lambda one: _searched(one, one.imprinted),
    MORE: lambda one: _searched(one, one.packaged, FURTHER),
    "four further photos that were named right": _named_before,
    ON_TOP + EQUAL: lambda one: _searched(one, one.packaged, FURTHER, by_quality=False),
    ON_TOP + MAPPED: lambda one: _searched(one, one.mapped, FURTHER),
    ON_TOP + PROJECTED: lambda one: _searched(one, one.projected, FURTHER),
    ON_TOP + IMPRINTED: lambda one: _searched(one, one.imprinted, FURTHER),
}
"""What is done with the photos that were reviewed, or with those that are enrolled."""


def measured(faces: Faces, enrol: int) -> dict[str, list[tuple[Doubles, Doubles]]]:
    """DIR and rank 1 of each change by seed, of the sample and its resamples, (1 + B,).

    The resamples of all changes and seeds have the same people, so that differences are paired.
    """
    drawn = resampling.weights(int(faces.owners.max()) + 1)
    found: dict[str, list[tuple[Doubles, Doubles]]] = {name: [] for name in CHANGES}
    for seed in SEEDS:
        networks = Networks(faces, draw(faces, enrol, seed), seed)
        for name, change in CHANGES.items():
            if IMPRINTED in name and seed != SEEDS[0]:
                continue  # many minutes each
            started = time.perf_counter()
            searches = change(networks)
            found[name].append((searches.dir([FPIR], drawn)[:, 0], searches.rank1(drawn)))
            _say(enrol, seed, name, found[name][-1], time.perf_counter() - started)
    return found


def _mean(seeds: Sequence[tuple[Doubles, Doubles]]) -> tuple[Doubles, Doubles]:
    dirs, ranks = zip(*seeds, strict=True)
    return np.mean(dirs, axis=0), np.mean(ranks, axis=0)


def _say(enrol: int, seed: int, name: str, found: tuple[Doubles, Doubles], seconds: float) -> None:
    shares = ", ".join(f"{share[0]:.1%}" for share in found)
    print(f"{enrol} enrolled, seed {seed}, {name}: {shares} ({seconds:.0f} s)", file=sys.stderr)


def rows(found: Mapping[str, Sequence[tuple[Doubles, Doubles]]], enrol: int) -> Iterator[str]:
    """The table of one number of enrolled photos, in percent and points: what each change brings
    to the site as it is, or to the one with further photos where it comes on top of them."""
    yield f"| {enrol} enrolled | DIR at FPIR 1 % | brings | rank 1 | brings |"
    yield "| --- " * 5 + "|"
    for name, seeds in found.items():
        without = found[MORE if name.startswith(ON_TOP) else AS_IT_IS]
        pairs = zip(_mean(seeds), _mean(without[: len(seeds)]), strict=True)
        cells = [f"{after[0]:.1%} | {_gain(after, before)}" for after, before in pairs]
        yield f"| {name} | {' | '.join(cells)} |"


def _gain(after: Doubles, before: Doubles) -> str:
    gain = Interval.of(after - before)
    if gain is None or np.array_equal(after, before):
        return ""
    return f"{gain.value * 100:+.1f} [{gain.low * 100:+.1f}, {gain.high * 100:+.1f}]"


def main() -> None:
    """Print the tables of each folder."""
    version, *roots = map(Path, sys.argv[1:])
    for root in roots:
        faces = Faces.read(root, version)
        print(f"\n{root.name}\n")
        for enrol in ENROL:
            print("\n".join(["", *rows(measured(faces, enrol), enrol)]), flush=True)


if __name__ == "__main__":
    main()
