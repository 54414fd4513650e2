"""What was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ml.evaluation import speed
from recognition.formats import counted, percentage

Measured = Mapping[str, Any]


def tables(measured: Measured) -> Iterator[str]:
    """One or more for each part that was measured, each under a heading."""
    yield _machine(measured["machine"])
    for part, written in WRITTEN.items():
        if part in measured:
            yield from written(measured[part])


def _machine(here: Measured) -> str:
    return _("%(processor)s, cores: %(cores)d, Python %(python)s; load before: %(load)s.") % {
        "processor": here["processor"],
        "cores": here["cores"],
        "python": here["python"],
        "load": _number(here["load_before"]),
    }


def _stages(found: Measured) -> Iterator[str]:
    first, *_others = found["photos"]
    names = [name for name in first["ms"] if name != "total"]
    columns = [_("width, faces"), *map(stage_name, names), _("in all")]
    rows = [
        [
            _("%(pixels)d px, %(faces)d") % one,
            *(_number(one["ms"][name]["median"]) for name in names),
            _spread(one["ms"]["total"]),
        ]
        for one in found["photos"]
    ]
    yield _table(
        _("One photo from its bytes to its stored answer, in one process (ms)"), columns, rows
    )
    yield _(
        "First photo, for which everything is loaded: %(ms)s ms. Threads of the networks: %(n)s."
    ) % {
        "ms": _number(found["first_photo_ms"]),
        "n": found["threads"] or _("one a core"),
    }


def stage_name(name: str) -> str:
    """A stage in the reader's language; one that is new here by its own name."""
    names = {
        "decode": pgettext("stage", "decode"),
        "detect": pgettext("stage", "find"),
        "align": pgettext("stage", "align"),
        "embed": pgettext("stage", "embed"),
        "search": pgettext("stage", "search"),
        "decide": pgettext("stage", "decide"),
        "encode": pgettext("stage", "encode"),
        "write": pgettext("stage", "store"),
    }
    return names.get(name, name)


def _engines(found: Measured) -> Iterator[str]:
    columns = [
        _("engine"),
        _("one face (ms)"),
        _("one of %d at once (ms)") % speed.TOGETHER,
        _("to load (s)"),
        _("resident (MB)"),
    ]
    rows = [
        [
            {"keras": "Keras predict"}.get(name, name),
            _spread(one["milliseconds"]),
            _number(one["together_milliseconds"]["median"] / speed.TOGETHER),
            _number(one["load_seconds"]),
            _whole(one["resident_mb"]),
        ]
        for name, one in found.items()
        if isinstance(one, dict)
    ]
    yield _table(_("The embedding network, each engine in a process of its own"), columns, rows)
    yield _("Keras predict takes %s times as long as OpenVINO.") % _number(
        found["keras_over_openvino"]
    )


def _http(found: Sequence[Measured]) -> Iterator[str]:
    columns = [_("over HTTP"), *(_("workers: %d") % one["workers"] for one in found)]
    rows = [[what, *(tell(one) for one in found)] for what, tell in _of_http().items()]
    yield _table(_("From an upload to its answer, as a browser waits for it"), columns, rows)


def _of_http() -> dict[str, Callable[[Measured], str]]:
    return {
        _("pages come after the start (s)"): lambda one: _number(one["start"]["web_s"]),
        _("ready after the start (s)"): lambda one: _number(one["start"]["ready_s"]),
        _("first answer (ms)"): lambda one: _whole(one["start"]["first_answer_ms"]),
        _("one photo after the other (ms)"): lambda one: _spread(one["alone_ms"]),
        _("one of ten in an upload (ms)"): lambda one: _spread(one["batch_ms"]),
        _("one of 16 users at once (ms)"): lambda one: _spread(one["together"]["ms"]),
        _("photos a second with 16 users"): lambda one: _number(
            one["together"]["photos_per_second"]
        ),
        _("processor time of a photo with 16 users, web process (ms)"): lambda one: _number(
            one["together"]["processor_ms"]["web"]
        ),
        _("processor time of a photo with 16 users, workers (ms)"): lambda one: _number(
            one["together"]["processor_ms"]["worker"]
        ),
        _("photos a second over the API, 16 programs"): lambda one: _number(
            one["api"]["photos_per_second"]
        ),
        _("photos a second in a loop without a site"): lambda one: _spread(one["bare_per_second"]),
        _("share of that"): lambda one: percentage(one["of_bare"]),
        _("twice as many are sent: photos a second"): lambda one: _number(
            one["overload"]["sent_per_second"]
        ),
        _("of them taken, refused, answered"): lambda one: ", ".join(
            counted(one["overload"][kind]) for kind in ("accepted", "refused", "answered")
        ),
        _("photos in the queue when no more come"): lambda one: counted(one["overload"]["queue"]),
        _("it is empty after (s)"): lambda one: _number(one["overload"]["drained_s"]),
        _("longest wait of all (s)"): lambda one: _number(one["overload"]["longest_wait_s"]),
    }


def _memory(found: Measured) -> Iterator[str]:
    moments = {"after_start": _("after the first photo"), "after_varied": _("after varied photos")}
    there = [moment for moment in moments if moment in found]
    columns = [_("memory (MB)")]
    for moment in there:
        columns += [f"{moments[moment]}: {kind}" for kind in (_("resident"), _("shared once"))]
    rows = [
        [
            part,
            *(_whole(found[moment][part].get(kind)) for moment in there for kind in ("rss", "pss")),
        ]
        for part in found["after_start"]
    ]
    heading = _("Memory of the running site; templates: %s") % counted(found["templates"])
    yield _table(heading, columns, rows)


def _galleries(found: Sequence[Measured]) -> Iterator[str]:
    columns = [
        _("people"),
        _("search (ms)"),
        _("decide (ms)"),
        _("add one (ms)"),
        _("until two workers name them (ms)"),
        _("start of a worker (s)"),
        _("of it the gallery (s)"),
        _("worker (MB)"),
        _("two workers, shared once (MB)"),
    ]
    rows = [
        [
            counted(one["people"]),
            *(_spread(one[f"{what}_ms"]) for what in ("search", "decide", "add", "found")),
            _number(one["start_s"]),
            _number(one["gallery_s"]),
            _whole(one["resident_mb"]),
            _whole(one["all_workers_mb"]),
        ]
        for one in found
    ]
    yield _table(_("Galleries of made-up people, one photo each"), columns, rows)


def _training(found: Measured) -> Iterator[str]:
    columns = [_("training"), _("photos a second"), _("waiting for photos")]
    names = {"plain": _("paper, plain float32 fit over a folder")}
    rows = [
        [names.get(way, way), _number(one["photos_per_second"]), percentage(one["waiting"])]
        for way, one in found["speeds"].items()
    ]
    yield _table(_("Training, all layers"), columns, rows)
    yield _("An upload is answered meanwhile after %s ms.") % _spread(found["meanwhile_ms"])


def _peers(found: Measured) -> Iterator[str]:
    columns = [
        _("program"),
        _("a photo (ms)"),
        _("times as long as facesite"),
        _("faces found"),
        _("photos with any"),
        _("start to first answer (s)"),
        _("resident (MB)"),
        _("pairs told apart"),
    ]
    ours = found["speed"]["facesite"]["milliseconds"]["median"]
    rows = [
        [
            name,
            _spread(one["milliseconds"]),
            _number(one["milliseconds"]["median"] / ours),
            counted(one["faces"]),
            counted(one["photos_with_faces"]),
            _number(one["start_seconds"]),
            _whole(one["resident_mb"]),
            _told_apart(found["accuracy"].get(name)),
        ]
        for name, one in found["speed"].items()
    ]
    heading = _("Photos of %(pixels)d px from their bytes to a decision; photos: %(photos)d")
    yield _table(heading % found, columns, rows)


def _told_apart(found: Measured | None) -> str:
    if found is None:
        return "–"
    share = number_format(round(found["accuracy"] * 100, 2), decimal_pos=2)
    return _("%(share)s%% of %(pairs)s") % {"share": share, "pairs": counted(found["pairs"])}


WRITTEN: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "stages": _stages,
    "engines": _engines,
    "http": _http,
    "memory": _memory,
    "galleries": _galleries,
    "training": _training,
    "peers": _peers,
}


def _table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _column in columns[1:])]
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)]
    return "\n".join([heading, "", *lines])


def _spread(spread: Measured) -> str:
    """The median, and in brackets the least and the most."""
    return f"{_number(spread['median'])} ({_number(spread['min'])}–{_number(spread['max'])})"


def _number(number: float) -> str:
    """Three digits that count, or all before the point."""
    decimals = 0 if number >= 100 else 1 if number >= 10 else 2
    return number_format(round(number, decimals), decimal_pos=decimals, force_grouping=True)


def _whole(number: float | None) -> str:
    return "–" if number is None else counted(round(number))
