"""Ten minutes of faults on a real site under load. `make soak` goes on for as long as one likes."""

from __future__ import annotations

import pytest

from tests.sites import python


@pytest.mark.long
def test_ten_minutes_of_faults_lose_nothing() -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    soak = python("-m", "tests.soak", "--minutes", "10", **settings)
    print(soak.stdout)
    assert soak.returncode == 0, soak.stdout[-5000:] + soak.stderr[-5000:]
