"""`make soak`: one fault after another under load, and a table of what they cost.

    python -m tests.soak --minutes 10 --seed 1

The faults come in rounds, each once in every round, in an order that the seed decides. A recovery
is the time from the end of a fault until a photo uploaded since then is answered.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.sites import Site, wait_for
from tests.soak.faults import FAULTS
from tests.soak.load import PHOTOS, USERS, Load, Outcome, is_final, logged_in, rows

LONGEST_RECOVERY = 600.0  # after which it is told as it is
SETTLING = 2.0


@dataclass
class Told:
    """A kind of fault in the table."""

    times: int = 0
    recoveries: list[float] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)


class Soak:
    """A site under load, and what was done to it when."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.load = site, Load(site, seed)
        self.order = random.Random(seed)  # noqa: S311
        self.told: dict[str, Told] = defaultdict(Told)
        self.begun: list[tuple[float, str]] = []
        self.faces: dict[str, int] = {}

    def prepare(self) -> None:
        """Users, people who are enrolled, and how many faces each photo has."""
        for name in (*USERS, "probe"):
            self.site.make_user(name, "user")
        self.probe = logged_in(self.site, "probe")
        for photo in PHOTOS:
            upload = self.load.upload(self.probe, [photo])
            assert upload is not None
            wait_for(lambda one=upload: is_final(self.site, one), 300)
            (row,) = rows(self.site, upload.batch)
            self.faces[row.file.partition("-")[2]] = row.faces
        self.load.accepted.clear()

    def run(self, minutes: float, most: int | None) -> None:
        until = time.monotonic() + minutes * 60
        self.load.start()
        for number, name in enumerate(self._rounds(), 1):
            self._injure(name)
            print(f"{number:4} {self.told[name].recoveries[-1]:6.1f} s  {name}", flush=True)
            if time.monotonic() > until or number == most:
                break
        self.load.stop()
        self._wait_for_the_last()
        self._judge()

    def _rounds(self) -> Iterator[str]:
        while True:
            names = list(FAULTS)
            self.order.shuffle(names)
            yield from names

    def _injure(self, name: str) -> None:
        self.begun.append((time.monotonic(), name))
        FAULTS[name](self.site)
        ended = time.monotonic()
        self._wait_for_an_answer()
        told = self.told[name]
        told.times += 1
        told.recoveries.append(time.monotonic() - ended)
        time.sleep(SETTLING)

    def _wait_for_an_answer(self) -> None:
        until, upload = time.monotonic() + LONGEST_RECOVERY, None
        while upload is None and time.monotonic() < until:
            upload = self.load.upload(self.probe, [PHOTOS[0]])
            time.sleep(0.2)
        while upload is not None and not is_final(self.site, upload) and time.monotonic() < until:
            time.sleep(0.1)

    def _wait_for_the_last(self) -> None:
        until = time.monotonic() + LONGEST_RECOVERY
        while time.monotonic() < until and not self._all_final():
            time.sleep(1)

    def _all_final(self) -> bool:
        return all(is_final(self.site, upload) for upload in self.load.accepted)

    def _judge(self) -> None:
        for upload in self.load.accepted:
            names = [name for begun, name in self.begun if begun <= upload.at]
            outcome = self.told[names[-1] if names else "before any fault"].outcome
            outcome.add(upload, rows(self.site, upload.batch), self.faces)

    def table(self) -> Iterator[str]:
        yield "| fault | times | photos | lost | doubled | stuck | failed | longest recovery |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        for name in [*FAULTS, "before any fault"]:
            if name in self.told:
                yield _line(name, self.told[name])
        yield _line("**all**", self.total())

    def total(self) -> Told:
        every = list(self.told.values())
        outcomes = [vars(told.outcome) for told in every]
        summed = {key: sum(one[key] for one in outcomes) for key in vars(Outcome())}
        recoveries = [seconds for told in every for seconds in told.recoveries]
        return Told(sum(told.times for told in every), recoveries, Outcome(**summed))


def _line(name: str, told: Told) -> str:
    longest = f"{max(told.recoveries):.1f} s" if told.recoveries else ""
    found = told.outcome
    numbers = (found.photos, found.lost, found.doubled, found.stuck, found.failed)
    return f"| {name} | {told.times} | {' | '.join(map(str, numbers))} | {longest} |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (60)")
    parser.add_argument("--faults", type=int, help="end after so many, if that is earlier")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers into this file, too")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        limits = dict.fromkeys(("FACESITE_PHOTOS_PER_HOUR", "FACESITE_PHOTOS_WAITING"), "1000000")
        site = Site(Path(folder) / "data", **limits).start("--demo", timeout=900)
        try:
            return _soak(Soak(site, asked.seed), asked)
        finally:
            site.close()


def _soak(soak: Soak, asked: argparse.Namespace) -> int:
    began = time.monotonic()
    soak.prepare()
    soak.run(asked.minutes, asked.faults)
    print("\n".join(["", *soak.table(), ""]))
    total = soak.total()
    minutes = (time.monotonic() - began) / 60
    print(f"{total.times} faults, {total.outcome.photos} photos accepted, {minutes:.0f} minutes.")
    print(f"Uploads that were refused or not answered: {dict(soak.load.refused)}")
    if asked.json:
        numbers = {name: vars(told.outcome) for name, told in soak.told.items()}
        asked.json.write_text(json.dumps(numbers))
    print(soak.site.manage("verify_integrity"))  # an error, if it is not sound
    bad = total.outcome
    return 1 if bad.lost or bad.doubled or bad.stuck or bad.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
