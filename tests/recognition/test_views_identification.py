"""From the upload page to the answer, as a browser sees it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Case, When
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from facesite.waiting import LATER, with_news
from ml import imaging
from ml.imaging import MAX_BYTES
from recognition.models import Identification, Person, ProbeFace, User
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process
from recognition.services.review.verdicts import review
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
ADA, GRACE, EMMY, NOBODY = (Face(person) for person in (1, 2, 3, 200))


@pytest.fixture
def gallery(recognizer: StripeRecognizer) -> None:
    for number, name in enumerate(("Ada_Lovelace", "Grace_Hopper", "Emmy_Noether"), start=1):
        enrol_photo(Person(name=name), photo(Face(number, shot=7)), f"{name}.png")


def send(client: Client, *files: tuple[str, bytes]) -> Any:
    photos = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(reverse("upload"), {"photos": photos})


def answered(client: Client, *files: tuple[str, bytes]) -> str:
    """The page of an upload whose photos a worker has answered."""
    address = send(client, *files).headers["Location"]
    for row in Identification.objects.filter(status="queued"):
        process(row.pk)
    return text(client.get(address))


def text(response: Any) -> str:
    """What is on the page, without the space between."""
    return re.sub(r"\s+", " ", response.content.decode())


# upload


def test_the_limits_are_told_beforehand(user: User, login: Login) -> None:
    page = text(login(user).get(reverse("upload")))
    assert "up to 20 photos" in page
    assert "up to 30 MB and 100 megapixels each" in page
    assert ".heic,.heif,.avif" in page


def test_an_empty_gallery_is_told_and_operators_get_a_link(
    user: User, operator: User, login: Login
) -> None:
    link = f'<a href="{reverse("people")}">Enrol the first people</a>'
    assert "Nobody is enrolled yet" in text(login(user).get(reverse("upload")))
    assert link not in text(login(user).get(reverse("upload")))
    assert link in text(login(operator).get(reverse("upload")))


def test_once_somebody_is_enrolled_the_page_says_nothing_of_it(
    user: User, login: Login, gallery: None
) -> None:
    assert "Nobody is enrolled yet" not in text(login(user).get(reverse("upload")))


def test_refused_files_are_named_with_their_reasons_and_the_rest_goes_on(
    user: User, login: Login, media: Path
) -> None:
    client = login(user)
    large = ("large.png", photo(ADA) + bytes(MAX_BYTES))
    response = send(client, ("notes.txt", b"hello"), large, ("ada.png", photo(ADA)))
    row = Identification.objects.get()
    assert response.headers["Location"] == reverse("batch", args=(row.batch,))
    page = text(client.get(response.headers["Location"]))
    assert "<b>notes.txt</b> This file could not be read as a photo" in page
    assert "<b>large.png</b> This photo has 30.1 MB; the limit is 30 MB." in page
    assert "2 files were not accepted" in page
    assert row.filename == "ada.png"


def test_a_file_name_is_text_and_not_markup(user: User, login: Login) -> None:
    page = text(login(user).get(send(login(user), ("<i>x.txt", b"hello")).headers["Location"]))
    assert "<i>x.txt" not in page


def test_when_every_file_is_refused_one_is_back_on_the_upload_page(
    user: User, login: Login
) -> None:
    client = login(user)
    response = send(client, ("empty.jpg", b""))
    assert response.headers["Location"] == reverse("upload")
    assert "<b>empty.jpg</b>" in text(client.get(reverse("upload")))


def test_no_file_is_a_clear_sentence(user: User, login: Login) -> None:
    response = login(user).post(reverse("upload"))
    assert response.status_code == 422
    assert "Choose at least one photo." in text(response)


def test_too_many_files_are_a_clear_sentence_and_none_is_stored(
    user: User, login: Login, media: Path
) -> None:
    response = send(login(user), *[(f"{number}.png", photo(ADA)) for number in range(21)])
    assert response.status_code == 422
    assert "At most 20 photos at a time; these are 21. None was stored." in text(response)
    assert not Identification.objects.exists()


def test_far_too_many_files_are_a_page_and_not_a_crash(user: User, login: Login) -> None:
    response = send(login(user), *[(f"{number}.png", b"x") for number in range(101)])
    assert response.status_code == 400
    assert "Nothing was stored." in text(response)


def test_a_sample_is_answered_like_any_photo(user: User, login: Login, media: Path) -> None:
    client = login(user)
    assert b"These are rendered pictures" in client.get(reverse("upload")).content
    response = client.post(reverse("sample", args=("group",)))
    row = Identification.objects.get()
    assert response.headers["Location"] == reverse("batch", args=(row.batch,))
    assert client.post(reverse("sample", args=("nothing",))).status_code == 404


# waiting


def test_a_page_fills_in_by_itself_and_stops_asking(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)
    address = send(client, ("ada.png", photo(ADA))).headers["Location"]
    page = text(client.get(address))
    assert "Stored and waiting since" in page
    assert 'hx-trigger="load, every 500ms"' in page
    process(Identification.objects.get().pk)
    fragment = client.get(f"{address}?state=unseen", headers=HTMX)
    assert "<html" not in text(fragment)
    assert "Ada Lovelace" in text(fragment)
    assert "hx-trigger" not in text(fragment)


def test_a_look_that_finds_nothing_new_changes_nothing(
    user: User, login: Login, media: Path
) -> None:
    client = login(user)
    address = send(client, ("ada.png", photo(ADA))).headers["Location"]
    asks = re.search(r'hx-get="([^"]+)"', text(client.get(address)))
    assert asks
    assert client.get(asks[1], headers=HTMX).status_code == 204


def test_a_look_is_held_back_until_there_is_news(user: User, login: Login, gallery: None) -> None:
    client = login(user)
    address = send(client, ("ada.png", photo(ADA))).headers["Location"]
    asks = re.search(r'hx-get="([^"]+)"', text(client.get(address)))
    assert asks
    later = client.get(asks[1], headers=HTMX).wsgi_request.META[LATER]
    assert with_news([later]) == []
    process(Identification.objects.get().pk)
    assert with_news([later]) == [later]
    assert b"Ada Lovelace" in later.said()


def test_a_look_of_all_who_wait_for_photos_costs_one_query(
    user: User,
    stranger: User,
    login: Login,
    media: Path,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    waiting = []
    for client in (login(user), login(stranger)):
        address = send(client, ("ada.png", photo(ADA))).headers["Location"]
        asks = news(text(client.get(address)))
        waiting.append(client.get(asks, headers=HTMX).wsgi_request.META[LATER])
    Identification.objects.filter(user=stranger).update(status="done")
    with django_assert_num_queries(1):
        assert with_news(waiting) == waiting[1:]


def test_statements_from_an_upload_to_its_answer(
    user: User, login: Login, gallery: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Each is processor time of the one process that all pages share."""
    client = login(user)
    send(client, ("ada.png", photo(ADA)))
    with django_assert_num_queries(12):  # two of them are savepoints of the test
        address = send(client, ("grace.png", photo(GRACE))).headers["Location"]
    with django_assert_num_queries(5):
        page = text(client.get(address))
    with django_assert_num_queries(3):
        later = client.get(news(page), headers=HTMX).wsgi_request.META[LATER]
    process(Identification.objects.get(filename="grace.png").pk)
    with django_assert_num_queries(6):
        later.said()


def waited_for_long(client: Client) -> str:
    """The address of a photo that has waited for longer than anybody's patience."""
    address = str(send(client, ("ada.png", photo(ADA))).headers["Location"])
    Identification.objects.update(created_at=timezone.now() - dt.timedelta(seconds=11))
    return address


def news(page: str) -> str:
    """Where the page looks for news."""
    asks = re.search(r'hx-get="([^"]+)"', page)
    assert asks
    return asks[1]


def test_a_photo_that_waits_for_long_is_told_that_the_worker_is_away(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)
    page = text(client.get(waited_for_long(client)))
    assert "The worker seems to be down" in page
    assert "every 3s" in page
    assert client.get(news(page), headers=HTMX).status_code == 204


@pytest.mark.parametrize("done", [False, True])
def test_a_worker_that_is_busy_with_other_photos_is_not_called_away(
    user: User, stranger: User, login: Login, gallery: None, done: bool
) -> None:
    client = login(user)
    address = waited_for_long(client)
    away = news(text(client.get(address)))
    send(login(stranger), ("grace.png", photo(GRACE)))
    other = Identification.objects.get(user=stranger)
    other.claim()
    if done:
        claimed = timezone.now() - dt.timedelta(seconds=30)
        Identification.objects.filter(pk=other.pk).update(claimed_at=claimed)
        Identification.objects.filter(pk=other.pk).update(status="done", finished_at=timezone.now())
    page = text(client.get(away, headers=HTMX))
    assert "Stored and waiting since" in page
    assert "seems to be down" not in page
    Identification.objects.filter(pk=other.pk).update(claimed_at=None, finished_at=None)
    assert "The worker seems to be down" in text(client.get(news(page), headers=HTMX))


def test_without_a_model_that_can_be_used_the_network_is_said_to_be_mended(
    user: User, login: Login, media: Path
) -> None:
    client = login(user)
    page = text(client.get(waited_for_long(client)))
    assert "network is being repaired. The photo is safe and will be answered by itself." in page
    assert "seems to be down" not in page


def test_patience_costs_nothing_until_it_is_over_and_then_one_look_at_the_claims(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    early = queries(send(client, ("ada.png", photo(ADA))).headers["Location"])
    assert queries(waited_for_long(client)) == early + 1


def test_a_page_left_open_past_the_log_out_reloads_instead_of_showing_a_log_in_page_inside_itself(
    user: User, login: Login, media: Path
) -> None:
    address = send(login(user), ("ada.png", photo(ADA))).headers["Location"]
    response = Client().get(address, headers=HTMX)
    assert response.headers["HX-Refresh"] == "true"
    assert response.content == b""


def test_a_batch_shows_each_photo_as_it_is_answered(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)
    files = [("ada.png", photo(ADA)), ("two.png", photo(GRACE, NOBODY)), ("none.png", photo())]
    address = send(client, *files).headers["Location"]
    for row in Identification.objects.exclude(filename="none.png"):
        process(row.pk)
    page = text(client.get(address))
    assert "2 of 3 photos are done" in page
    for words in ("Ada Lovelace", "Grace Hopper", "Nobody the site knows", "Stored and waiting"):
        assert words in page
    process(Identification.objects.get(filename="none.png").pk)
    page = text(client.get(address, headers=HTMX))
    assert "All 3 photos are done" in page
    assert "No face found" in page
    assert "hx-trigger" not in page


def test_a_batch_takes_no_more_queries_for_more_photos(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)

    def queries(photos: int) -> int:
        files = [(f"{number}.png", photo(ADA, GRACE)) for number in range(photos)]
        address = send(client, *files).headers["Location"]
        for row in Identification.objects.filter(status="queued"):
            process(row.pk)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    assert queries(10) == queries(2)


def test_what_became_of_faces_is_looked_up_only_for_those_who_may_name_them(
    user: User, reviewer: User, login: Login, gallery: None
) -> None:
    send(login(user), ("ada.png", photo(ADA)))
    row = Identification.objects.get()
    process(row.pk)

    def looked_up(who: User) -> bool:
        client = login(who)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("identification", args=[row.pk]))
        return any('FROM "recognition_proposal"' in query["sql"] for query in captured)

    assert (looked_up(user), looked_up(reviewer)) == (False, True)


# answers


def test_a_match_names_the_person_with_a_probability_and_its_evidence(
    user: User, login: Login, gallery: None
) -> None:
    page = answered(login(user), ("ada.png", photo(ADA)))
    face = ProbeFace.objects.get()
    assert "<h3>Ada Lovelace </h3>" in page
    assert "Almost certainly" in page
    assert "over 99%" in page
    assert 'class="box match"' in page
    assert reverse("photo", args=("probe", face.pk)) in page
    assert "Enrolled photo of Ada Lovelace" in page
    assert f"For this face the site gives a name at {face.threshold:.2f} or more" in page


def test_operators_get_from_a_name_to_the_person(
    operator: User, login: Login, gallery: None
) -> None:
    page = answered(login(operator), ("ada.png", photo(ADA)))
    ada = Person.objects.get(name="Ada_Lovelace")
    assert f'<h3><a href="{reverse("person", args=(ada.pk,))}">Ada Lovelace</a>' in page


def test_unknown_is_an_answer_with_a_next_step(
    user: User, operator: User, login: Login, gallery: None
) -> None:
    page = answered(login(user), ("who.png", photo(NOBODY)))
    assert "Nobody the site knows" in page
    assert "ask an operator to enrol this person" in page
    page = answered(login(operator), ("who.png", photo(NOBODY)))
    face = ProbeFace.objects.latest("pk")
    assert f'<a href="{reverse("face_name", args=(face.pk,))}">Enrol this person</a>' in page


def test_two_people_who_fit_are_both_named(user: User, login: Login, gallery: None) -> None:
    client = login(user)
    answered(client, ("twins.png", photo(ADA)))
    face = ProbeFace.objects.get()
    ProbeFace.objects.update(decision="ambiguous", person=None)
    first, second = face.candidates.all()[:2]
    address = reverse("identification", args=(face.identification_id,))
    page = text(client.get(address))
    assert f"<h3>{first.person} or {second.person}</h3>" in page
    assert "Which of the two is it? The site cannot tell." in page
    both = page.partition('<ul class="both">')[2].partition("</ul>")[0]
    assert f"Enrolled photo of {first.person}" in both
    assert f"Enrolled photo of {second.person}" in both
    assert f'<a href="{reverse("upload")}">try one</a>' in page


def test_the_margin_to_the_next_person_is_told_to_whom_they_are_shown(
    user: User, reviewer: User, login: Login, gallery: None, settings: Settings
) -> None:
    settings.OTHERS_SHOWN = {"user": "none", "reviewer": "names", "operator": "photos"}
    assert "Ahead of the next person by" not in answered(login(user), ("ada.png", photo(ADA)))
    first, second = ProbeFace.objects.get().candidates.all()[:2]
    row = Identification.objects.get()
    page = text(login(reviewer).get(reverse("identification", args=(row.pk,))))
    margin = f"{first.similarity - second.similarity:.3f}"
    assert f"<dt>Ahead of the next person by</dt><dd>{margin}</dd>" in page


def test_a_poor_face_has_advice_with_what_was_measured(
    user: User, login: Login, gallery: None
) -> None:
    answered(login(user), ("ada.png", photo(ADA)))
    ProbeFace.objects.update(
        quality_reasons=["too_small"], quality_measured={"too_small": [37.6, 48]}
    )
    row = Identification.objects.get()
    page = text(login(user).get(reverse("identification", args=(row.pk,))))
    assert "It is 38 pixels across; 48 or more work better." in page


def test_boxes_show_on_light_and_on_dark_photos(user: User, login: Login, gallery: None) -> None:
    page = answered(login(user), ("ada.png", photo(ADA)))
    frames = re.findall(r'<rect( class="under")? x="(\d+)" y="(\d+)"', page)
    assert [frame[0] for frame in frames] == [' class="under"', ""]
    assert frames[0][1:] == frames[1][1:]


@pytest.mark.parametrize("removed", [0, 1])
def test_of_two_who_fit_the_one_who_is_still_there_is_named_alone(
    operator: User, reviewer: User, login: Login, gallery: None, removed: int
) -> None:
    client = login(operator)
    answered(client, ("twins.png", photo(ADA)))
    ProbeFace.objects.update(decision="ambiguous", person=None)
    gone, left, third = (
        candidate.person
        for candidate in ProbeFace.objects.get().candidates.order_by(
            Case(When(rank=removed, then=0), default=1), "rank"
        )
    )
    gone.delete()
    row = Identification.objects.get()
    page = text(client.get(reverse("identification", args=(row.pk,))))
    assert f"{left} or a person who has since been removed</h3>" in page
    named, others = page.split("Who else came close")
    assert f"Enrolled photo of {left}" in named
    assert str(third) not in named
    assert f"Enrolled photo of {third}" in others
    review_page = f"/admin/recognition/identification/{row.pk}/change/"
    for browser, address in ((client, reverse("history")), (login(reviewer), review_page)):
        page = text(browser.get(address))
        assert f"{left} or a person who has since been removed" in page


def test_no_face_is_an_answer_with_advice(user: User, login: Login, gallery: None) -> None:
    page = answered(login(user), ("wall.png", photo()))
    assert "No face found" in page
    assert "Try another photo" in page


def test_a_turned_photo_is_named_so_and_its_faces_are_known(
    user: User, login: Login, gallery: None, recognizer: StripeRecognizer
) -> None:
    assert "The photo is turned" not in answered(login(user), ("upright.png", photo(ADA)))
    recognizer.degrees = 94
    page = answered(login(user), ("lying.png", photo(ADA)))
    assert "The photo is turned by about 90° clockwise." in page
    assert "Ada Lovelace" in page


def test_the_parts_of_a_large_photo_are_told(
    user: User, login: Login, gallery: None, recognizer: StripeRecognizer
) -> None:
    assert "looked at as a whole" not in answered(login(user), ("small.png", photo(ADA)))
    recognizer.parts = 6
    page = answered(login(user), ("large.png", photo(ADA)))
    assert "looked at as a whole and in 6 parts" in page


def test_a_poor_photo_comes_with_advice(user: User, login: Login, gallery: None) -> None:
    page = answered(login(user), ("dim.png", photo(Face(1, quality=0.4))))
    assert "The face is blurred. Try a sharper photo." in page


def test_a_face_too_poor_for_a_name_is_not_said_to_be_unlike_everybody(
    operator: User, login: Login, gallery: None
) -> None:
    page = answered(login(operator), ("smear.png", photo(Face(1, quality=0.05))))
    face = ProbeFace.objects.get()
    assert face.similarity is not None
    assert face.similarity > face.threshold
    assert face.decision == "unclear"
    assert "Somebody is similar enough, but with such a poor picture" in page
    assert "That would be enough for a name, but with such a poor picture" in page
    assert "similar enough to be named" not in page
    assert "Nobody the site knows" not in page
    assert "would be a guess" not in page


def test_a_poor_face_that_is_like_nobody_is_not_called_nobody(
    user: User, login: Login, gallery: None
) -> None:
    page = answered(login(user), ("smear.png", photo(Face(9, quality=0.2))))
    assert "Too poor to tell" in page
    assert "This may be somebody the site knows" in page
    assert "Nobody the site knows" not in page
    assert "enrol this person" not in page


def test_a_second_face_of_one_person_is_named_with_a_doubt(
    user: User, login: Login, gallery: None
) -> None:
    page = answered(login(user), ("twice.png", photo(ADA, Face(1, shot=9))))
    match, doubt = ProbeFace.objects.order_by("decision")[::-1]
    assert (match.decision, match.rival) == ("match", None)
    assert (doubt.decision, doubt.rival, doubt.person) == ("ambiguous", match.index, None)
    assert "Ada Lovelace or somebody else" in page
    assert f"Face {match.index + 1} is more like the same person" in page
    assert "Two people" not in page
    listed = text(login(user).get(reverse("history"), {"outcome": "ambiguous"}))
    assert "Ada Lovelace or somebody else" in listed


@pytest.mark.parametrize(("part", "status"), [(0.3, "rejected"), (0.6, "done"), (1.0, "done")])
def test_a_photo_whose_file_ends_too_early_says_so(
    user: User, login: Login, gallery: None, part: float, status: str
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    picture[:16] = 0  # nobody, to this recogniser
    data = imaging.encode_jpeg(picture)
    page = answered(login(user), ("cut.jpg", data[: int(len(data) * part)]))
    assert Identification.objects.get().status == status
    assert ("ends too early" in page) == (part == 0.6)
    assert ("less than half of it is here" in page) == (status == "rejected")


def test_a_photo_that_cannot_be_used_says_why_and_what_to_try(
    user: User, login: Login, gallery: None
) -> None:
    page = answered(login(user), ("cut.png", photo(ADA)[:200]))
    assert "This photo cannot be used" in page
    assert "This photo is damaged or was cut short" in page
    assert "Try another photo" in page


def test_a_photo_that_failed_says_so(user: User, login: Login, media: Path) -> None:
    client = login(user)
    address = send(client, ("ada.png", photo(ADA))).headers["Location"]
    Identification.objects.update(status="failed", error_code="gave_up")
    page = text(client.get(address))
    assert "This photo could not be processed" in page
    assert "Something went wrong on our side" in page


def test_an_empty_gallery_is_part_of_the_answer(
    user: User, login: Login, recognizer: StripeRecognizer
) -> None:
    page = answered(login(user), ("ada.png", photo(ADA)))
    assert "Nobody was enrolled when this photo was answered" in page


def test_a_raised_threshold_is_told(user: User, login: Login, gallery: None) -> None:
    client = login(user)
    page = answered(client, ("ada.png", photo(ADA)))
    assert "The threshold is therefore" not in page
    ProbeFace.objects.update(threshold_raised=0.093)
    row = Identification.objects.get()
    page = text(client.get(reverse("identification", args=(row.pk,))))
    assert "The threshold is therefore 0.09 higher" in page


def test_what_a_reviewer_said_is_shown(
    user: User, reviewer: User, login: Login, gallery: None
) -> None:
    client = login(user)
    answered(client, ("ada.png", photo(ADA)))
    face = ProbeFace.objects.get()
    grace = Person.objects.get(name="Grace_Hopper")
    review(face, reviewer, "somebody_else", grace)
    page = text(client.get(reverse("identification", args=(face.identification_id,))))
    assert "A reviewer corrected this answer: it is Grace Hopper." in page


def test_a_person_removed_since_leaves_the_answer_readable(
    operator: User, login: Login, gallery: None
) -> None:
    client = login(operator)
    answered(client, ("ada.png", photo(ADA)))
    Person.objects.get(name="Ada_Lovelace").delete()
    for route in ("identification", "history"):
        args = (Identification.objects.get().pk,) if route == "identification" else ()
        page = text(client.get(reverse(route, args=args)))
        assert "A person who has since been removed" in page
        assert "Ada" not in page.replace("ada.png", "")
        named, *others = page.split("Who else came close")
        assert "Enrolled photo of" not in named
        assert len(others) == (route == "identification")


def test_why_a_person_removed_since_was_named_is_told_without_a_name(
    user: User, login: Login, gallery: None
) -> None:
    client = login(user)
    answered(client, ("ada.png", photo(ADA)))
    face = ProbeFace.objects.get()
    Person.objects.get(name="Ada_Lovelace").delete()
    address = reverse("identification", args=(face.identification_id,))
    why = text(client.get(address)).partition("Why this answer")[2]
    alike = (
        f"a similarity of {face.similarity:.2f} to the enrolled photos of a person who has since"
    )
    assert alike in why
    assert f"<dd>{face.similarity:.3f}</dd>" in why
    for name in ("Grace", "Emmy"):
        assert name not in why
    Person.objects.all().delete()
    assert alike in text(client.get(address))


def test_a_reviewer_sees_whose_photo_it_is_and_that_it_is_logged(
    user: User, reviewer: User, login: Login, gallery: None
) -> None:
    answered(login(user), ("ada.png", photo(ADA)))
    row = Identification.objects.get()
    page = text(login(reviewer).get(reverse("identification", args=(row.pk,))))
    assert f"This photo was uploaded by <b>{user.username}</b>" in page
    assert "audit log" in page


def test_boxes_are_drawn_with_points_in_every_language(
    user: User, login: Login, gallery: None
) -> None:
    """A decimal comma in a coordinate would make the browser drop the box."""
    client = login(user)
    client.cookies["django_language"] = "ru"
    page = answered(client, ("two.png", photo(ADA, GRACE)))
    boxes = re.search(r'<svg class="boxes".*?</svg>', page)
    assert boxes
    numbers = re.findall(r' (?:x|y|width|height|cx|cy|r|font-size)="([^"]*)"', boxes[0])
    assert len(numbers) == 30
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", number) for number in numbers)


def test_no_page_carries_scripts_or_styles_of_its_own(
    user: User, operator: User, login: Login, gallery: None
) -> None:
    """The content security policy would stop them."""
    client = login(operator)
    pages = [answered(client, ("two.png", photo(ADA, NOBODY)))]
    ada = Person.objects.get(name="Ada_Lovelace")
    for route, args in (("upload", ()), ("history", ()), ("people", ()), ("person", (ada.pk,))):
        pages.append(text(client.get(reverse(route, args=args))))
    for page in pages:
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)
