"""What the rule of docs/decision.md was chosen among: other weights, judged on other people.

    python docs/decision_rules.py DIR OTHERS [k,a,b ...]

DIR and OTHERS hold a folder of photos per person; the bar is fitted on one half of the people of
DIR and judged on the other, both ways, twice. OTHERS are people of another kind, who are in no fit.
Prints a table in Markdown. It embeds with the model in service.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path

import django
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
django.setup()

from ml import neighbourhood
from ml.calibration import Policy
from ml.evaluation import galleries
from ml.evaluation.datasets import read_people
from ml.evaluation.fitting import fit_part
from ml.evaluation.galleries import Kind, People
from ml.evaluation.samples import Photo
from recognition.management.photos import Photos

RULES = ("2,0.75,0.25", "2,0.5,0.5", "2,0.75,0.4", "2,0.75,0.5", "2,0.9,0.4", "5,0.75,0.4")
KINDS = (Kind(2, 3), Kind(20, 1), Kind(20, 3), Kind(20, 1, 12), Kind(20, 4, 12), Kind(20, 4, 20))
COLUMNS = ("strangers", "other_strangers", "right", "others_right")
DRAWS = 4


def halves(people: People, seed: int) -> list[People]:
    names = np.random.default_rng(seed).permutation(sorted(people))
    parts = np.array_split(names, 2)
    return [{name: people[name] for name in part} for part in parts]


def judged(people: People, others: People) -> dict[str, dict[str, float]]:
    """Means in percent, by kind of gallery."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seed in range(2):
        one, other = halves(people, seed)
        for fitted_on, asked in ((one, other), (other, one)):
            decide = partial(Photo.identify, calibration=fit_part(fitted_on), policy=Policy(0.01))
            measured = galleries.measure(
                asked, others, decide, draws=DRAWS, progress=lambda _done, _total: None
            )
            for row in measured.summary()["galleries"]:
                for name in COLUMNS:
                    if row[name] is not None:
                        found[row["gallery"]][name].append(row[name] * 100)
    return {
        kind: {name: float(np.mean(shares)) for name, shares in columns.items()}
        for kind, columns in found.items()
    }


def main() -> None:
    looked_at = Photos.open(None)
    people, others = (looked_at.embeddings(read_people(Path(one))) for one in sys.argv[1:3])
    galleries.KINDS = KINDS
    print("| k, a, b | gallery | strangers | others | right | others right |")
    print("| --- | --- | --- | --- | --- | --- |")
    for rule in sys.argv[3:] or RULES:
        k, a, b = rule.split(",")
        neighbourhood.NEIGHBOURS = int(k)
        neighbourhood.PROBE_WEIGHT, neighbourhood.PERSON_WEIGHT = float(a), float(b)
        for kind, shares in judged(people, others).items():
            cells = (f"{shares[name]:.1f} %" if name in shares else "" for name in COLUMNS)
            print(f"| {rule} | {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
