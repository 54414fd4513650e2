"""The words that people agree to."""

from __future__ import annotations

from django.db import transaction

from recognition.models import ConsentText, User
from recognition.services.audit import record


class SameWords(Exception):
    """There is a version with these very words."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def add(words: str, actor: User | None) -> ConsentText:
    """A new version, which is the one in use from now on. Raises `SameWords`."""
    text = ConsentText(text=plain(words), created_by=actor)
    with transaction.atomic():
        newest = ConsentText.objects.select_for_update().latest("number")
        same = ConsentText.objects.filter(text=text.text).first()
        if same is not None:
            raise SameWords(same.number)
        text.number = newest.number + 1
        text.save()
        record(actor, "consent.text_added", text, digest=text.digest)
    return text


def plain(words: str) -> str:
    """As they are kept and hashed: browsers end lines in another way than files."""
    return words.replace("\r\n", "\n").strip()
