"""Photos to try the site with: rendered people who do not exist, from the demo folder."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FOLDER = Path(settings.BASE_DIR) / "demo" / "photos"
FILES = {
    "known": "people/Mei_Tanaka/4.jpg",
    "stranger": "strangers/4.jpg",
    "group": "groups/1.jpg",
}
LABELS = {
    "known": _("Somebody enrolled"),
    "stranger": _("A stranger"),
    "group": _("A group"),
}


def available() -> list[tuple[str, str | Promise]]:
    """Name and label of each sample that this installation has."""
    return [(name, label) for name, label in LABELS.items() if path(name)]


def path(name: str) -> Path | None:
    file = FOLDER / FILES[name] if name in FILES else None
    return file if file and file.is_file() else None


def as_upload(file: Path, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{name}.jpg", file.read_bytes(), "image/jpeg")
