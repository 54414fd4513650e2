"""How well a network tells people apart whom it has never seen.

Verification: do two photos show one person? All are compared. Open set: who is it, or nobody who
is enrolled? A random half of the people is enrolled and the others are strangers; several draws are
pooled. The measures are those of ISO/IEC 19795-1, see `ml.evaluation.open_set`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml.evaluation import resampling
from ml.evaluation.comparisons import DRAWS, Pairs, Searches, compare, search
from ml.evaluation.rates import FPIRS
from ml.evaluation.resampling import BOOTSTRAPS, Interval
from ml.evaluation.samples import ENROL, HeldOut
from ml.types import Doubles

FARS = (0.1, 0.01, 0.001)


@dataclass(frozen=True, eq=False)
class Metrics:
    """What was measured. None stands for what so few photos cannot tell.

    TAR needs as many pairs of different people as FAR has in one, DIR as many photos as FPIR has.
    """

    people: int
    photos: int
    probes: int
    tar: Mapping[float, Interval | None]
    rank1: Interval | None
    dir: Mapping[float, Interval | None]
    pairs: Pairs
    searches: Searches

    def summary(self) -> dict[str, Any]:
        """As JSON: shares 0..1 with the ends of their intervals, or null."""
        return {
            "people": self.people,
            "photos": self.photos,
            "probes": self.probes,
            "genuine_pairs": len(self.pairs.genuine),
            "impostor_pairs": len(self.pairs.impostors),
            "enrol": ENROL,
            "draws": DRAWS,
            "tar": {str(far): _told(share) for far, share in self.tar.items()},
            "rank1": _told(self.rank1),
            "dir": {str(fpir): _told(share) for fpir, share in self.dir.items()},
        }


def metrics(held_out: HeldOut, *, seed: int = 0, bootstraps: int = BOOTSTRAPS) -> Metrics:
    """Measure verification and open-set identification, with 95 % intervals over people."""
    seen = held_out.limited(seed=seed)
    drawn = resampling.weights(len(seen.labels), bootstraps=bootstraps, seed=seed)
    pairs = compare(seen.embeddings.probes, seen.owners, seed=seed)
    searches = search(seen.embeddings, seen.owners, seed=seed)
    return Metrics(
        people=len(seen.labels),
        photos=len(seen.owners),
        probes=seen.probes,
        tar=_intervals(FARS, pairs.tar(FARS, drawn), len(pairs.impostors)),
        rank1=Interval.of(searches.rank1(drawn)),
        dir=_intervals(FPIRS, searches.dir(FPIRS, drawn), len(seen.owners)),
        pairs=pairs,
        searches=searches,
    )


def _told(share: Interval | None) -> dict[str, Any] | None:
    return share.as_dict() if share else None


def _intervals(
    rates: Sequence[float], values: Doubles, number: int
) -> dict[float, Interval | None]:
    return {
        rate: Interval.of(column) if number * rate >= 1 else None
        for rate, column in zip(rates, values.T, strict=True)
    }
