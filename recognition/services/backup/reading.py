"""Reading an archive that may be damaged, cut short, or made by somebody who means harm."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from recognition.services.backup import archive
from recognition.services.backup.about import ABOUT, FORMAT, About
from recognition.services.backup.archive import SUMS, SUMS_SUM, Advance
from recognition.services.backup.refusals import BackupRefused

_OURS: Final = re.compile(
    r"about\.json|rows/[\w.]+\.jsonl|(media|models)/[^\\\x00]+|SHA256SUMS(\.sha256)?"
)


@dataclass(frozen=True)
class Archive:
    """An archive of which every byte is as it was written. `digest` tells it from any other."""

    about: About
    digest: str
    _tar: tarfile.TarFile
    _members: dict[str, tarfile.TarInfo]

    def open(self, name: str) -> IO[bytes]:
        """Raises `BackupRefused` if there is no such file in it."""
        return _opened(self._tar, self._members, name)

    def below(self, folder: str) -> list[str]:
        """The names of the files in one of its folders."""
        return [name for name in self._members if name.startswith(f"{folder}/")]


@contextmanager
def opened(file: Path, advance: Advance) -> Iterator[Archive]:
    """Look at all of an archive before anything is done with it.

    Raises:
        BackupRefused: it is none, or not as it was written, or would write where it must not.
        OSError: it cannot be read.
    """
    with _tar(file) as tar:
        try:
            found = _checked(tar, advance)
        except tarfile.TarError as error:
            raise BackupRefused("cut_short") from error
        yield found


def _tar(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:")
    except tarfile.TarError as error:
        raise BackupRefused("no_archive", file=file) from error


def _checked(tar: tarfile.TarFile, advance: Advance) -> Archive:
    members = _members(tar)
    if [*members][-2:] != [SUMS, SUMS_SUM]:
        raise BackupRefused("cut_short")
    sums = archive.parse(_text(tar, members, SUMS))
    digest = archive.digest(sums)
    if archive.parse(_text(tar, members, SUMS_SUM)) != {SUMS: digest}:
        raise BackupRefused("damaged", name=SUMS)
    if [*sums] != [*members][:-2]:
        raise BackupRefused("damaged", name=SUMS)
    for name, sha256 in sums.items():
        if archive.sum_of(tar, members[name], advance) != sha256:
            raise BackupRefused("damaged", name=name)
    return Archive(_about(_text(tar, members, ABOUT)), digest, tar, members)


def _members(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Nothing but files, each once, and none that would come to lie anywhere else."""
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if member.type != tarfile.REGTYPE or member.name in members or not _is_safe(member.name):
            raise BackupRefused("unsafe", name=member.name)
        members[member.name] = member
    return members


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(_OURS.fullmatch(name)) and ".." not in path.parts and str(path) == name


def _about(text: str) -> About:
    try:
        about = About.of(text)
    except (ValueError, TypeError, KeyError) as error:
        raise BackupRefused("unknown_format") from error
    if about.format != FORMAT:
        raise BackupRefused("unknown_format")
    return about


def _text(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> str:
    return _opened(tar, members, name).read().decode(errors="replace")


def _opened(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> IO[bytes]:
    file = tar.extractfile(members[name]) if name in members else None
    if file is None:
        raise BackupRefused("damaged", name=name)
    return file
