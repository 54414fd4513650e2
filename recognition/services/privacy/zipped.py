"""A ZIP that is made while somebody receives it: it lies nowhere, and no more than one file of it
is in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.fields.files import FieldFile

Member = tuple[str, bytes]
"""The name of a file in the archive, and what is in it."""
_PACKED: Final = (".jpg", ".png")


class _Sink(io.RawIOBase):
    """Takes what a ZIP writes until it is passed on."""

    def __init__(self) -> None:
        self._taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._taken += data
        return len(data)

    def passed_on(self) -> bytes:
        data = bytes(self._taken)
        self._taken.clear()
        return data


def pieces(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive, piece by piece."""
    sink = _Sink()
    with ZipFile(sink, "w") as archive:
        for name, data in members:
            packed = name.endswith(_PACKED)
            archive.writestr(name, data, ZIP_STORED if packed else ZIP_DEFLATED)
            yield sink.passed_on()
    yield sink.passed_on()


def document(name: str, said: Any) -> Member:
    """JSON for people and programs."""
    text = json.dumps(said, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    return name, text.encode()


def stored(name: str, file: FieldFile) -> Iterator[Member]:
    """A stored file under another name; nothing, if it has gone meanwhile."""
    if not file:
        return
    try:
        with file.open("rb") as source:
            yield f"{name}{PurePath(str(file.name)).suffix}", source.read()
    except FileNotFoundError:
        return
