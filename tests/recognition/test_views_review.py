"""The reviewers' page: one face after the other, many at once, with and without scripts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from recognition.models import AuditEvent, Identification, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
SCRIPT = {"HX-Request": "true"}
PAGE, GRID = "/review/", "/review/grid/"


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    for number, name in enumerate(("Bob", "Cleo", "Борис"), start=2):
        enrol_photo(Person(name=name), photo(Face(number)), f"{number}.png")
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def browser(ann: Person, reviewer: User, login: Login) -> Client:
    return login(reviewer)


def ask(user: User, *people: int, name: str = "p.png") -> Identification:
    upload = SimpleUploadedFile(name, photo(*(Face(person, shot=3) for person in people)))
    (row,) = submit(user, [upload]).accepted
    process(row.pk)
    return row


def shown(response: Any) -> list[int]:
    """The numbers of the faces on a page, the one that is looked at first."""
    return [int(number) for number in re.findall(r'data-card="(\d+)"', response.content.decode())]


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def face_path(face: int) -> str:
    return reverse("review_face", args=(face,))


def verdicts() -> list[str]:
    return list(ProbeFace.objects.order_by("pk").values_list("review", flat=True))


def say(browser: Client, face: int, query: str = "", **said: object) -> None:
    browser.post(face_path(face) + query, said)


def test_the_first_faces_are_on_the_page_and_only_one_is_seen(user: User, browser: Client) -> None:
    ask(user, 1, 2, 9, 8)
    page = browser.get(PAGE)
    assert len(shown(page)) == 3
    assert len(re.findall(r'data-card="\d+"[^>]* hidden>', page.text)) == 2
    assert "4 faces are left" in text(page)


def test_without_scripts_a_verdict_leads_to_the_next_face_with_the_same_filter(
    user: User, browser: Client
) -> None:
    ask(user, 1, 9, 2)
    query = "?decision=match"
    first, second = shown(browser.get(PAGE + query))
    response = browser.post(face_path(first) + query, {"verdict": "right"}, follow=True)
    (((address, _),)) = response.redirect_chain
    assert address == f"{PAGE}{query}&after={first}&done={first}"
    assert shown(response) == [second]
    assert ProbeFace.objects.get(pk=first).review == "right"


def test_with_scripts_a_verdict_is_answered_with_the_face_after_those_on_the_page(
    user: User, browser: Client
) -> None:
    ask(user, 1, 2, 9, 8, 3)
    first, _, third = shown(browser.get(PAGE))
    said = {"verdict": "not_a_face", "after": third}
    answer = browser.post(face_path(first), said, headers=SCRIPT)
    (fourth,) = shown(answer)
    assert fourth not in {first, third}
    assert "<html" not in answer.text
    assert "4 faces are left" in text(answer)


def test_a_candidate_is_said_with_one_button(user: User, browser: Client) -> None:
    (face,) = (row.faces.get().pk for row in [ask(user, 1)])
    browser.get(PAGE)
    bob = Person.objects.get(name="Bob")
    say(browser, face, true_person=bob.pk)
    said = ProbeFace.objects.get(pk=face)
    assert (said.review, said.true_person) == ("somebody_else", bob)


def test_a_skipped_face_is_free_for_others_and_comes_again_at_the_end(
    user: User, browser: Client
) -> None:
    ask(user, 1, 2)
    first, second = shown(browser.get(PAGE))
    page = browser.post(face_path(first), {"verdict": "skip"}, follow=True)
    assert shown(page) == [second, first]
    assert ProbeFace.objects.get(pk=first).review == ""


def test_a_verdict_that_makes_no_sense_is_explained(user: User, browser: Client) -> None:
    face = ask(user, 9).faces.get().pk
    browser.get(PAGE)
    refused = browser.post(face_path(face), {"verdict": "right"}, headers=SCRIPT)
    assert (refused.status_code, "named nobody here" in refused.text) == (409, True)
    page = browser.post(face_path(face), {"true_person": "999"}, follow=True)
    assert "Choose who it is." in text(page)
    page = browser.post(face_path(face), {"verdict": "\x00"}, follow=True)
    assert "Choose one of the four verdicts." in text(page)
    assert ProbeFace.objects.get(pk=face).review == ""


def test_whoever_holds_it_is_asked_and_nobody_else(
    user: User, browser: Client, login: Login
) -> None:
    face = ask(user, 1).faces.get().pk
    browser.get(PAGE)
    other = login(make_user("reviewer"))
    page = other.get(face_path(face))
    assert "Somebody else looks at this face now." in text(page)
    assert 'name="verdict"' not in page.text
    refused = other.post(face_path(face), {"verdict": "right"}, headers=SCRIPT)
    assert refused.status_code == 409
    assert ProbeFace.objects.get(pk=face).review == ""


def test_undo_brings_the_face_back_without_its_verdict(user: User, browser: Client) -> None:
    ask(user, 1, 2)
    first, _ = shown(browser.get(PAGE))
    page = browser.post(face_path(first), {"verdict": "not_a_face"}, follow=True)
    assert f'name="face" value="{first}"' in page.text
    back = browser.post(reverse("review_undo"), {"face": first}, follow=True)
    assert shown(back) == [first]
    assert ProbeFace.objects.get(pk=first).review == ""
    assert "Taken back" in text(back)
    say(browser, first, verdict="right")
    fragment = browser.post(reverse("review_undo"), {"face": first}, headers=SCRIPT)
    assert shown(fragment) == [first]


def test_somebody_elses_verdict_is_not_taken_back(
    user: User, browser: Client, login: Login
) -> None:
    face = ask(user, 1).faces.get().pk
    browser.get(PAGE)
    say(browser, face, verdict="right")
    other = login(make_user("reviewer"))
    refused = other.post(reverse("review_undo"), {"face": face}, headers=SCRIPT)
    assert (refused.status_code, "not yours" in refused.text) == (409, True)
    assert ProbeFace.objects.get(pk=face).review == "right"


def test_what_was_said_before_is_on_the_page_with_who_and_when(
    user: User, browser: Client, reviewer: User
) -> None:
    face = ask(user, 1).faces.get().pk
    for verdict in ("not_a_face", "right"):
        browser.get(face_path(face))
        say(browser, face, verdict=verdict)
    page = text(browser.get(face_path(face)))
    assert page.index("<b>Right: Ann</b>") < page.index("<b>Not a face</b>")
    assert page.count(f"{reviewer.username} ·") == 2


def test_people_are_found_by_their_names(browser: Client) -> None:
    found = browser.get(reverse("review_people"), {"q": "борис"})
    assert re.findall(r'candidate-name">(.*?)</span>', found.text) == ["Борис"]
    assert "Nobody here is called" in browser.get(reverse("review_people"), {"q": "zz"}).text


def test_without_scripts_people_are_found_too(user: User, browser: Client) -> None:
    face = ask(user, 1).faces.get().pk
    page = browser.get(face_path(face), {"q": "cleo"})
    cleo = Person.objects.get(name="Cleo")
    assert f'<button class="candidate" name="true_person" value="{cleo.pk}">' in page.text


def test_portraits_of_a_list_come_in_the_size_of_their_place(user: User, browser: Client) -> None:
    ask(user, 1)
    listed = re.search(r'srcset="(\S+) 1x, (\S+) 2x" width="(\d+)"', browser.get(GRID).text)
    assert listed is not None
    small, fine = (max(_size(browser.get(path))) for path in listed.groups()[:2])
    assert small == int(listed[3])
    assert small < fine <= 2 * small


def _size(response: Any) -> tuple[int, int]:
    return Image.open(io.BytesIO(response.content)).size


@pytest.mark.parametrize("level", ["none", "names", "photos"])
def test_others_are_shown_as_the_setting_says(
    level: str, user: User, browser: Client, settings: Settings
) -> None:
    settings.OTHERS_SHOWN = settings.OTHERS_SHOWN | {"reviewer": level, "user": "none"}
    ask(user, 1)
    page = browser.get(PAGE).text
    assert page.count('src="/photos/enrolled/') == {"none": 2, "names": 2, "photos": 5}[level]
    assert ("Cleo" in page) == (level != "none")
    assert ("Who is it?" in page) == (level != "none")
    people = browser.get(reverse("review_people"), {"q": "cleo"})
    assert people.status_code == (403 if level == "none" else 200)
    assert ("/photos/enrolled/" in people.text) == (level == "photos")


def test_looking_at_somebodys_photo_is_in_the_audit_log_once(
    user: User, reviewer: User, browser: Client
) -> None:
    row = ask(user, 1, 2)
    for _ in range(2):
        browser.get(PAGE)
    (event,) = AuditEvent.objects.filter(action="photo.opened")
    assert (event.actor, event.subject_id) == (reviewer, str(row.pk))


def test_looking_goes_on_without_a_verdict(user: User, browser: Client) -> None:
    ask(user, 1)
    (face,) = shown(browser.get(PAGE))
    since = ProbeFace.objects.values_list("held_until", flat=True)
    before = since.get()
    assert browser.post(reverse("review_hold"), {"face": face}).status_code == 204
    after = since.get()
    assert before
    assert after
    assert after > before


def test_the_grid_has_the_faces_of_each_name_together(user: User, browser: Client) -> None:
    for people in ((1, 2, 9), (1,), (1, 8)):
        ask(user, *people)
    page = browser.get(GRID)
    crowds = page.context["crowds"]
    assert [(str(one.group.person), len(one.faces)) for one in crowds] == [
        ("Ann", 3),
        ("None", 2),
        ("Bob", 1),
    ]
    assert page.text.count(" checked>") == 6


def test_many_are_right_at_once_but_those_without_a_tick(user: User, browser: Client) -> None:
    faces = [ask(user, 1).faces.get() for _ in range(3)]
    ticked = [faces[0].pk, faces[2].pk]
    browser.get(GRID)
    page = browser.post(f"{GRID}?person=ann", {"face": ticked, "verdict": "right"}, follow=True)
    assert "2 faces judged." in text(page)
    assert verdicts() == ["right", "", "right"]
    assert page.context["form"].query == "person=ann"
    done = page.context["judged"]
    browser.post(reverse("review_undo"), {"face": done})
    assert verdicts() == ["", "", ""]


def test_in_the_grid_nobody_is_overruled(user: User, browser: Client, login: Login) -> None:
    face = ask(user, 1).faces.get().pk
    login(make_user("reviewer")).get(PAGE)
    page = browser.post(GRID, {"face": face, "verdict": "right"}, follow=True)
    assert "Somebody else looks at this face now" in text(page)
    assert ProbeFace.objects.get().review == ""


def test_when_all_is_judged_the_page_says_so(browser: Client) -> None:
    assert "Every face has been judged" in text(browser.get(PAGE))
    assert "No faces are left that match" in text(browser.get(f"{PAGE}?decision=unclear"))
    assert "Every face has been judged" in text(browser.get(GRID))
