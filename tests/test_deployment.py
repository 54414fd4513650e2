"""The files that other machines read. None of them can be run here, so they are read closely."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.sites import ROOT


def load(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))


def test_amvera_starts_the_site_in_its_python_environment() -> None:
    assert load("amvera.yml") == {
        "meta": {"environment": "python", "toolchain": {"name": "pip", "version": "3.11"}},
        "build": {"requirementsPath": "requirements.txt"},
        "run": {
            "command": "python manage.py up",
            "persistenceMount": "/data",
            "containerPort": 8000,
        },
    }


def test_compose_starts_every_part_on_its_own() -> None:
    services = load("compose.yaml")["services"]
    assert set(services) == {"prepare", "web", "worker", "trainer", "redis", "postgres"}
    for name in ("web", "worker", "trainer"):
        waits_for = services[name]["depends_on"]
        assert waits_for["prepare"] == {"condition": "service_completed_successfully"}
        assert waits_for["redis"] == {"condition": "service_healthy"}
    assert all("healthcheck" in service for name, service in services.items() if name != "prepare")
    assert services["web"]["healthcheck"]["test"][-1].count("/healthz") == 1
    for name in ("worker", "trainer"):  # one that is dead must not be taken for the other
        assert services[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "facesite.pulse"]


@pytest.mark.parametrize("name", ["web", "worker", "trainer", "prepare"])
def test_compose_sets_only_what_the_settings_read(name: str) -> None:
    settings = (ROOT / "facesite" / "settings.py").read_text(encoding="utf-8")
    for variable in load("compose.yaml")["services"][name]["environment"]:
        assert f'"{variable}"' in settings


def test_the_image_runs_as_nobody_special_with_checked_packages() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.startswith("FROM python:3.11-slim\n")
    assert "--require-hashes -r requirements.txt" in dockerfile
    assert "\nUSER facesite\n" in dockerfile
    assert "\nVOLUME /data\n" in dockerfile


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-peers"])
def test_every_wanted_package_is_locked_with_hashes(name: str) -> None:
    """Whoever changes the short list runs `make lock`."""
    locked = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==\S+(?: ;.*)? \\\n    --hash=", locked, re.M)
    assert wanted(name) <= set(pins)
    assert len(pins) == len(re.findall(r"^[a-z]", locked, re.M))


def wanted(name: str) -> set[str]:
    lines = (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
    named = (re.match(r"[A-Za-z0-9.-]+", line) for line in lines if not line.startswith(("#", "-")))
    return {found[0].lower() for found in named if found}
