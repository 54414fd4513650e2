from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml import imaging
from ml.evaluation import speed
from ml.inference.recognizer import Recognizer
from ml.versions import default
from recognition.formats import percentage
from recognition.management.base import SiteCommand
from recognition.management.site import Site, SiteFailed, running_site

UPLOADS = 40
PHOTO_SIDE = 1024
GALLERIES = (1_000, 10_000, 100_000)
FULL_GALLERIES = (*GALLERIES, 1_000_000)
MB = 2**20

Measured = dict[str, Any]


class Command(SiteCommand):
    help = gettext_noop(
        "Measures speed and memory: the networks, the gallery, and a whole site, which is started "
        "for this in a temporary folder with the demo people and removed again."
    )
    requires_system_checks = ()  # what is measured is not this site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--full",
            action="store_true",
            help=_("also search among a million people (2 GB, minutes)"),
        )
        parser.add_argument(
            "--training",
            type=Path,
            metavar="DIR",
            help=_(
                "also train on these 112×112 photos, a folder per person, and identify at the "
                "same time"
            ),
        )

    def handle(self, **options: Any) -> None:
        try:
            galleries = FULL_GALLERIES if options["full"] else GALLERIES
            measured = self._measure(galleries, options["training"])
        except SiteFailed as error:
            raise CommandError(str(error)) from error
        except subprocess.CalledProcessError as error:
            raise CommandError(f"A measurement failed:\n{error.stderr[-2000:]}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing is left behind.", returncode=130) from None
        self.stdout.write("\n".join(table(measured)))
        if options["json"]:
            self.stdout.write(json.dumps(measured))

    def _measure(self, galleries: tuple[int, ...], training: Path | None) -> Measured:
        photos = demo_photos()
        self._say("starting a site with the demo people")
        with running_site() as site:
            self._say(f"uploading {UPLOADS} photos of {PHOTO_SIDE} px, one after the other")
            answers = upload_to_answer(site, photos)
            measured = {"machine": machine(), "upload_to_answer": answers, "memory": memory(site)}
            if training:
                self._say("the same while a network is trained")
                site.begin_training(training)
                measured["upload_to_answer_while_training"] = upload_to_answer(site, photos)
                site.require_training()
            self._say("stopping it")
            version_dir = site.data_dir / "models" / default.VERSION
            site.stop()
            if training:
                measured["training"] = self._measure_training(training)
            return measured | self._measure_networks(version_dir, photos, galleries)

    def _measure_training(self, data: Path) -> Measured:
        from ml.experiments import training_speed  # noqa: PLC0415  (loads TensorFlow)

        ways: tuple[training_speed.Way, ...] = ("plain", "facesite")
        speeds: Measured = {}
        for way in ways:
            self._say(f"training the paper's network, {way}")
            speeds[way] = asdict(training_speed.measure(way, data))
        ratio = speeds["facesite"]["photos_per_second"] / speeds["plain"]["photos_per_second"]
        return {**speeds, "ratio": ratio}

    def _measure_networks(
        self, version_dir: Path, photos: list[bytes], galleries: tuple[int, ...]
    ) -> Measured:
        recognizer = Recognizer.load(version_dir)
        self._say("photos in this process")
        whole = speed.whole_photo(recognizer, photos)
        group = imaging.decode((settings.BASE_DIR / "demo/photos/groups/0.jpg").read_bytes())
        detection = speed.detection(group)
        faces = [recognizer.recognize(imaging.decode(photo)).faces for photo in photos]
        crops = np.stack([face.crop for found in faces for face in found])
        engines = {}
        for name in speed.ENGINES:
            self._say(f"one face at a time: {name}")
            engines[name] = asdict(speed.engine_speed(name, version_dir, crops))
        ratio = engines["keras"]["milliseconds"] / engines["openvino"]["milliseconds"]
        search = {}
        for people in galleries:
            self._say(f"searching among {people:,} people")
            search[people] = speed.search(recognizer, people)
        return {
            "engines": engines,
            "ratio": ratio,
            "photo": whole,
            "detection": detection,
            "search": search,
        }

    def _say(self, what: str) -> None:
        self.stderr.write(f"… {what}")


def demo_photos() -> list[bytes]:
    """Portraits of the demo people, one face each, enlarged to the size that phones share."""
    paths = sorted((settings.BASE_DIR / "demo" / "photos" / "people").glob("*/*.jpg"))
    return [_enlarged(path.read_bytes()) for path in paths[:UPLOADS]]


def _enlarged(data: bytes) -> bytes:
    photo = imaging.decode(data)
    size = (PHOTO_SIDE, PHOTO_SIDE)
    larger = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)
    return imaging.encode_jpeg(np.asarray(larger, np.uint8), quality=90)


def upload_to_answer(site: Site, photos: list[bytes]) -> Measured:
    """From sending a photo to a page that shows its answer, as somebody at a browser waits."""
    visitor = site.visitor()
    visitor.wait_for_answer(visitor.upload("first.jpg", photos[0]))  # the worker loads its model
    taken = []
    for number, photo in enumerate(photos):
        started = time.perf_counter()
        visitor.wait_for_answer(visitor.upload(f"{number}.jpg", photo))
        taken.append((time.perf_counter() - started) * 1e3)
    return {
        "photos": len(taken),
        "median": statistics.median(taken),
        "p95": float(np.percentile(taken, 95)),
    }


def memory(site: Site) -> Measured:
    """Megabytes per part of the site and in sum; in `pss` shared pages are shared out."""
    parts = {role: _memory_of(processes) for role, processes in site.processes().items()}
    total = {
        kind: sum(part[kind] for part in parts.values())
        for kind in ("rss", "pss")
        if all(kind in part for part in parts.values())
    }
    return {**parts, "total": total}


def _memory_of(processes: list[psutil.Process]) -> dict[str, float]:
    infos = [process.memory_full_info() for process in processes]
    sizes = {"rss": sum(info.rss for info in infos) / MB}
    if all(hasattr(info, "pss") for info in infos):  # Linux only
        sizes["pss"] = sum(info.pss for info in infos) / MB
    return sizes


def machine() -> Measured:
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(measured: Measured) -> Iterator[str]:
    """What was measured, a line each, under headings."""
    machine, answers = measured["machine"], measured["upload_to_answer"]
    yield f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
    yield "\nOne face at a time (ms; seconds to load; MB resident in a process of its own)"
    for name, engine in measured["engines"].items():
        loaded = f"{engine['load_seconds']:8.1f} s {engine['resident_mb']:7.0f} MB"
        yield _line({"keras": "Keras predict"}.get(name, name), engine["milliseconds"], loaded)
    yield _line("Keras predict / openvino", measured["ratio"], "times")
    yield f"\nA {PHOTO_SIDE}-px photo with one face, in one process (ms)"
    for step, taken in measured["photo"].items():
        yield _line(step, taken)
    yield "\nFinding the faces of a group photo, by its long side (ms)"
    for side, taken in measured["detection"].items():
        yield _line(f"{side} px", taken)
    yield "\nDeciding about one face, by people in the gallery (ms)"
    for people, taken in measured["search"].items():
        yield _line(f"{people:,}", taken)
    yield f"\nFrom upload to answer over HTTP, {answers['photos']} photos one by one (ms)"
    yield _line("median", answers["median"])
    yield _line("95 % are answered within", answers["p95"])
    if meanwhile := measured.get("upload_to_answer_while_training"):
        yield "\nThe same while a network is trained (ms)"
        yield _line("median", meanwhile["median"])
        yield _line("95 % are answered within", meanwhile["p95"])
        training = measured["training"]
        yield "\nTraining the paper's network (photos/s; share of the time waiting for photos)"
        yield _line("float32 fit over a folder", training["plain"]["photos_per_second"])
        mine = training["facesite"]
        yield _line("facesite", mine["photos_per_second"], f"{percentage(mine['waiting']):>9}")
        yield _line("facesite / plain", training["ratio"], "times")
    yield "\nMemory of the running site (MB: resident; resident with shared pages shared out)"
    for part, size in measured["memory"].items():
        yield _line(part, size["rss"], f"{size['pss']:10.1f}" if "pss" in size else "")


def _line(what: str, number: float, rest: str = "") -> str:
    return f"  {what:<28}{number:10.2f} {rest}".rstrip()
