"""What the processes of a running site keep in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psutil
from numpy.random import default_rng  # not when it is needed: loading it would swallow a Ctrl-C

from recognition.management.benchmarking import photos
from recognition.management.benchmarking.site import Site
from recognition.management.visitor import Visitor

MB: Final = 2**20
IN_ONE_UPLOAD: Final = 20


def of(site: Site) -> dict[str, Any]:
    """Megabytes of each part of the site and in sum; in `pss` shared pages are shared out."""
    parts = {role: _of(processes) for role, processes in site.processes().items()}
    total = {
        kind: sum(part[kind] for part in parts.values())
        for kind in ("rss", "pss")
        if all(kind in part for part in parts.values())
    }
    return {**parts, "total": total}


def upload_varied(visitor: Visitor, number: int) -> None:
    """Have so many photos of random sizes answered."""
    random = default_rng(0)
    for _ in range(number // IN_ONE_UPLOAD):
        some = [photos.varied(random) for _ in range(IN_ONE_UPLOAD)]
        visitor.ask(some)


def _of(processes: Sequence[psutil.Process]) -> dict[str, float]:
    infos = [process.memory_full_info() for process in processes]
    sizes = {"rss": sum(info.rss for info in infos) / MB}
    if all(hasattr(info, "pss") for info in infos):  # Linux only
        sizes["pss"] = sum(info.pss for info in infos) / MB
    return sizes
