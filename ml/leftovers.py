"""What file managers, archives and network storage leave behind in folders of people and photos."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_LEFT_BEHIND: Final = frozenset(
    {
        "__macosx",  # archives of macOS
        "icon\r",
        "network trash folder",
        "temporary items",
        "$recycle.bin",  # Windows
        "recycler",
        "system volume information",
        "found.000",
        "desktop.ini",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "lost+found",  # Linux
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "picasa.ini",
    }
)
"""In lower case. What is hidden (.DS_Store, .Trash-1000, ._photo.jpg, .thumbnails) need not be
named."""


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name was put there by a system rather than by somebody."""
    return name.startswith((".", "~$")) or name.casefold() in _LEFT_BEHIND


def meant(folder: Path) -> list[Path]:
    """What somebody put into a folder, by name. Raises `OSError`."""
    return sorted(path for path in folder.iterdir() if not is_left_behind(path.name))
