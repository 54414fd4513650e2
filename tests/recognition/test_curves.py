"""Loss and accuracy as lines: where they run, what stands beside them, and what is said of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils.translation import override

from recognition.presenters.curves import Chart, charts
from tests.recognition import rows


def epochs(*losses: float, stage: int = 1, first: int = 1) -> list[dict[str, Any]]:
    return [
        {
            **epoch,
            "stage": stage,
            "epoch": number,
            "loss": loss,
            "accuracy": 1 - loss / 10,
            "validation_loss": loss + 1,
            "validation_accuracy": 0.9 - loss / 10,
        }
        for number, (epoch, loss) in enumerate(
            zip(rows.epochs(len(losses)), losses, strict=True), start=first
        )
    ]


def loss_of(*arguments: Any) -> Chart:
    return charts(*arguments)[0]


def test_before_the_first_figure_there_is_no_chart() -> None:
    assert charts([], {}, [6, 5, 4]) == []
    assert charts([], rows.step(1, 0), [6, 5, 4]) == []


def test_an_epoch_stands_where_it_ends_and_the_frame_has_room_for_all() -> None:
    chart = loss_of(epochs(3.0, 1.0), {}, [2, 2])
    training, validation = chart.lines
    assert training.points == "250.0,250.0 500.0,750.0"
    assert validation.points == "250.0,0.0 500.0,500.0"
    assert training.end == ("50.00%", "75.00%")
    assert chart.ticks == ("4", "3", "2", "1", "0")


def test_the_epoch_under_way_is_drawn_as_far_as_it_is() -> None:
    chart = loss_of(epochs(4.0), rows.step(2, 50), [2, 2])
    training, validation = chart.lines
    assert training.end[0] == "37.50%"
    assert validation.end[0] == "25.00%"


def test_the_first_epoch_shows_before_it_has_ended() -> None:
    chart = loss_of([], rows.step(1, 50), [2])
    assert [line.kind for line in chart.lines] == ["training"]
    assert chart.summary == "No epoch has ended yet."


def test_stages_have_their_place_and_each_its_best_epoch() -> None:
    history = [*epochs(4.0, 3.0), *epochs(2.0, 2.5, stage=2, first=3)]
    history[3]["best"] = False
    chart = loss_of(history, {}, [2, 2])
    assert [(stage.left, stage.middle) for stage in chart.stages] == [
        ("0.00%", "25.00%"),
        ("50.00%", "75.00%"),
    ]
    assert [x for x, _y in chart.best] == ["50.00%", "75.00%"]


def test_a_single_stage_needs_no_name() -> None:
    assert loss_of(epochs(1.0), {}, [30]).stages == ()


@pytest.mark.parametrize("highest", [0.0, 1e-6, 0.013, 0.9, 1.0, 7.0, 99.0, 12345.0])
def test_every_loss_lies_within_its_frame(highest: float) -> None:
    history = epochs(highest)
    history[0]["validation_loss"] = highest / 2
    chart = loss_of(history, {}, [1])
    assert 2 <= len(chart.ticks) <= 6
    for line in chart.lines:
        assert 0 <= float(line.end[1].rstrip("%")) <= 100


@pytest.mark.parametrize(
    ("lowest", "first", "last"),
    [(0.02, "0%", "100%"), (0.5, "0%", "100%"), (0.93, "92%", "100%"), (1.0, "99%", "100%")],
)
def test_accuracies_close_to_all_get_a_frame_that_shows_them(
    lowest: float, first: str, last: str
) -> None:
    history = epochs(0.0)
    history[0] |= {"accuracy": 1.0, "validation_accuracy": lowest}
    chart = charts(history, {}, [1])[1]
    assert (chart.ticks[-1], chart.ticks[0]) == (first, last)


@pytest.mark.parametrize("total", [1, 2, 5, 15, 30, 35, 100, 500])
def test_numbers_of_epochs_never_touch_and_the_last_is_there(total: int) -> None:
    numbers = [epoch for _x, epoch in loss_of(epochs(1.0), {}, [total]).epochs]
    assert numbers[-1] == total
    gaps = [after - before for before, after in itertools.pairwise(numbers)]
    assert all(gap / total >= 0.05 for gap in gaps)
    assert len(numbers) <= 14


def test_a_chart_knows_no_decimal_comma_and_words_do() -> None:
    with override("ru"):
        chart = loss_of(epochs(2.345), {}, [3])
        assert "2,345" in chart.spots[0].words
    assert "," not in chart.lines[0].end[0]
