"""Figures of versions stand side by side if they are of the same people, and not otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from ml.versions.default import VERSION as PACKAGED
from recognition.models import ModelVersion, User
from tests.recognition.rows import METRICS, interval
from tests.recognition.test_views_model_versions import make_version, page


@pytest.fixture
def client(operator: User, login: Callable[[User], Client]) -> Client:
    return login(operator)


def cells(shown: str, name: str) -> list[str]:
    """Rank 1 and DIR in the row of a version."""
    (row,) = (row for row in re.findall(r"<tr.*?</tr>", shown) if f">{name}<" in row)
    texts = [re.sub(r"<[^>]+>", " ", cell) for cell in re.findall(r"<td.*?</td>", row)[:2]]
    return [" ".join(text.split()[2:] if "Rank" in text else text.split()[4:]) for text in texts]


def on_people(fingerprint: str, rank1: float, **more: object) -> dict[str, object]:
    held_out = {**METRICS["held_out"], "rank1": interval(rank1, 0.5, 1.0)}
    return {**METRICS, "held_out": held_out, "measured_on": fingerprint, **more}


def test_figures_of_other_people_do_not_stand_side_by_side(
    client: Client, version: ModelVersion
) -> None:
    make_version("other-people", metrics=on_people("a", 0.999))
    make_version("same-people", metrics=on_people("b", 0.888))
    packaged = {**METRICS["held_out"], "rank1": interval(0.777, 0.5, 1.0)}
    make_version(PACKAGED, metrics={}, gate={})
    make_version("newest", metrics=on_people("b", 0.666, packaged=packaged))
    shown = page(client, "model_versions")
    assert cells(shown, "newest") == ["66.6%", "74.0%"]
    assert cells(shown, "same-people") == ["88.8%", "74.0%"]
    assert cells(shown, "stripes") == ["93.5%", "96.5%"], "measured beside the newest"
    assert cells(shown, PACKAGED) == ["77.7%", "74.0%"]
    assert cells(shown, "other-people") == ["measured on other people", "–"]
    assert "Both on the 21 people held out of the training of newest" in shown
    assert "99.9%" in page(client, "model_version", "other-people")
    told = page(client, "model_version", PACKAGED)
    assert "Measured in the training of newest, on the same people." in told
    assert "77.7%" in told
    assert "was not measured here" not in told


def test_the_commands_table_compares_on_the_same_people_alone(version: ModelVersion) -> None:
    make_version("other-people", metrics=on_people("a", 0.999))
    make_version("newest", metrics=on_people("b", 0.666))
    out = StringIO()
    call_command("model_versions", stdout=out)
    _, newest, other, stripes, about = out.getvalue().splitlines()
    assert "66.6%" in newest
    assert "93.5%" in stripes
    assert other.split().count("other") == 2
    assert "99.9%" not in other.split("98.2%")[1].split("worse")[0]
    assert about.startswith("rank-1 and DIR@1%: on the 21 people held out of newest;")
    call_command("model_versions", "--json", stdout=(out := StringIO()))
    by_name = {one["name"]: one["side_by_side"] for one in json.loads(out.getvalue())["versions"]}
    assert by_name["other-people"] is None
    assert by_name["stripes"]["rank1"]["value"] == 0.935


def test_what_an_earlier_facesite_measured_stands_beside_nothing_but_its_own(
    client: Client, version: ModelVersion
) -> None:
    """It did not say on whom."""
    for name, rank1 in (("first", 0.999), ("second", 0.666)):
        make_version(name, metrics={**on_people("", rank1), "measured_on": None})
    shown = page(client, "model_versions")
    assert cells(shown, "second") == ["66.6%", "74.0%"]
    assert cells(shown, "first") == ["measured on other people", "–"]
