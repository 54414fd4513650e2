"""Folders that are only parts of the names of files: in an archive, or as a browser sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ml.leftovers import is_left_behind
from recognition.services.gallery.folders import Place, is_table
from recognition.services.photos.uploads import UnreadableFile

LEVELS: Final = 4
"""A folder around all, people, their photos, and whatever lies deeper: that is not looked at, and a
name of thousands of folders costs no more than these."""

File = Callable[[str, str], Place]
"""A file as people call it, and by its own name."""


@dataclass
class Folder:
    shown: str
    name: str
    inside: dict[str, Place] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.shown

    def is_folder(self) -> bool:
        return True

    def entries(self) -> Iterator[Place]:
        return iter(self.inside.values())

    def read(self) -> bytes:
        raise UnreadableFile(f"{self} is a folder")

    def add(self, path: str, file: File) -> None:
        """Put a file in, and folders around it as its path has them; the first of a name stays. A
        part that leads elsewhere (`..`) is a name like others, and hidden."""
        *folders, name = path.replace("\\", "/").lstrip("/").split("/", LEVELS)
        folder = self
        for part in folders:
            folder = folder._within(part) if part not in {"", "."} else folder
        if name and name not in folder.inside:
            folder.inside[name] = file(folder._shown(name), name)

    def _within(self, name: str) -> Folder:
        """The folder of this name in this one, made if it is not there."""
        found = self.inside.get(name)
        if not isinstance(found, Folder):
            found = self.inside[name] = Folder(self._shown(name), name)
        return found

    def _shown(self, name: str) -> str:
        return f"{self}/{name}" if self.shown else name

    def files(self) -> Iterator[Place]:
        """Those that somebody put there, however deep."""
        for entry in self.entries():
            if not is_left_behind(entry.name):
                yield from entry.files() if isinstance(entry, Folder) else (entry,)


def unwrapped(root: Folder) -> Folder:
    """The folder of people, if there is one around all of them; tables beside it come along."""
    meant = [entry for entry in root.entries() if not is_left_behind(entry.name)]
    tables = {entry.name: entry for entry in meant if is_table(entry)}
    others = [entry for entry in meant if entry.name not in tables]
    match others:
        case [Folder() as around] if any(entry.is_folder() for entry in around.entries()):
            return Folder(around.shown, around.name, tables | around.inside)
    return root
