"""Each person is one face of a photo."""

from __future__ import annotations

import pytest

from ml.together import one_face_each
from ml.types import NAMING, Candidate, Decision, Identification, names_given


def answer(
    person: int, similarity: float, decision: Decision = Decision.MATCH, threshold: float = 0.4
) -> Identification:
    others = (Candidate(99, 0.1, 0.0, ()),)
    return Identification(
        decision, 0.9, threshold, 0.0, (Candidate(person, similarity, 0.9, ()), *others)
    )


def said(*answers: Identification) -> list[tuple[str, int | None]]:
    return [(one.decision, one.rival) for one in one_face_each(answers)]


def test_different_people_stay_as_they_are() -> None:
    answers = [answer(1, 0.5), answer(2, 0.9), answer(3, 0.3, Decision.UNKNOWN)]
    assert one_face_each(answers) == answers


def test_the_weaker_face_of_a_person_is_ambiguous_and_says_which_is_the_better() -> None:
    assert said(answer(1, 0.5), answer(1, 0.9)) == [("ambiguous", 1), ("match", None)]
    assert said(answer(1, 0.9), answer(2, 0.9), answer(1, 0.5), answer(1, 0.6)) == [
        ("match", None),
        ("match", None),
        ("ambiguous", 0),
        ("ambiguous", 0),
    ]


def test_what_counts_is_how_far_a_face_is_above_its_own_threshold() -> None:
    assert said(answer(1, 0.7, threshold=0.65), answer(1, 0.6, threshold=0.4)) == [
        ("ambiguous", 1),
        ("match", None),
    ]


def test_of_two_equal_faces_the_first_keeps_the_name() -> None:
    assert said(answer(1, 0.5), answer(1, 0.5)) == [("match", None), ("ambiguous", 0)]


@pytest.mark.parametrize("decision", [Decision.AMBIGUOUS, Decision.UNKNOWN, Decision.UNCLEAR])
def test_a_face_that_does_not_match_is_nobodys_rival(decision: Decision) -> None:
    assert said(answer(1, 0.9, decision), answer(1, 0.5)) == [(decision, None), ("match", None)]


def test_no_faces_are_no_trouble() -> None:
    nobody = Identification(Decision.UNKNOWN, 0.0, 0.4, 0.0, ())
    assert one_face_each([]) == []
    assert one_face_each([nobody, nobody]) == [nobody, nobody]


def test_an_answer_names_one_two_or_nobody() -> None:
    names = {decision: names_given(decision, None) for decision in Decision}
    assert names == {"match": 1, "ambiguous": 2, "unknown": 0, "unclear": 0}
    assert names_given("ambiguous", 0) == 1
    assert {decision for decision, count in names.items() if count} == set(NAMING)
