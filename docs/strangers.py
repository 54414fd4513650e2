"""What docs/strangers.md says of faces that are probably of one person.

    python docs/strangers.py choose REAL RENDERED    what the rule was chosen among
    python docs/strangers.py measure DIR             the rule on people it was not chosen on
    python docs/strangers.py speed                   100,000 made-up faces at once, and one more

REAL, RENDERED and DIR hold a folder of photos per person. Prints tables in Markdown. It embeds with
the model in service.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import django
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
django.setup()

from ml import clustering
from ml.calibration import ENOUGH_QUALITY
from ml.clustering import Ints
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import read_people
from ml.templates import directions
from ml.types import Floats
from recognition.management.photos import Photos

People = Mapping[str, list[FoundFace]]
RULES = ((0.0, 0.48), (0.0, 0.52), (0.0, 0.56), *product((0.4, 0.575, 0.75), (0.04, 0.12, 0.2)))
SITES = (("real", 0, 0), ("both", 30, 12), ("rendered", 0, 12), ("real", 30, 0), ("both", 30, 0))
"""Whose photos are asked about, and how many real and rendered people are enrolled."""
DRAWS = 6
ENROLLED = 4
MADE_UP = 100_000
ALIKE = 0.55
"""The mean cosine of two photos of one person, as in faces105."""


class Faces(NamedTuple):
    embeddings: Floats
    owners: Ints


class Found(NamedTuple):
    """Of the pairs that were put together those of one person; of the pairs of one person those
    that were put together; and how many groups have several faces."""

    precision: float
    recall: float
    groups: int


def faces_of(people: People) -> Faces:
    """All that are good enough to be put together."""
    good = {
        name: np.stack(own)
        for name, faces in people.items()
        if (own := [face.embedding for face in faces if face.quality >= ENOUGH_QUALITY])
    }
    sizes = [len(own) for own in good.values()]
    return Faces(np.concatenate([*good.values()]), np.repeat(np.arange(len(good)), sizes))


def put_together(faces: Faces, cohort: Floats) -> Found:
    alone = np.arange(len(faces.owners))
    around = clustering.usual(faces.embeddings, cohort)
    nobody = np.zeros(0, np.bool_)
    return judged(clustering.together(faces.embeddings, around, alone, nobody), faces.owners)


def judged(groups: Ints, owners: Ints) -> Found:
    both = np.unique(np.stack([groups, owners]), axis=1, return_counts=True)[1]
    found, real = (np.unique(one, return_counts=True)[1] for one in (groups, owners))
    right = pairs(both)
    return Found(right / pairs(found), right / pairs(real), int((found > 1).sum()))


def pairs(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def one_after_the_other(faces: Faces, cohort: Floats, order: Ints) -> Found:
    """The same as on a site: face by face, each against those before it."""
    around = clustering.usual(faces.embeddings, cohort)
    groups = np.zeros(0, np.int64)
    for count in range(1, len(order) + 1):
        seen, known = order[:count], np.unique(groups)
        before = np.append(np.searchsorted(known, groups), len(known))
        fixed = np.zeros(len(known), np.bool_)
        groups = clustering.together(faces.embeddings[seen], around[seen], before, fixed)
    return judged(groups, faces.owners[order])


def drawn(people: People, enrolled: int, rng: np.random.Generator) -> tuple[list[Floats], People]:
    """Prototypes of some who are enrolled, and photos of the others: of most hardly any."""
    names = rng.permutation(sorted(people)).tolist()
    prototypes = [prototype(people[name]) for name in names[:enrolled]]
    return prototypes, {name: seen(people[name], rng) for name in names[enrolled:]}


def seen(faces: list[FoundFace], rng: np.random.Generator) -> list[FoundFace]:
    most = int(rng.pareto(1.0)) + 1
    return [faces[at] for at in rng.permutation(len(faces))[:most]]


def prototype(faces: list[FoundFace]) -> Floats:
    mean: Floats = directions(np.sum([one.template for one in faces[:ENROLLED]], axis=0)[None])[0]
    return mean


def at_a_site(real: People, rendered: People, site: tuple[str, int, int], seed: int) -> Found:
    who, *enrolled = site
    rng = np.random.default_rng(seed)
    drawn_of = [drawn(one, many, rng) for one, many in zip((real, rendered), enrolled, strict=True)]
    cohort = np.stack([*ANCHORS, *drawn_of[0][0], *drawn_of[1][0]])
    asked = {"real": drawn_of[:1], "rendered": drawn_of[1:], "both": drawn_of}[who]
    strangers = {
        f"{kind} {name}": faces
        for kind, (_, one) in enumerate(asked)
        for name, faces in one.items()
    }
    return put_together(faces_of(strangers), cohort)


def choose(real: People, rendered: People) -> None:
    print("| w, bar |", " | ".join(f"{who}, {a} + {b} enrolled" for who, a, b in SITES), "|")
    print("| --- " * (len(SITES) + 1) + "|")
    for clustering.WEIGHT, clustering.BAR in RULES:
        means = [
            np.mean([at_a_site(real, rendered, site, seed)[:2] for seed in range(DRAWS)], axis=0)
            for site in SITES
        ]
        cells = (f"{precision:.3f}; {recall:.2f}" for precision, recall in means)
        print(f"| {clustering.WEIGHT}, {clustering.BAR} |", " | ".join(cells), "|", flush=True)


def measure(people: People) -> None:
    faces = faces_of(people)
    told("all at once", put_together(faces, ANCHORS))
    some = np.random.default_rng(0).permutation(len(faces.owners))[:3000]
    told(f"{len(some)} at once", put_together(Faces(*(part[some] for part in faces)), ANCHORS))
    told("the same one by one", one_after_the_other(faces, ANCHORS, some))


def told(what: str, found: Found) -> None:
    print(f"| {what} | {found.precision:.4f} | {found.recall:.4f} | {found.groups} |", flush=True)


def made_up(count: int) -> Faces:
    """Photos of people who lie as the anchors do, seen about as often as those of LFW: most of them
    once, some a hundred times."""
    rng = np.random.default_rng(0)
    sizes = np.minimum(rng.pareto(1.5, count).astype(np.int64) + 1, 500)
    owners = np.repeat(np.arange(count), sizes)[:count]
    people = rng.multivariate_normal(
        ANCHORS.mean(axis=0),
        np.cov(ANCHORS.T) + 1e-6 * np.eye(ANCHORS.shape[1]),
        size=owners[-1] + 1,
        method="cholesky",
    )
    noise = rng.normal(
        scale=np.sqrt((1 / ALIKE - 1) / people.shape[1]), size=(count, people.shape[1])
    )
    own = directions(people)[owners] + noise
    return Faces(directions(own).astype(np.float32), owners)


def speed() -> None:
    faces = made_up(MADE_UP)
    around = clustering.usual(faces.embeddings, ANCHORS)
    nobody = np.zeros(0, np.bool_)
    started, busy = perf_counter(), process_time()
    groups = clustering.together(faces.embeddings, around, np.arange(MADE_UP), nobody)
    took, worked = perf_counter() - started, process_time() - busy
    print(f"{MADE_UP:,} at once: {took:.0f} s, {worked:.0f} s of processors")
    told("they", judged(groups, faces.owners))
    one_more(faces, groups)


def one_more(faces: Faces, groups: Ints) -> None:
    """The last of them again, as it comes to the others whose embeddings have been read."""
    _, before = np.unique(groups[:-1], return_inverse=True)
    known = int(before.max()) + 1
    started, busy = perf_counter(), process_time()
    around = clustering.usual(faces.embeddings, ANCHORS)
    before, fixed = np.append(before, known), np.zeros(known, np.bool_)
    clustering.together(faces.embeddings, around, before, fixed)
    took, worked = perf_counter() - started, process_time() - busy
    print(f"one more: {took:.1f} s, {worked:.1f} s of processors")


def main() -> None:
    what, *folders = sys.argv[1:]
    people = [LOOKED_AT.people(read_people(Path(folder))) for folder in folders]
    steps: dict[str, Callable[..., None]] = {"choose": choose, "measure": measure, "speed": speed}
    steps[what](*people)


LOOKED_AT = Photos.open(None)
ANCHORS = LOOKED_AT.recognizer.calibration.anchors

if __name__ == "__main__":
    main()
