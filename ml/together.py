"""The faces of one photo, decided together: nobody is in a photo twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ml.types import Decision, Identification


def one_face_each(answers: Sequence[Identification]) -> list[Identification]:
    """The answers about the faces of a photo, of which each person is only one.

    Where several match one person, that which lies highest above its threshold keeps the match (of
    equals the first). The others become `ambiguous`, with that face as their `rival`: what looks
    like a second face of somebody may be a relative, or a picture on the wall.
    """
    best: dict[int, int] = {}
    for index in sorted(range(len(answers)), key=lambda index: -answers[index].margin):
        if answers[index].decision == Decision.MATCH:
            best.setdefault(answers[index].candidates[0].person, index)
    return [_beside(answer, index, best) for index, answer in enumerate(answers)]


def _beside(answer: Identification, index: int, best: dict[int, int]) -> Identification:
    if answer.decision != Decision.MATCH:
        return answer
    rival = best[answer.candidates[0].person]
    if rival == index:
        return answer
    return replace(answer, decision=Decision.AMBIGUOUS, rival=rival)
