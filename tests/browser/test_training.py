"""Operators follow a training, put what came of it into service and take it back."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ml import artifact
from ml.versions import default
from tests.browser.conftest import Visit
from tests.browser.screenshots import DEMO
from tests.browser.test_site import overflow
from tests.recognition.rows import GATE, METRICS, epochs, step
from tests.sites import Site

pytestmark = pytest.mark.browser

MEI = DEMO / "people" / "Mei_Tanaka" / "4.jpg"
CANDIDATE = "sface-twin"
STAGES = [{"epochs": 2}, {"epochs": 2}]
REPORT = "<!doctype html><title>Report</title><style>p { color: teal }</style><p>Measured</p>"


def tell(site: Site, name: str, **fields: Any) -> None:
    """What a training process writes into its row."""
    call = f"now = timezone.now(); values = {fields!r} | dict(heartbeat_at=now, claimed_at=now)"
    rows = f"TrainingRun.objects.update_or_create(name={name!r}, defaults=values)"
    site.manage("shell", "-v0", "-c", f"{IMPORTS}; {call}; {rows}")


IMPORTS = "from django.utils import timezone; from recognition.models import *"


@pytest.fixture(scope="module")
def candidate(site: Site) -> str:
    """The packaged network once more, as another version of it."""
    folder = site.data_dir / "models" / CANDIDATE
    shutil.copytree(folder.with_name(default.VERSION), folder)
    (folder / "report").mkdir(exist_ok=True)
    (folder / "report" / "report.html").write_text(REPORT)
    manifest = artifact.read_manifest(folder)
    (folder / artifact.MANIFEST).unlink()
    digest = artifact.seal(folder, manifest).digest
    values = {"architecture": "sface", "digest": digest, "embedding_size": 128, "size": 3 * 10**7}
    made = f"ModelVersion.objects.create(name={CANDIDATE!r}, **{values | told()!r})"
    site.manage("shell", "-v0", "-c", f"{IMPORTS}; {made}")
    return CANDIDATE


def told() -> dict[str, Any]:
    return {"metrics": METRICS, "gate": GATE}


def test_a_training_is_followed_to_its_end_without_loading_the_page_again(
    site: Site, visit: Visit
) -> None:
    known = {
        "architecture": "paper",
        "arguments": {"data": ["faces"], "recipe": {"stages": STAGES}},
    }
    tell(site, "paper-1", status="running", phase="crops", phase_total=100, **known)
    page = visit("operator")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto("/training/paper-1/")
    expect(page.locator(".steps .now")).to_contain_text("Finding and aligning the faces")
    expect(page.locator(".chart")).to_have_count(0)
    tell(site, "paper-1", phase="training", progress=step(2, 50), history=epochs(1))
    expect(page.locator(".chart")).to_have_count(2)
    expect(page.locator(".numbers")).to_contain_text("2 of 4")
    tell(site, "paper-1", status="done", history=epochs(4))
    expect(page.locator("[hx-get]")).to_have_count(0, timeout=10_000)
    expect(page.locator(".loss .chart-best")).to_have_count(2)
    page.get_by_text("All epochs in figures").click()
    expect(page.locator(".epochs tbody tr")).to_have_count(4)
    assert len(loads) == 1


def test_what_a_reader_has_opened_stays_open_while_the_page_follows(
    site: Site, visit: Visit
) -> None:
    known = {
        "architecture": "paper",
        "arguments": {"data": ["faces"], "recipe": {"stages": STAGES}},
    }
    skipped = [{"path": "Ann/1.jpg", "reason": "no_face"}]
    at_work = {"status": "running", "phase": "training", "history": epochs(1), "skipped": skipped}
    tell(site, "paper-2", progress=step(2, 10), **at_work, **known)
    page = visit("operator")
    page.goto("/training/paper-2/")
    page.get_by_text("What it does not train on").click()
    tell(site, "paper-2", progress=step(2, 60))
    expect(page.locator(".charts .loss .chart-end.training")).to_have_attribute("cx", "40.00%")
    expect(page.get_by_text("Ann/1.jpg")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".state").first).to_have_text("Stopping")
    tell(site, "paper-2", status="failed", error_code="stopped")
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=10_000)


def test_a_candidate_is_tried_put_into_service_and_taken_back(visit: Visit, candidate: str) -> None:
    page = visit("operator")
    page.goto("/models/")
    page.get_by_role("link", name=candidate).click()
    page.set_input_files("input[type=file]", [MEI])
    page.get_by_role("button", name="Compare the answers").click()
    expect(page.locator(".compared-face")).to_have_count(1, timeout=60_000)
    expect(page.locator(".side-name")).to_have_text(["Mei Tanaka", "Mei Tanaka"])
    expect(page.locator("main")).to_contain_text("The same answer")
    page.get_by_role("link", name=candidate).first.click()
    page.get_by_role("link", name="Put into service").click()
    page.fill("[name=reason]", "It was tried on a photo")  # it did not pass the gate
    page.get_by_role("button", name="Put into service").click()
    in_service(page, candidate)
    page.get_by_role("link", name="Roll back").click()
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".message")).to_contain_text(f"{default.VERSION} is in service again.")
    in_service(page, default.VERSION)


def in_service(page: Page, name: str) -> None:
    """The page finds out by itself."""
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator(".state.active")).to_have_text("In service", timeout=60_000)


def test_the_report_opens_as_a_page_of_its_own(visit: Visit, candidate: str) -> None:
    page = visit("operator")
    page.goto(f"/models/{candidate}/")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Full report").click()
    expect(opened.value.locator("p")).to_have_css("color", "rgb(0, 128, 128)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_page_is_wider_than_a_phone(
    site: Site, visit: Visit, candidate: str, language: str, scheme: Any
) -> None:
    known = {
        "architecture": "paper",
        "arguments": {"data": ["faces"], "recipe": {"stages": STAGES}},
    }
    tell(site, "paper-3", status="failed", phase="training", history=epochs(2), **known)
    page = visit("operator", width=390, language=language)
    page.emulate_media(color_scheme=scheme)
    for path in (
        "/training/",
        "/training/paper-3/",
        "/models/",
        f"/models/{candidate}/",
        f"/models/{candidate}/promote/",
        "/admin/recognition/modelversion/",
        "/admin/recognition/trainingrun/",
    ):
        page.goto(path)
        assert overflow(page) <= 0, path
