"""The parts of a benchmark, one after the other on one site of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from ml import imaging
from ml.evaluation import speed
from ml.evaluation.timing import Spread
from ml.inference.recognizer import Recognizer
from ml.versions import default
from recognition.management.benchmarking import (
    galleries,
    learning,
    machine,
    memory,
    overload,
    peers,
    photos,
    serving,
    stages,
)
from recognition.management.benchmarking.site import (
    Site,
    SiteFailed,
    inside,
    prepared_folder,
    running_site,
)

Measured = dict[str, Any]

WORKERS: Final = (1, 2)
ALONE: Final = 30
USERS: Final = 16
EACH: Final = 6
IN_A_BATCH: Final = 10
BARE: Final = 20
OVERLOAD_SECONDS: Final = 10.0
TEMPLATES: Final = 10_000
VARIED: Final = 5_000


@dataclass(frozen=True)
class Wanted:
    """The `parts` to measure. `full` asks for what takes long, `data` is a folder of 112×112 photos
    per person to train on; `peers` are other programs and what they are shown."""

    parts: Sequence[str]
    full: bool = False
    data: Path | None = None
    peers: peers.Peers | None = None


@dataclass(frozen=True)
class Run:
    """`folder` is that of the site; `say` is told what happens next."""

    folder: Path
    say: Callable[[str], None]
    wanted: Wanted

    def stages(self) -> Measured:
        self.say(_("the stages of an answer, for photos of several sizes"))
        measured: Measured = inside(self.folder, stages.measured, 20 if self.wanted.full else 5)
        return measured

    def engines(self) -> Measured:
        version = self.folder / "models" / default.VERSION
        recognizer = Recognizer.load(version)
        found = [recognizer.recognize(imaging.decode(one)).faces for one in photos.portraits(12)]
        crops = np.stack([face.crop for faces in found for face in faces])
        engines = {}
        for name in speed.ENGINES:
            self.say(_("one face at a time: %s") % name)
            engines[name] = asdict(speed.engine_speed(name, version, crops))
        keras, openvino = (engines[name]["milliseconds"] for name in ("keras", "openvino"))
        return {**engines, "keras_over_openvino": keras["median"] / openvino["median"]}

    def http(self) -> list[Measured]:
        return [self._served(workers) for workers in WORKERS]

    def _served(self, workers: int) -> Measured:
        self.say(_("a site, workers: %d") % workers)
        before = self._bare()
        with running_site(self.folder, workers=workers) as site:
            found = self._asked(site)
        bare = Spread.of([before, self._bare()])
        of_bare = found["together"]["photos_per_second"] / bare.median
        return {"workers": workers, **found, "bare_per_second": asdict(bare), "of_bare": of_bare}

    def _bare(self) -> float:
        rate: float = inside(self.folder, stages.bare, BARE)
        return rate

    def _asked(self, site: Site) -> Measured:
        some = photos.portraits(ALONE)
        start = serving.start(site, some[0])
        visitors = site.visitors(USERS)
        self.say(_("uploading photos, one after the other and many at once"))
        alone = serving.alone(visitors[0], some)
        batches = serving.batches(visitors[0], some, IN_A_BATCH)
        together = serving.together(site, visitors, some[:EACH])
        api = serving.together(site, serving.programs(site, USERS), some[:EACH])
        rate = 2 * together["photos_per_second"]
        self.say(_("uploading twice as many photos as it can answer"))
        seconds = OVERLOAD_SECONDS * (6 if self.wanted.full else 1)
        flood = overload.offered(site, visitors, some[0], rate=rate, seconds=seconds)
        return {
            "start": start,
            "alone_ms": alone,
            "batch_ms": batches,
            "together": together,
            "api": api,
            "overload": flood,
        }

    def memory(self) -> Measured:
        with _copy(self.folder) as folder:
            inside(folder, galleries.fill, TEMPLATES)
            with running_site(folder) as site:
                return {"templates": TEMPLATES, **self._remembered(site)}

    def _remembered(self, site: Site) -> Measured:
        (visitor,) = site.visitors(1)
        serving.alone(visitor, photos.portraits(1))
        after_start = {"after_start": memory.of(site)}
        if not self.wanted.full:
            return after_start
        self.say(_("photos of varied sizes: %d") % VARIED)
        memory.upload_varied(visitor, VARIED)
        return {**after_start, "after_varied": memory.of(site)}

    def galleries(self) -> list[Measured]:
        sizes = galleries.ALL if self.wanted.full else galleries.SMALL
        return [self._gallery(people) for people in sizes]

    def _gallery(self, people: int) -> Measured:
        self.say(_("a gallery of people: %d") % people)
        with _copy(self.folder) as folder:
            measured: Measured = inside(folder, galleries.measured, people)
        return measured

    def training(self) -> Measured:
        data = self.wanted.data
        if data is None:
            raise SiteFailed(_("To measure trainings takes photos: --training DIR."))
        self.say(_("uploading photos while a network is trained"))
        meanwhile = learning.meanwhile(self.folder, data)
        return {"meanwhile_ms": meanwhile, "speeds": learning.speeds(data, self.say)}

    def peers(self) -> Measured:
        if self.wanted.peers is None:
            raise SiteFailed(_("To measure other programs takes their Python: --peers PYTHON."))
        return self.wanted.peers.measured(self.folder / "models" / default.VERSION, self.say)


PARTS: Final[Mapping[str, Callable[[Run], Any]]] = {
    "stages": Run.stages,
    "engines": Run.engines,
    "http": Run.http,
    "memory": Run.memory,
    "galleries": Run.galleries,
    "training": Run.training,
    "peers": Run.peers,
}


def measure(wanted: Wanted, say: Callable[[str], None]) -> Measured:
    """Prepare a site and measure these of `PARTS`.

    Raises:
        SiteFailed: the site did not start, or something that was asked for is not there.
        subprocess.CalledProcessError: something else did not start; its `stderr` says why.
    """
    measured = {"machine": machine.here()}
    say(_("preparing a site with the demo people"))
    with prepared_folder() as folder:
        run = Run(folder, say, wanted)
        return measured | {part: PARTS[part](run) for part in wanted.parts}


@contextmanager
def _copy(folder: Path) -> Iterator[Path]:
    """A data folder like that one, without what belongs to processes."""
    with tempfile.TemporaryDirectory(prefix="facesite-") as place:
        copied = Path(place) / "data"
        shutil.copytree(folder, copied, ignore=shutil.ignore_patterns("*.sock", "pulse", "*.log"))
        yield copied
