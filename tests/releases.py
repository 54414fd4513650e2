"""The release before this code: its processes may still run while those of this code start."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from tests.sites import ROOT

BEFORE_ANY: Final = "f5595417dc4d288c234bc3165607cfce80deb899"
"""The commit that counts as the last release as long as none has a tag."""
LAST_MIGRATION: Final = "0034_webhooks"
"""The last of `recognition` that it has. It changes with every release: see docs/releasing.md."""


def last() -> str:
    """The newest release before the commit at hand, by its tag."""
    tags = _git("tag", "--list", "v*", "--merged", "HEAD^", "--sort=-version:refname")
    return tags.decode().partition("\n")[0] or BEFORE_ANY


def unpack(release: str, folder: Path) -> Path:
    """The files of a release in a folder of their own."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", release))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("needs the history of the last release: git fetch --unshallow --tags")
    return done.stdout
