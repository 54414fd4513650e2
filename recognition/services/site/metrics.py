"""The figures of the site for Prometheus. Their labels are words of the program, names of model
versions and nothing else: no person, no account, no file."""

from __future__ import annotations

import platform
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Final

import django
from django.conf import settings
from django.core.cache import cache as remembered
from django.db import DatabaseError
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from facesite import counting, pulse, space
from recognition.models import UNFINISHED, EnrolledFace, ModelVersion, Status, Template, TrainingRun
from recognition.models.work import QueuedWork, kinds
from recognition.services.site import drift
from recognition.services.versions import registry

PREFIX: Final = "facesite_"
DRIFT_KEPT_FOR: Final = 60
"""Seconds. It is told from a thousand faces, and they do not change in a moment."""
LEANS: Final = {drift.Lean.FURTHER: -1, drift.Lean.NONE: 0, drift.Lean.NEARER: 1}

Labelled = Iterable[tuple[Sequence[str], float]]
"""Values, each with what the labels of its metric say."""


def families() -> Iterator[Metric]:
    """Everything, as far as broker and database can be reached."""
    yield from _of_the_place()
    totals = counting.totals()
    yield _gauge("broker_up", "Whether the broker can be reached.", totals is not None)
    yield from _counted(totals or {})
    found = stored()
    yield _gauge("database_up", "Whether the database can be reached.", bool(found))
    yield from found


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, told, float(value))


def _gauges(name: str, told: str, labels: Sequence[str], values: Labelled) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, told, labels=labels)
    for given, value in values:
        family.add_metric(given, value)
    return family


def _of_the_place() -> Iterator[Metric]:
    versions = (_own_version(), django.get_version(), platform.python_version())
    labels = ("version", "django", "python")
    yield _gauges("build_info", "What the site runs on.", labels, [(versions, 1)])
    yield _gauge("disk_free_bytes", "Room where the site keeps everything.", space.free())
    found = Counter((sign.part, "silent" if sign.silent else "alive") for sign in pulse.signs())
    told = "Processes by their last sign of life."
    yield _gauges("processes", told, ("part", "state"), found.items())


@cache
def _own_version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def _counted(totals: Mapping[counting.Field, float]) -> Iterator[Metric]:
    by_name: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for (name, *labels), amount in totals.items():
        by_name[name][tuple(labels)] = amount
    for times in counting.TIMES:
        yield _counter(times, by_name[times.name].items())
    for durations in counting.DURATIONS:
        yield _histogram(durations, by_name[durations.name].items())


def _counter(times: counting.Times, amounts: Labelled) -> Metric:
    family = CounterMetricFamily(PREFIX + times.name, times.help, labels=times.labels)
    for labels, amount in amounts:
        family.add_metric(labels, amount)
    return family


def _histogram(durations: counting.Durations, amounts: Labelled) -> Metric:
    """Counted is what no smaller bucket has; told is all that is as small."""
    family = HistogramMetricFamily(PREFIX + durations.name, durations.help, labels=durations.labels)
    spread: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for (*labels, bucket), amount in amounts:
        spread[tuple(labels)][bucket] = amount
    for given, found in spread.items():
        reached = accumulate(found.get(bucket, 0.0) for bucket in durations.buckets)
        buckets = list(zip(durations.buckets, reached, strict=True))
        family.add_metric(given, buckets, found[counting.SUM])
    return family


def stored() -> list[Metric]:
    """What the database says; nothing without it."""
    try:
        return [*_queue(), *_gallery(), *_training(), *_model()]
    except DatabaseError:
        return []


def _queue() -> Iterator[Metric]:
    found = {
        (model.kind_name(), status): _of(model, status)
        for model in kinds()
        for status in UNFINISHED
    }
    lengths = [(labels, rows) for labels, (rows, _) in found.items()]
    ages = [(labels, seconds) for labels, (_, seconds) in found.items()]
    labels = ("work", "status")
    yield _gauges("queue_length", "Rows that are not done.", labels, lengths)
    yield _gauges("queue_oldest_seconds", "Since when the oldest was asked for.", labels, ages)


def _of(model: type[QueuedWork], status: Status) -> tuple[int, float]:
    """How many such rows there are, and the seconds since the oldest was asked for."""
    rows = model._default_manager.filter(status=status).order_by()
    found = rows.aggregate(count=Count("pk"), since=Min("created_at"))
    waited = timezone.now() - (found["since"] or timezone.now())
    return found["count"], max(0.0, waited.total_seconds())


def _gallery() -> Iterator[Metric]:
    found = EnrolledFace.objects.aggregate(
        people=Count("person", distinct=True), photos=Count("pk")
    )
    active = Template.objects.filter(model_version__state=ModelVersion.State.ACTIVE)
    yield _gauge("gallery_people", "People with a photo.", found["people"])
    yield _gauge("gallery_photos", "Enrolled photos.", found["photos"])
    yield _gauge("gallery_templates", "Those that the active model knows.", active.count())


def _training() -> Iterator[Metric]:
    running = TrainingRun.objects.filter(status=Status.RUNNING)
    found = running.values_list("phase", "phase_done", "phase_total", "progress").first()
    yield _gauge("training_running", "Whether a network is being trained.", found is not None)
    phase, done, total, progress = found or ("", 0, 0, {})
    ratio = [((phase,), done / total)] if total else []
    yield _gauges("training_phase_ratio", "How much of its phase is done.", ("phase",), ratio)
    left = [((), progress["seconds_left"])] if "seconds_left" in progress else []
    yield _gauges("training_seconds_left", "What the epochs that are left will take.", (), left)


def _model() -> Iterator[Metric]:
    version = registry.active()
    if version is None:
        return
    labels = (version.name, version.architecture, version.answers_by)
    names = ("version", "architecture", "answers_by")
    yield _gauges("model_info", "The model version in service.", names, [(labels, 1)])
    reached = _drift(version)
    told = "Share of nameless faces as near as this share of strangers was at calibration."
    found = [((str(one.expected),), one.found) for one in reached]
    yield _gauges("strangers_reached_ratio", told, ("expected",), found)
    told = "Whether that is beyond chance: 1 nearer, -1 further, 0 neither."
    leans = [((str(one.expected),), LEANS[one.lean]) for one in reached]
    yield _gauges("strangers_lean", told, ("expected",), leans)


def _drift(version: ModelVersion) -> list[drift.Reached]:
    key = f"drift-{version.pk}"
    found: list[drift.Reached] | None = remembered.get(key)
    if found is None:
        found = drift.drift(version)
        remembered.set(key, found, DRIFT_KEPT_FOR)
    return found
