from __future__ import annotations

import pytest

from ml.calibration import Policy
from ml.evaluation import galleries
from ml.evaluation.datasets import DatasetError
from ml.evaluation.fitting import fit_part
from ml.evaluation.galleries import Galleries, Kind, Shares
from ml.evaluation.samples import Photo
from ml.gallery import Gallery
from ml.reports import protocol_reports
from ml.types import Identification
from tests.ml.made_up import held_out

PEOPLE = held_out(60, 8, noise=1.0, seed=1).people
OTHERS = held_out(40, 8, noise=1.0, seed=2, name="other").people


@pytest.fixture(scope="module")
def measured() -> Galleries:
    calibration = fit_part(held_out(40, 12, noise=1.0, seed=3).people)

    def decide(photo: Photo, gallery: Gallery) -> Identification:
        return photo.identify(gallery, calibration, Policy(0.05))

    return galleries.measure(PEOPLE, OTHERS, decide, draws=1, progress=lambda _done, _total: None)


def test_every_kind_that_there_are_people_for_is_measured(measured: Galleries) -> None:
    assert set(measured.shares) == {
        *(Kind(size, photos) for size in (2, 5, 10, 20) for photos in (1, 3)),
        *(Kind(30, photos, others) for others in (12, 20) for photos in (1, 4)),
        *(Kind(40, 3, twice=twice) for twice in (0, 2, 8)),
    }
    assert str(Kind(30, 4, 12)) == "30 + 12 others, 4 photos"
    assert str(Kind(40, 3, twice=8)) == "40, 8 of them twice, 3 photos"


def test_people_are_named_and_strangers_are_not(measured: Galleries) -> None:
    for kind, shares in measured.shares.items():
        assert shares.right is not None
        assert shares.right > 0.6
        assert shares.strangers is not None
        assert shares.strangers < 0.35
        assert (shares.others_right is None) == (kind.others == 0)
        assert (shares.twice_right is None) == (kind.twice == 0)


def test_who_is_there_twice_spoils_nothing(measured: Galleries) -> None:
    once, twice = (measured.shares[Kind(40, 3, twice=number)] for number in (0, 8))
    assert twice.twice_right is not None
    assert twice.twice_right > 0.9
    assert once.right is not None
    assert twice.right is not None
    assert twice.right > once.right - 0.03


def test_the_shares_are_told_by_gallery(measured: Galleries) -> None:
    summary = measured.summary()
    assert summary["draws"] == 1
    first = summary["galleries"][0]
    assert first["gallery"] == "2, 1 photo"
    assert first["others_right"] is None
    report = protocol_reports.galleries(Galleries(3, {Kind(5, 1): Shares(0.0123, right=0.9)}))
    assert "at most 1.23 % of the strangers got a name" in report.lead.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    (section,) = report.more
    assert [line.name for line in section.tables[0][0].lines] == ["5, 1 photo"]


def test_a_handful_of_photos_is_not_enough() -> None:
    def never(_photo: Photo, _gallery: Gallery) -> Identification:
        raise AssertionError

    with pytest.raises(DatasetError, match="too few people"):
        galleries.measure(held_out(2, 1).people, {}, never, progress=lambda *_: None)
