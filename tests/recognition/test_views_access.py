"""Who gets to which page. A new route has to be listed here before the tests pass again."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from recognition.models import (
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    TrainingRun,
    Trial,
    User,
)
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.versions import registry
from recognition.urls import urlpatterns
from tests.factories import make_user
from tests.recognition.fakes import SIZE, Face, StripeRecognizer, photo

EVERYBODY = ("user", "reviewer", "operator")
STAFF = ("reviewer", "operator")
OPERATORS = ("operator",)
OWNER, OWNER_OR_REVIEWER = "owner", "owner or reviewer"

GETS = {
    "upload": EVERYBODY,
    "sample_photo": EVERYBODY,
    "history": EVERYBODY,
    "batch": OWNER,
    "identification": OWNER_OR_REVIEWER,
    "people": OPERATORS,
    "person": OPERATORS,
    "person_add": OPERATORS,
    "person_edit": OPERATORS,
    "person_remove": OPERATORS,
    "face_remove": OPERATORS,
    "training": OPERATORS,
    "training_run": OPERATORS,
    "model_versions": OPERATORS,
    "model_version": OPERATORS,
    "model_report": OPERATORS,
    "model_promote": OPERATORS,
    "model_rollback": OPERATORS,
    "invite": OPERATORS,
    "status": STAFF,
}
POSTS = {
    "sample": EVERYBODY,
    "person_enrol": OPERATORS,
    "training_stop": OPERATORS,
    "training_resume": OPERATORS,
    "model_promote_cancel": OPERATORS,
    "model_retrain": OPERATORS,
    "model_try": OPERATORS,
}
STRANGERS = ("invitation", "account_reset_password")  # see test_invitations, test_accounts
THEIR_OPERATORS = ("trial",)  # see test_views_model_versions
PHOTOS = {
    "identification": OWNER_OR_REVIEWER,
    "probe": OWNER_OR_REVIEWER,
    "enrolled": "owner, reviewer or operator",
}
LISTED = {*GETS, *POSTS, *STRANGERS, *THEIR_OPERATORS, "photo"}

Login = Callable[[User], Client]


class Site:
    """One person enrolled, and one photo of hers that `owner` has had identified."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.enrolled, _ = enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
        submission = submit(owner, [SimpleUploadedFile("hers.png", photo(Face(1, shot=1)))])
        process(submission.accepted[0].pk)
        self.identification = Identification.objects.get()
        self.probe = ProbeFace.objects.get()
        self._train()

    def _train(self) -> None:
        """The version in service came of a training, and has a report and a way back."""
        before = ModelVersion.objects.create(name="before", digest="1" * 64, embedding_size=SIZE)
        self.version = ModelVersion.objects.get(name="stripes")
        ModelVersion.objects.filter(pk=self.version.pk).update(replaced=before)
        TrainingRun.objects.create(name="run", architecture="paper", version=self.version)
        asker = make_user("operator")
        self.trial = Trial.objects.create(model_version=before, requested_by=asker)
        report = registry.folder(self.version) / "report" / "report.html"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text("<!doctype html>")

    def path(self, route: str) -> str:
        arguments: dict[str, UUID | int | str] = {
            "batch": self.identification.batch,
            "identification": self.identification.pk,
            "sample": "known",
            "sample_photo": "known",
            "person": self.enrolled.person_id,
            "person_edit": self.enrolled.person_id,
            "person_remove": self.enrolled.person_id,
            "person_enrol": self.enrolled.person_id,
            "face_remove": self.enrolled.pk,
            **dict.fromkeys(("training_run", "training_stop", "training_resume"), "run"),
            **dict.fromkeys(("model_version", "model_report", "model_rollback"), "stripes"),
            **dict.fromkeys(("model_promote", "model_promote_cancel"), "before"),
            **dict.fromkeys(("model_retrain", "model_try"), "before"),
            "trial": self.trial.pk,
        }
        return reverse(route, args=[arguments[route]] if route in arguments else [])

    def photo(self, kind: str) -> str:
        keys: dict[str, UUID | int] = {
            "identification": self.identification.pk,
            "probe": self.probe.pk,
            "enrolled": self.enrolled.pk,
        }
        return reverse("photo", args=(kind, keys[kind]))


@pytest.fixture
def site(user: User, recognizer: StripeRecognizer) -> Site:
    return Site(user)


def test_every_route_is_listed_above() -> None:
    assert {route.name for route in urlpatterns} == LISTED


@pytest.mark.parametrize("route", [*GETS, *POSTS, *THEIR_OPERATORS])
def test_a_stranger_is_sent_to_the_log_in_page(site: Site, client: Client, route: str) -> None:
    path = site.path(route)
    for response in (client.get(path), client.post(path)):
        assert response.status_code == 302
        assert response.headers["Location"] == f"{reverse('account_login')}?next={path}"


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_stranger_gets_no_photo(site: Site, client: Client, kind: str) -> None:
    assert client.get(site.photo(kind)).status_code == 302


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("route", GETS)
def test_pages_open_for_whom_they_are_meant(
    site: Site, login: Login, route: str, role: str
) -> None:
    status = login(make_user(role)).get(site.path(route)).status_code
    match GETS[route]:
        case "owner":
            assert status == 404
            assert login(site.owner).get(site.path(route)).status_code == 200
        case "owner or reviewer":
            assert status == (200 if role == "reviewer" else 404)
            assert login(site.owner).get(site.path(route)).status_code == 200
        case roles:
            assert status == (200 if role in roles else 403)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("route", [route for route in GETS if GETS[route] == OPERATORS] + [*POSTS])
def test_nobody_posts_with_the_wrong_role(site: Site, login: Login, route: str, role: str) -> None:
    roles = POSTS.get(route, OPERATORS)
    response = login(make_user(role)).post(site.path(route))
    assert (response.status_code == 403) == (role not in roles)
    if role not in roles:
        assert EnrolledFace.objects.count() == 1


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("route", THEIR_OPERATORS)
def test_what_one_operator_asked_is_not_shown_to_others(
    site: Site, login: Login, route: str, role: str
) -> None:
    status = login(make_user(role)).get(site.path(route)).status_code
    assert status == (404 if role == "operator" else 403)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("kind", PHOTOS)
def test_photos_are_served_to_whom_they_are_meant(
    site: Site, login: Login, kind: str, role: str
) -> None:
    status = login(make_user(role)).get(site.photo(kind)).status_code
    assert status == (200 if role in PHOTOS[kind] else 404)
    assert login(site.owner).get(site.photo(kind)).status_code == 200


def test_an_account_without_a_role_may_not_upload(site: Site, login: Login) -> None:
    nobody = make_user()
    nobody.groups.clear()
    assert login(nobody).get(reverse("upload")).status_code == 403
    assert login(nobody).post(reverse("upload")).status_code == 403


def test_what_does_not_exist_is_not_found(user: User, login: Login) -> None:
    client = login(user)
    for path in (
        reverse("batch", args=(uuid4(),)),
        reverse("identification", args=(uuid4(),)),
        reverse("sample_photo", args=("nothing",)),
        reverse("photo", args=("identification", uuid4())),
        reverse("photo", args=("identification", 1)),
        reverse("photo", args=("probe", uuid4())),
        reverse("photo", args=("enrolled", 999)),
        reverse("photo", args=("trial", uuid4())),
        reverse("photo", args=("originals", 1)),
    ):
        assert client.get(path).status_code == 404, path


def test_a_portrait_is_shown_only_to_whom_it_is_evidence(
    site: Site, stranger: User, login: Login
) -> None:
    """The other photos of the same person stay private."""
    other, _ = enrol_photo(site.enrolled.person, photo(Face(9)), "other.png")
    assert login(site.owner).get(reverse("photo", args=("enrolled", other.pk))).status_code == 404
    assert login(stranger).get(site.photo("enrolled")).status_code == 404


def test_nothing_is_under_a_public_media_address(
    site: Site, login: Login, version: ModelVersion
) -> None:
    for name in (site.identification.photo.name, site.probe.crop.name):
        for prefix in ("/", "/media/", "/static/"):
            assert login(site.owner).get(f"{prefix}{name}").status_code == 404
