"""The site as a Russian reader meets it: no English word is left over in any page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import deactivate, ngettext, override
from pytest_django import Settings

from facesite.catalogues import compile_stale
from recognition.models import (
    Identification,
    ModelVersion,
    Person,
    TrainedPerson,
    TrainingRun,
    Trial,
    User,
)
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.rows import GATE, METRICS, epochs, step
from tests.sites import wait_for
from tests.visible import PROPER, latin_words

ADMIN = "/admin/recognition"
# What people have called things, what is typed into a terminal, and what stands on a key.
GIVEN = re.compile(r"\b\w+\.png\b|\bstripes\b|\bpaper-\d\b|\bEnter\b")
PAGES = {
    "log-in": ("", "/accounts/login/"),
    "sign-up": ("", "/accounts/signup/"),
    "forgotten password": ("", "/accounts/password/reset/"),
    "new password": ("user", "/accounts/password/change/"),
    "second factor": ("user", "/accounts/2fa/"),
    "setting up a second factor": ("user", "/accounts/2fa/totp/activate/"),
    "sessions": ("user", "/accounts/sessions/"),
    "upload": ("user", "/"),
    "history": ("user", "/history/"),
    "answer": ("user", "answer"),
    "no such page": ("user", "/nowhere/"),
    "not allowed": ("user", "/people/"),
    "people": ("operator", "/people/"),
    "person": ("operator", "person"),
    "new person": ("operator", "/people/add/"),
    "more photos": ("operator", "/people/more-photos/"),
    "removal": ("operator", "removal"),
    "status": ("operator", "/status/"),
    "strangers": ("operator", "/strangers/"),
    "trainings": ("operator", "/training/"),
    "training": ("operator", "/training/paper-1/"),
    "waiting training": ("operator", "/training/paper-2/"),
    "failed training": ("operator", "/training/paper-3/"),
    "versions": ("operator", "/models/"),
    "version": ("operator", "/models/paper-0/"),
    "promotion": ("operator", "/models/paper-0/promote/"),
    "trial": ("operator", "trial"),
    "list of trainings": ("operator", f"{ADMIN}/trainingrun/"),
    "overview": ("reviewer", "/admin/"),
    "review": ("reviewer", "/review/"),
    "review of many": ("reviewer", "/review/grid/"),
    "reviewed face": ("reviewer", "reviewed"),
    "reviewed answer": ("reviewer", "answered"),
    **{
        f"list of {name}": ("reviewer", f"{ADMIN}/{name}/")
        for name in ("identification", "person", "enrolledface", "modelversion", "auditevent")
    },
    "chain of the audit log": ("auditor", f"{ADMIN}/auditevent/verify/"),
    "list of users": ("superuser", f"{ADMIN}/user/"),
    "new user": ("superuser", f"{ADMIN}/user/add/"),
    "deleting a user": ("superuser", "deletion"),
    "list of roles": ("superuser", "/admin/auth/group/"),
    "email address": ("user", "/accounts/email/"),
}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    compile_stale()


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A request leaves its language to the thread, and so to the next test."""
    yield
    deactivate()


@pytest.fixture
def anna(recognizer: StripeRecognizer) -> Person:
    person = enrol_photo(Person(name="Анна"), photo(Face(1)), "1.png")[0].person
    enrol_photo(Person(name="Борис"), photo(Face(2)), "2.png")
    return person


@pytest.fixture
def row(anna: Person) -> Identification:
    """A photo of five that is cut short, one face reviewed, and a second photo that waits."""
    asked_by = make_user("user", username="петя")
    faces = (
        *(Face(1, shot=9), Face(7), Face(2, shot=9, quality=0.4)),
        *(Face(1, shot=9), Face(8, quality=0.2)),
    )
    upload = SimpleUploadedFile("3.png", photo(*faces))
    row = submit(asked_by, [upload]).accepted[0]
    process(row.pk)
    Identification.objects.filter(pk=row.pk).update(cut_short=True)
    submit(asked_by, [SimpleUploadedFile("4.png", photo(Face(3)))])
    face = row.faces.get(index=0)
    review(face, make_user("reviewer", username="рита"), "right")
    train()
    return Identification.objects.get(pk=row.pk)


def train() -> None:
    """Trainings in every state, and what came of one."""
    made = ModelVersion.objects.create(
        name="paper-0", digest="1" * 64, embedding_size=128, metrics=METRICS, gate=GATE, size=2**24
    )
    TrainedPerson.objects.create(model_version=made, person_id=0, erased_at=timezone.now())
    asked_by = make_user("operator", username="ольга")
    states = {"done": made, "running": None, "queued": None, "failed": None}
    for number, (status, version) in enumerate(states.items()):
        TrainingRun.objects.create(
            name=f"paper-{number}",
            architecture="paper",
            status=status,
            version=version,
            requested_by=asked_by,
            arguments={
                "from_site": True,
                "minimum": 5,
                "recipe": {"stages": [{"epochs": 2}, {"epochs": 2}]},
            },
            phase="training",
            progress=step(3, 50),
            history=epochs(2),
            skipped=[
                {"person": "1", "photos": 2, "reason": "too_few_photos"},
                {"path": "1.png", "reason": "no_face"},
            ],
            message="Stopped.",
            error_code="disk_full" if status == "failed" else "",
            heartbeat_at=timezone.now(),
        )
    person = Person.objects.get(name="Анна").pk
    answers = {"stripes": [answer("match", person)], "paper-0": [answer("unknown", person + 99)]}
    Trial.objects.create(
        model_version=made,
        requested_by=asked_by,
        filename="5.png",
        status="done",
        width=90,
        height=90,
        answers=answers,
    )


def answer(decision: str, person: int) -> dict[str, object]:
    nearest = [{"person": person, "similarity": 0.7, "probability": 0.99}]
    return {"box": [1, 2, 30, 30], "decision": decision, "candidates": nearest}


@pytest.mark.parametrize("page", PAGES)
def test_no_english_is_left(
    page: str, row: Identification, anna: Person, login: Callable[[User], Client]
) -> None:
    role, path = PAGES[page]
    path = {
        "answer": reverse("identification", args=(row.pk,)),
        "person": reverse("person", args=(anna.pk,)),
        "removal": reverse("person_remove", args=(anna.pk,)),
        "trial": reverse("trial", args=(Trial.objects.get().pk,)),
        "deletion": reverse("admin:recognition_user_delete", args=(row.user.pk,)),
        "answered": reverse("admin:recognition_identification_change", args=(row.pk,)),
        "reviewed": reverse("review_face", args=(row.faces.get(index=0).pk,)),
    }.get(path, path)
    visitor = Client() if role == "" else login(visitors(role, row))
    visitor.cookies["django_language"] = "ru"
    html = GIVEN.sub("", visitor.get(path).content.decode())
    assert 'lang="ru"' in html
    assert latin_words(html) - PROPER == set()


def test_what_is_broken_is_said_in_russian_too(
    operator: User, login: Callable[[User], Client]
) -> None:
    """There is no model here, no broker and no worker."""
    visitor = login(operator)
    visitor.cookies["django_language"] = "ru"
    html = visitor.get("/status/").content.decode().replace(operator.username, "")
    said = re.sub(r"/[\w/-]+", "", html.partition("<main")[2].partition("</main")[0])
    assert "Модель" in said
    assert latin_words(f"<main{said}") - PROPER == set()


def test_rights_are_named_in_russian(admin_client: Client) -> None:
    """Django stores their names in English."""
    admin_client.cookies["django_language"] = "ru"
    page = admin_client.get("/admin/auth/group/add/").text
    assert "Смотреть и проверять фотографии всех" in page
    assert "Журнал аудита: просмотр" in page
    assert "Can view" not in page


@pytest.mark.django_db
@pytest.mark.usefixtures("mail_server")
def test_a_mail_is_in_russian_and_signed_by_the_site(client: Client, settings: Settings) -> None:
    make_user("user", username="ada", email="ada@example.org")
    client.cookies["django_language"] = "ru"
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    (message,) = wait_for(lambda: mail.outbox)
    address, *_ = re.findall(rf"{settings.SITE_URL}\S+", message.body)
    host = urlsplit(settings.SITE_URL).netloc
    assert message.subject == "[facesite] Ссылка для нового пароля"
    assert message.body.rstrip().endswith(f"facesite\n{host}")
    said = message.body.replace(address, "").replace(host, "").replace("ada", "")
    assert latin_words(said) - PROPER == set()


def visitors(role: str, row: Identification) -> User:
    if role == "user":
        return row.user
    if role == "operator":
        return User.objects.get(username="ольга")
    if role == "superuser":
        return User.objects.create_superuser("вера", password="x")
    return make_user(role, username="олег")


def test_numbers_take_the_right_form() -> None:
    with override("ru"):
        said = [
            ngettext("%(count)d enrolled photo", "%(count)d enrolled photos", n) for n in (1, 3, 5)
        ]
    assert len(set(said)) == 3
