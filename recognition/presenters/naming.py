"""Whom a face can be said to be."""

from __future__ import annotations

from django.db.models import QuerySet

from recognition.models import Person, ProbeFace, User
from recognition.services import access
from recognition.services.gallery import listing, people

FOUND = 12


def offered(face: ProbeFace, user: User) -> QuerySet[Person]:
    """Of whom the user may say that it is their face: of everybody, or of those whom the answer
    shows them."""
    if access.may_look_up_people(user):
        return Person.objects.all()
    return shown(face, user)


def found(face: ProbeFace, user: User, words: str) -> list[Person]:
    """Some of them: those whose name has these words, or else whom the answer shows."""
    chosen = offered(face, user) & people.found(words) if words else shown(face, user)
    return list(listing.listed(chosen)[:FOUND])


def shown(face: ProbeFace, user: User) -> QuerySet[Person]:
    """Whom the answer about a face shows to somebody."""
    others = access.others_shown(user) >= access.Others.NAMES
    likely = face.candidates.all() if others else face.named
    return Person.objects.filter(pk__in=[one.person_id for one in likely])
