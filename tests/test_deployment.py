"""The files that other machines read. None of them can be run here, so they are read closely."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from recognition.management.commands.up import KEPT_BYTES
from tests.sites import ROOT, python

LISTS = ("requirements", "requirements-serving", "requirements-dev", "requirements-peers")


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
    base, serving, full = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[-3:]
    assert "python:3.11-slim AS base\n" in base
    assert "\nVOLUME /data\n" in base
    assert "--require-hashes -r requirements-serving.txt" in base
    assert "--require-hashes -r requirements.txt" in full
    assert "USER facesite\n" in serving
    assert "USER facesite\n" in full


def test_compose_builds_each_image_from_its_stage() -> None:
    services = load("compose.yaml")["services"]
    built = {
        name: (one["build"]["target"], one["image"])
        for name, one in services.items()
        if "build" in one
    }
    full, serving = ("full", "facesite"), ("serving", "facesite-serving")
    assert built == {"prepare": full, "web": serving, "worker": serving, "trainer": full}


def test_compose_follows_the_published_schema() -> None:
    """No engine is at hand; this is what one reads the file by."""
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked = python("-m", "check_jsonschema", *schema, "compose.yaml")
    assert checked.returncode == 0, checked.stdout


def test_memory_is_given_back_as_in_what_up_starts() -> None:
    kept = [f"MALLOC_{name}_THRESHOLD_={KEPT_BYTES}" for name in ("MMAP", "TRIM")]
    units = [f"deploy/systemd/facesite-{part}.service" for part in ("web", "worker")]
    for name in ("Dockerfile", *units):
        assert re.findall(r"MALLOC_\w+=\d+", (ROOT / name).read_text(encoding="utf-8")) == kept


def test_serving_installs_the_same_versions_and_no_training_library() -> None:
    serving, full = (pinned(name) for name in ("requirements-serving", "requirements"))
    assert serving.items() < full.items()
    trains = {"tensorflow-cpu", "tensorflow", "keras", "scipy", "scikit-learn", "matplotlib"}
    assert trains.isdisjoint(serving)
    assert trains <= set(full)


def pinned(name: str) -> dict[str, str]:
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,]+\])?==([^\s;]+)", text, re.M))


@pytest.mark.parametrize("name", LISTS)
def test_every_wanted_package_is_locked_with_hashes(name: str) -> None:
    """Whoever changes the short list runs `make lock`."""
    locked = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    pins = re.findall(
        r"^([a-z0-9.-]+)(?:\[[a-z0-9,]+\])?==\S+(?: ;.*)? \\\n    --hash=", locked, re.M
    )
    assert wanted(name) <= set(pins)
    assert len(pins) == len(re.findall(r"^[a-z]", locked, re.M))


def wanted(name: str) -> set[str]:
    lines = (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
    named = (re.match(r"[A-Za-z0-9.-]+", line) for line in lines if not line.startswith(("#", "-")))
    return {found[0].lower() for found in named if found}
