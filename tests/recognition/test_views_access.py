"""Who gets to what. `permissions.txt` says it of every address; one without a row fails here."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse

from recognition.models import (
    ApiToken,
    AuditEvent,
    Comparison,
    Consent,
    ConsentText,
    EnrolledFace,
    Enrolment,
    Event,
    Identification,
    Import,
    ImportFile,
    ModelVersion,
    Person,
    ProbeFace,
    Stranger,
    TrainingRun,
    Trial,
    User,
    WebhookSubscription,
)
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review import proposals
from recognition.services.site import tokens
from recognition.services.versions import registry
from recognition.services.webhooks import subscriptions
from tests.factories import agreed, make_user
from tests.recognition.fakes import SIZE, Face, StripeRecognizer, photo
from tests.recognition.matrix import NOT_MEANT, addresses, both, filled, table

Login = Callable[[User], Client]
ROLES = ("stranger", "nobody", "user", "reviewer", "operator", "auditor", "administrator")
OPERATORS_OWN = ("/trials/", "/photos/trial/", "/people/import/", "/photos/import/")
OTHER_METHODS = ("put", "patch", "delete", "trace")
KEPT = (
    User,
    Group,
    Person,
    EnrolledFace,
    Consent,
    ConsentText,
    Identification,
    ProbeFace,
    Stranger,
    ModelVersion,
    WebhookSubscription,
    Authenticator,
)
TABLES = [model._meta.db_table for model in KEPT]
COUNTS = ", ".join(f"(SELECT COUNT(*) FROM {table})" for table in TABLES)  # noqa: S608


class Site:
    """One person enrolled, and one photo of hers that `owner` has had identified."""

    def __init__(self, owner: User) -> None:
        self.owner, self.operator = owner, make_user("operator")
        self.administrator = make_user("user", is_superuser=True)
        self.enrolled, _ = enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")
        self.consent = agreed(self.enrolled.person).consents.get()
        submission = submit(owner, [SimpleUploadedFile("hers.png", photo(Face(1, shot=1)))])
        process(submission.accepted[0].pk)
        self.identification = Identification.objects.get()
        self.probe = ProbeFace.objects.get()
        self.stranger = Stranger.objects.create()
        self.enrolment = Enrolment.objects.create(person=self.enrolled.person)
        self.email = EmailAddress.objects.create(user=owner, email="owner@example.org")
        self._train()
        self._propose()
        self._bring_in()
        tokens.make(owner, "Door", ["read"], None, by=owner)
        self.token = ApiToken.objects.get()
        self.webhook, _ = subscriptions.add(owner, "http://door.example/", [Event.ANSWERED])
        self.delivery = subscriptions.try_out(self.webhook)
        self.comparison = Comparison(user=owner)
        for field in (self.comparison.first_photo, self.comparison.second_photo):
            field.save("", SimpleUploadedFile("one.jpg", photo(Face(1))))

    def _propose(self) -> None:
        """A reviewer would have a face of somebody else's photo enrolled."""
        upload = SimpleUploadedFile("bob.png", photo(Face(3)))
        row = submit(make_user("user"), [upload]).accepted[0]
        process(row.pk)
        reviewer = make_user("reviewer")
        self.proposal = proposals.propose(row.faces.get(), Person(name="Bob"), reviewer)

    def _bring_in(self) -> None:
        """An import of the operator, with a photo of which a face is to be chosen."""
        self.batch = Import.objects.create(requested_by=self.operator)
        self.file = ImportFile(batch=self.batch, path="Ada/two.png")
        self.file.preview.save("", SimpleUploadedFile("two.jpg", photo(Face(1))))

    def _train(self) -> None:
        """The version in service came of a training, and has a report and a way back."""
        before = ModelVersion.objects.create(name="before", digest="1" * 64, embedding_size=SIZE)
        self.version = ModelVersion.objects.get(name="stripes")
        ModelVersion.objects.filter(pk=self.version.pk).update(replaced=before)
        self.run = TrainingRun.objects.create(
            name="run", architecture="paper", version=self.version
        )
        trial = Trial(model_version=before, requested_by=self.operator)
        trial.photo.save("trial.png", SimpleUploadedFile("trial.png", photo(Face(1))))
        self.trial = trial
        report = registry.folder(self.version) / "report" / "report.html"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text("<!doctype html>")

    def is_whole(self) -> bool:
        """Nothing was added or removed."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {COUNTS}")
            counts: tuple[int, ...] = cursor.fetchone()
        self._counts = getattr(self, "_counts", counts)
        return counts == self._counts

    def whose(self, address: str) -> User:
        """Who owns what is there."""
        if address.startswith(OPERATORS_OWN):
            return self.operator
        return self.administrator if address.startswith("/admin/recognition/user/") else self.owner

    def path(self, address: str, *, own: bool = False) -> str:
        """The address of what the site has; `own` is of accounts the administrator's."""
        account = self.administrator if own else self.owner
        rows = {
            "account/emailaddress": self.email.pk,
            "recognition/user": account.pk,
            "auth/group": self.owner.groups.get().pk,
            "recognition/auditevent": AuditEvent.objects.latest("number").pk,
            "recognition/identification": self.identification.pk,
            "recognition/modelversion": self.version.pk,
            "recognition/trainingrun": self.run.pk,
            "recognition/person": self.enrolled.person_id,
            "recognition/enrolledface": self.enrolled.pk,
            "recognition/consent": self.consent.pk,
            "recognition/consenttext": self.consent.text_id,
        }
        values: dict[str, object] = {
            "object_id": next((key for name, key in rows.items() if f"/{name}/" in address), 1),
            "id": account.pk,
            "content_type_id": 1,
            "app_label": "recognition",
            "url": "nothing",
            "batch": self.identification.batch,
            "pk": self.enrolled.person_id,
            "number": 1,
            "token": "nothing",
            "uidb36": "1",
            "key": "nothing",
        }
        return filled(address, values | self._parts(address))

    def _parts(self, address: str) -> dict[str, object]:
        """Where the same word means something else."""
        places: dict[str, dict[str, object]] = {
            "/identifications": {"pk": self.identification.pk},
            "/heat": {"pk": self.probe.pk},
            "/api-tokens": {"pk": self.token.pk},
            "/strangers": {"pk": self.stranger.pk},
            "/trials": {"pk": self.trial.pk},
            "/people/import": {"pk": self.batch.pk, "key": self.file.pk},
            "/compare": {"pk": self.comparison.pk},
            "/photos/first": {"key": self.comparison.pk},
            "/photos/second": {"key": self.comparison.pk},
            "/photos/import": {"key": self.file.pk},
            "/webhooks": {"pk": self.webhook.pk},
            "/webhooks/deliveries": {"pk": self.delivery.pk},
            "/enrolled": {"pk": self.enrolled.pk},
            "/review": {"pk": self.probe.pk},
            "/faces": {"pk": self.probe.pk},
            "/people/proposed": {"pk": self.proposal.pk},
            "/samples": {"name": "known"},
            "/training": {"name": "run"},
            "/photos/identification": {"key": self.identification.pk},
            "/photos/trial": {"key": self.trial.pk},
            "/photos/probe": {"key": self.probe.pk},
            "/photos/enrolled": {"key": self.enrolled.pk},
            "/models/<slug:name>": {"name": "stripes"},
            "/models/<slug:name>/promote": {"name": "before"},
            "/models/<slug:name>/retrain": {"name": "before"},
            "/models/<slug:name>/try": {"name": "before"},
        }
        while address and address not in places:
            address = address.rpartition("/")[0]
        return places.get(address, {})


@pytest.fixture
def site(user: User, recognizer: StripeRecognizer) -> Site:
    return Site(user)


def ask(browser: Client, method: str, path: str) -> HttpResponse:
    """Ask, and take back whatever that has done."""
    cache.clear()
    with transaction.atomic():
        response: HttpResponse = getattr(browser, method)(path)
        transaction.set_rollback(True)
    return response


def said(response: HttpResponse) -> str:
    """As the table says it."""
    if response.status_code != 302:
        return str(response.status_code)
    asks = response.headers["Location"].startswith(("/accounts/login/", "/admin/login/"))
    return "login" if asks else "302"


def as_role(role: str, login: Login, site: Site) -> Client:
    match role:
        case "stranger":
            return Client()
        case "nobody":
            nobody = make_user()
            nobody.groups.clear()
            return login(nobody)
        case "administrator":
            return login(site.administrator)
    return login(make_user(role))


def test_every_address_has_its_row() -> None:
    """Those of the API have a table of their own, by operation."""
    pages = {one for one in addresses(get_resolver().url_patterns) if not one.startswith("/api/")}
    assert pages == set(table())


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says(role: str, site: Site, login: Login) -> None:
    browser, differ = as_role(role, login, site), []
    session = browser.cookies.copy()
    for address, row in table().items():
        for method, expected in zip(("get", "post"), both(row[role]), strict=True):
            browser.cookies = session.copy()  # type: ignore[assignment]
            answered = said(ask(browser, method, site.path(address)))
            if answered != expected:
                differ.append(f"{method} {address}: {answered} and not {expected}")
    assert differ == []


def test_whose_something_is_gets_what_the_table_says(site: Site, login: Login) -> None:
    differ = []
    for address, row in table().items():
        if row["owner"] == NOT_MEANT:
            continue
        for method, expected in zip(("get", "post"), both(row["owner"]), strict=True):
            browser = login(site.whose(address))
            answered = said(ask(browser, method, site.path(address, own=True)))
            if answered != expected:
                differ.append(f"{method} {address}: {answered} and not {expected}")
    assert differ == []


@pytest.mark.parametrize("role", ["stranger", "user", "administrator"])
def test_other_methods_tell_no_more_and_change_nothing(role: str, site: Site, login: Login) -> None:
    browser, differ = as_role(role, login, site), []
    for address, row in table().items():
        path = site.path(address)
        if said(ask(browser, "head", path)) != both(row[role])[0]:
            differ.append(f"head {address}")
        for method in OTHER_METHODS:
            with transaction.atomic():
                answered = said(getattr(browser, method)(path))
                if answered not in {*both(row[role]), "405"} or not site.is_whole():
                    differ.append(f"{method} {address}: {answered}")
                transaction.set_rollback(True)
    assert differ == []


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
    evidence = reverse("photo", args=("enrolled", site.enrolled.pk))
    assert login(stranger).get(evidence).status_code == 404


def test_nothing_is_under_a_public_media_address(
    site: Site, login: Login, version: ModelVersion
) -> None:
    for name in (site.identification.photo.name, site.probe.crop.name):
        for prefix in ("/", "/media/", "/static/"):
            assert login(site.owner).get(f"{prefix}{name}").status_code == 404
