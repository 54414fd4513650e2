"""A place where only what answers photos is installed says so, and what to do."""

from __future__ import annotations

import pytest

from ml import installed
from ml.installed import NotInstalled, require_everything
from ml.processor import require_tensorflow


def test_what_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda name: None if name == "scipy" else name)
    for required in (require_everything, require_tensorflow):
        with pytest.raises(NotInstalled, match=r"without scipy\. .* run make install"):
            required()


def test_nothing_is_missing_where_everything_is_installed() -> None:
    require_everything()
