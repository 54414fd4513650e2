"""Rows of trainings and model versions as a training writes them."""

from __future__ import annotations

from typing import Any


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


METRICS: dict[str, Any] = {
    "closed_set": {
        "train": 0.999,
        "validation": 0.981,
        "test": 0.982,
        "top5": 0.998,
        "classes": 84,
    },
    "held_out": {
        "people": 21,
        "photos": 987,
        "probes": 924,
        "rank1": interval(0.934, 0.91, 0.955),
        "dir": {"0.1": interval(0.9, 0.88, 0.92), "0.01": interval(0.74, 0.7, 0.78), "0.003": None},
        "tar": {"0.1": interval(0.95, 0.93, 0.97), "0.01": interval(0.8, 0.77, 0.83)},
    },
}
METRICS |= {
    "in_service": {
        **METRICS["held_out"],
        "rank1": interval(0.935, 0.92, 0.95),
        "dir": {"0.1": interval(0.99, 0.98, 1.0), "0.01": interval(0.965, 0.95, 0.98)},
    },
    "cost": {"milliseconds": 2.44, "resident_mb": 154.0, "bytes": 31_457_280},
    "trained_on": {
        "command": "python manage.py retrain --architecture sface",
        "data": ["faces"],
        "fingerprint": "0123456789abcdef" * 4,
        "seed": 7,
        "people": 105,
        "classes": 84,
        "photos": {"train": 11_204, "validation": 1_400, "test": 1_400},
    },
}
GATE: dict[str, Any] = {
    "passed": False,
    "outcome": "worse",
    "against": "stripes",
    "reasons": [
        {"code": "left_out", "params": {"people": 3}},
        {
            "code": "rank1_as_good",
            "params": {
                "candidate": 0.934,
                "active": 0.935,
                "difference": -0.001,
                "low": -0.009,
                "high": 0.008,
                "level": 0.95,
            },
        },
        {
            "code": "dir_worse",
            "params": {
                "candidate": 0.74,
                "active": 0.965,
                "difference": -0.225,
                "low": -0.271,
                "high": -0.18,
                "level": 0.95,
                "fpir": 0.01,
            },
        },
    ],
}


def epochs(count: int) -> list[dict[str, Any]]:
    return [
        {
            "stage": 1 + (number > 2),
            "epoch": number,
            "learning_rate": 0.001,
            "loss": 4 / number,
            "accuracy": 1 - 1 / (number + 1),
            "validation_loss": 5 / number,
            "validation_accuracy": 1 - 1.2 / (number + 1),
            "seconds": 12.5,
            "photos_per_second": 800.0,
            "waiting": 0.02,
            "best": True,
        }
        for number in range(1, count + 1)
    ]


def step(epoch: int, done: int) -> dict[str, Any]:
    return {
        "stage": 1 + (epoch > 2),
        "stages": 2,
        "epoch": epoch,
        "epochs": 4,
        "done": done,
        "total": 100,
        "loss": 1.25,
        "accuracy": 0.625,
        "photos_per_second": 812.4,
        "seconds_left": 100.0,
    }
