"""Deleting photos, taking along what is one's own, leaving, and erasing somebody, in a browser."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, log_in
from tests.browser.screenshots import DEMO
from tests.browser.test_site import MEI, STRANGER, answered, overflow, upload
from tests.factories import PASSWORD
from tests.sites import Site, wait_for

pytestmark = pytest.mark.browser

SOMEBODY = DEMO / "strangers" / "6.jpg"
LONG_AGO = """
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as key
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from recognition.models import User
boss = str(User.objects.get(username="boss").pk)
for row in Session.objects.all():
    session = SessionStore(row.session_key)
    if session.get("_auth_user_id") != boss:
        continue
    session[key] = [{**record, "at": record["at"] - 3600} for record in session.get(key, [])]
    session.save()
"""


@pytest.fixture
def leaver(site: Site, visit: Visit) -> Page:
    """Somebody with an account of their own, who is logged in on a phone."""
    site.make_user("leaver", "user")
    page = visit(width=390)
    log_in(page, "leaver")
    return page


def test_who_leaves_takes_everything_along_and_leaves_nothing(leaver: Page, tmp_path: Path) -> None:
    page = leaver
    for photo in (MEI, STRANGER):
        upload(page, photo)
        answered(page)
    page.get_by_role("link", name="History").click()
    page.get_by_role("checkbox", name="Choose 4.jpg").first.check()  # the stranger's, asked last
    page.get_by_role("button", name="Delete the chosen photos").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".message")).to_have_text("1 photo was deleted.")

    page.goto("/my-data/")
    assert overflow(page) <= 0
    with page.expect_download() as started:
        page.get_by_role("link", name="Download everything").click()
    started.value.save_as(tmp_path / "mine.zip")
    with ZipFile(tmp_path / "mine.zip") as archive:
        assert archive.testzip() is None
        pictures = [name for name in archive.namelist() if name.endswith("/photo.jpg")]
        assert len(pictures) == 1

    page.get_by_role("link", name="Delete my account").click()
    expect(page.locator("main")).to_contain_text("1 photo that you asked about")
    assert overflow(page) <= 0
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".message")).to_contain_text("Your account and everything in it were")
    page.fill("[name=login]", "leaver")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.primary")
    expect(page.locator("[name=password]")).to_be_visible()


def test_an_operator_says_who_they_are_before_somebody_is_erased(
    site: Site, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "Pat_Leaving").mkdir()
    (tmp_path / "Pat_Leaving" / "pat.jpg").write_bytes(SOMEBODY.read_bytes())
    site.manage("enrol", str(tmp_path))
    site.make_user("boss", "user", "operator")
    page = visit()
    log_in(page, "boss")
    page.goto("/people/?q=Pat")
    page.get_by_role("link", name="Pat Leaving").click()
    site.manage("shell", "-v0", "-c", LONG_AGO)
    page.get_by_role("link", name="Remove", exact=True).first.click()
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.primary")
    expect(page.locator("h1")).to_have_text("Remove Pat Leaving?")
    page.get_by_role("button", name="Remove for good").click()
    expect(page.locator(".message")).to_contain_text("Pat Leaving was removed.")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the erasure report").click()
    started.value.save_as(tmp_path / "report.json")
    wait_for(lambda: not owed(site))
    report = str(tmp_path / "report.json")
    told = site.manage("verify_erasure", report, "--search", "Pat_Leaving")
    assert "Nothing of the person is there." in told


def owed(site: Site) -> bool:
    """Whether the database is still to be written anew."""
    code = "from recognition.services.privacy import scrubbing; print(scrubbing.owed())"
    return site.manage("shell", "-v0", "-c", code).strip() != "0"
