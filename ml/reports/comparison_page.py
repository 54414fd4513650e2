"""Several architectures side by side, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml.language import percent, rate
from ml.reports.page import Line, Page, Section, Table
from ml.reports.training_charts import learning_charts
from ml.training.events import Epoch

Json = Mapping[str, Any]

KINDS = {
    "eigenfaces": "principal components: the floor",
    "paper": "two 5×5 convolutions, as in the paper",
    "compact": "3×3 convolutions, batch normalisation, margin softmax",
    "sface": "the default network with a new head",
}


def page(values: Json, names: Sequence[str], facts: Mapping[str, str]) -> Page:
    """What `ml.experiments.comparison.measure` found of each of `names`; `values` as it is kept."""
    data, split = values["data"], values["split"]
    found = {name: values["results"][name] for name in names}
    return Page(
        title="Architectures side by side",
        lead=f"Each learned the same {split['train']:,} photos of {split['classes']:,} people, and "
        "was asked about the same others: of these people, and of "
        f"{split['held_out_people']:,} whom none of them has ever seen.",
        sections=[_table(found), *_charts(found)],
        facts={
            **facts,
            "Photos": f"{data['photos']:,} of {data['people']:,} people; {data['skipped']:,} files "
            f"skipped, {data['left_out']:,} people left out",
            "Split": f"{split['train']:,} train, {split['validation']:,} validation, "
            f"{split['test']:,} test; {split['held_out']:,} of people held out",
            "Fingerprint": data["fingerprint"][:16],
            "Seed": f"{values['seed']}",
        },
    )


def _table(found: Json) -> Section:
    columns = ["", "Test", "Train", "Validation", "Rank-1", f"DIR at FPIR {rate(0.01)}"]
    costs = ["", "Training", "Photos/s", "Parameters", "Served", "One face"]
    return Section(
        tables=[
            [Table(columns, [Line(name, _shares(found[name]), KINDS[name]) for name in found])],
            [Table(costs, [Line(name, _cost(found[name]["cost"])) for name in found], main=None)],
        ],
        notes=[
            "Test, train and validation: photos of the people it was trained on. Rank-1 and DIR: "
            "people it has never seen, half of them enrolled.",
            "Training is the time on the machine that made this page; compare, do not transfer.",
        ],
    )


def _shares(result: Json) -> list[str]:
    closed, unseen = result["closed_set"], result["held_out"]
    told = [percent(closed[part]) for part in ("test", "train", "validation")]
    shares = [unseen["rank1"], unseen["dir"]["0.01"]] if unseen else [None, None]
    return [*told, *(percent(share["value"] if share else None) for share in shares)]


def _cost(cost: Json) -> list[str]:
    return [
        f"{cost['seconds']:,.0f} s",
        f"{cost['photos_per_second']:,.0f}",
        f"{cost['parameters']:,}",
        f"{cost['bytes'] / 1e6:.1f} MB",
        f"{cost['milliseconds']:.2f} ms",
    ]


def _charts(found: Json) -> Iterator[Section]:
    for name, result in found.items():
        if history := [Epoch(**epoch) for epoch in result["history"]]:
            yield Section(title=name, rows=[learning_charts(history)])
