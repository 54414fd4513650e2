"""“This is …”: from any face into the gallery."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from recognition.models import (
    AuditEvent,
    Consent,
    EnrolledFace,
    Enrolment,
    Person,
    ProbeFace,
    Proposal,
    User,
)
from recognition.services.gallery import reviewed
from recognition.services.gallery.enrolling import EnrolmentRefused, enrol_photo
from recognition.services.gallery.people import NameTaken, process_enrolment
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import deletion, erasure
from recognition.services.review import naming, proposals
from recognition.services.review.verdicts import review
from tests.factories import make_user
from tests.recognition.conftest import Broker
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.usefixtures("recognizer")
Login = Callable[[User], Client]


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrol_photo(Person(name="Ann"), photo(Face(1)), "ann.png")[0].person


@pytest.fixture
def both() -> User:
    return make_user("user", "reviewer", "operator")


def asked(user: User, *faces: Face) -> list[ProbeFace]:
    row = submit(user, [SimpleUploadedFile("asked.png", photo(*faces))]).accepted[0]
    process(row.pk)
    return list(row.faces.order_by("index"))


def worked_on() -> Enrolment:
    row = Enrolment.objects.latest("created_at")
    process_enrolment(row.pk)
    row.refresh_from_db()
    return row


class TestWhoIsBoth:
    def test_a_stranger_in_a_group_becomes_somebody_in_one_step(
        self,
        ann: Person,
        user: User,
        both: User,
        broker: Broker,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        _, stranger = asked(user, Face(1, 1), Face(7))
        with django_capture_on_commit_callbacks(execute=True):
            naming.say(stranger, Person(name="Zoe"), both)
        assert ("enrol", str(Enrolment.objects.get().pk)) in broker.sent()
        worked_on()
        zoe = Person.objects.get(name="Zoe")
        face = zoe.faces.get()
        stranger.refresh_from_db()
        assert (face.probe, face.from_review) == (stranger, True)
        assert face.crop.open().read() == stranger.crop.open().read()
        assert (stranger.review, stranger.true_person) == ("somebody_else", zoe)
        assert asked(user, Face(7, 1))[0].person == zoe

    def test_who_was_named_rightly_is_confirmed_by_it(
        self, ann: Person, user: User, both: User
    ) -> None:
        (face,) = asked(user, Face(1, 1))
        naming.say(face, ann, both)
        worked_on()
        face.refresh_from_db()
        assert (face.review, ann.faces.count()) == ("right", 2)

    def test_one_step_back_and_the_verdict_stays(self, ann: Person, user: User, both: User) -> None:
        (face,) = asked(user, Face(1, 1))
        naming.say(face, ann, both)
        worked_on()
        assert naming.take_back(face, both) == 1
        face.refresh_from_db()
        assert (face.review, ann.faces.count()) == ("right", 1)


class TestTheChecksOfEnrolment:
    def test_what_looks_like_somebody_else_comes_in_only_all_the_same(
        self, ann: Person, user: User, both: User
    ) -> None:
        bob = enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")[0].person
        (face,) = asked(user, Face(1, 1))
        naming.say(face, bob, both)
        refused = worked_on()
        assert (refused.status, refused.error_code) == ("rejected", "looks_like_another")
        naming.say(face, bob, both, force=True)
        assert worked_on().status == "done"
        assert bob.faces.get(probe=face).objection == "looks_like_another"

    def test_what_is_too_poor_is_refused_at_once(self, user: User, both: User) -> None:
        (face,) = asked(user, Face(7, quality=0.2))
        with pytest.raises(EnrolmentRefused, match="blurred"):
            naming.say(face, Person(name="Zoe"), both)
        assert not Person.objects.exists()

    def test_without_the_consent_that_is_required_nothing_is_stored(
        self, user: User, both: User, settings: Settings
    ) -> None:
        settings.REQUIRE_CONSENT = True
        (face,) = asked(user, Face(7))
        with pytest.raises(EnrolmentRefused, match="no_consent"):
            naming.say(face, Person(name="Zoe"), both)
        assert not Person.objects.exists()
        assert ProbeFace.objects.get().review == ""

    def test_a_name_that_is_taken_is_no_new_person(
        self, ann: Person, user: User, both: User
    ) -> None:
        (face,) = asked(user, Face(7))
        with pytest.raises(NameTaken):
            naming.say(face, Person(name="Ann"), both)

    def test_a_face_is_enrolled_as_one_person_only(
        self, ann: Person, user: User, both: User
    ) -> None:
        (face,) = asked(user, Face(7))
        naming.say(face, Person(name="Zoe"), both)
        worked_on()
        review(face, both, "not_in_gallery")  # takes it out of Zoe's again
        naming.say(face, Person(name="Eva"), both)
        worked_on()
        assert [one.person.name for one in EnrolledFace.objects.filter(probe=face)] == ["Eva"]


class TestAnOperatorAlone:
    def test_enrols_a_face_of_their_own_photo_by_their_own_word(self, operator: User) -> None:
        (face,) = asked(operator, Face(7))
        naming.say(face, Person(name="Zoe"), operator)
        worked_on()
        face.refresh_from_db()
        assert (face.review, face.enrolled.from_review) == ("", False)
        assert asked(operator, Face(7, 1))[0].person == Person.objects.get()

    def test_says_nothing_against_a_reviewer(
        self, ann: Person, operator: User, reviewer: User
    ) -> None:
        (face,) = asked(operator, Face(1, 1))
        face = review(face, reviewer, "right")
        with pytest.raises(EnrolmentRefused, match="reviewed_otherwise"):
            naming.say(face, Person(name="Zoe"), operator)
        assert Person.objects.get() == ann

    def test_does_not_see_faces_of_others(self, user: User, operator: User, login: Login) -> None:
        (face,) = asked(user, Face(7))
        browser = login(operator)
        assert browser.get(reverse("face_name", args=[face.pk])).status_code == 404
        assert browser.get(reverse("photo", args=["probe", face.pk])).status_code == 404

    def test_erasing_who_was_enrolled_so_takes_the_photo_too(self, operator: User) -> None:
        (face,) = asked(operator, Face(7))
        naming.say(face, Person(name="Zoe"), operator)
        worked_on()
        zoe = Person.objects.get()
        assert deletion.showing(zoe).get() == face.identification
        erasure.remove_person(zoe, operator)
        assert not ProbeFace.objects.exists()


class TestAReviewerAlone:
    @pytest.fixture
    def proposal(self, user: User, reviewer: User) -> Proposal:
        proposal = naming.say(asked(user, Face(7))[0], Person(name="Zoe"), reviewer)
        assert isinstance(proposal, Proposal)
        return proposal

    def test_proposes_and_enrols_nothing(self, proposal: Proposal) -> None:
        assert [str(one) for one in proposals.waiting()] == ["Zoe"]
        assert not Enrolment.objects.exists()
        assert not Person.objects.exists()
        assert ProbeFace.objects.get().review == "not_in_gallery"

    def test_a_later_word_takes_the_place_of_the_earlier(
        self, proposal: Proposal, ann: Person, reviewer: User
    ) -> None:
        naming.say(proposal.face, ann, reviewer)
        assert [(one.person, one.name) for one in proposals.waiting()] == [(ann, "")]

    def test_an_operator_sees_the_face_and_decides(
        self, proposal: Proposal, operator: User, login: Login
    ) -> None:
        browser = login(operator)
        assert "1 proposed face" in browser.get(reverse("people")).text
        assert "Zoe" in browser.get(reverse("proposed")).text
        assert browser.get(reverse("photo", args=["probe", proposal.face_id])).status_code == 200
        page = reverse("face_name", args=[proposal.face_id])
        assert 'value="Zoe"' in browser.get(page).text
        answer = browser.post(page, {"name": "Zoe"}, follow=True)
        assert "This face is being enrolled as Zoe." in answer.text
        worked_on()
        proposal.refresh_from_db()
        zoe = Person.objects.get(name="Zoe")
        assert (proposal.outcome, proposal.person, proposal.name) == ("accepted", zoe, "")
        assert (proposal.decided_by, zoe.faces.get().from_review) == (operator, False)
        assert not proposals.waiting().exists()

    def test_an_operator_declines_and_sees_the_face_no_longer(
        self, proposal: Proposal, operator: User, login: Login
    ) -> None:
        browser = login(operator)
        browser.post(reverse("proposal_decline", args=[proposal.pk]))
        proposal.refresh_from_db()
        assert (proposal.outcome, proposal.name) == ("declined", "")
        assert browser.get(reverse("photo", args=["probe", proposal.face_id])).status_code == 404
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"face.proposed", "face.proposal_declined"} <= actions

    def test_only_who_proposed_it_takes_it_back(self, proposal: Proposal, reviewer: User) -> None:
        with pytest.raises(PermissionDenied):
            proposals.decline(proposal, make_user("reviewer"))
        proposals.decline(proposal, reviewer)
        assert not proposals.waiting().exists()

    def test_enrols_nothing_and_takes_nothing_out(self, proposal: Proposal, reviewer: User) -> None:
        with pytest.raises(PermissionDenied):
            naming.take_back(proposal.face, reviewer)

    def test_a_proposal_goes_with_its_photo(self, proposal: Proposal) -> None:
        proposal.face.identification.delete()
        assert not Proposal.objects.exists()

    def test_a_name_that_was_proposed_goes_with_who_bears_it(
        self, proposal: Proposal, operator: User
    ) -> None:
        erasure.remove_person(Person.objects.create(name="Zoe"), operator)
        assert not Proposal.objects.exists()


def test_a_user_says_nothing_that_counts(user: User, login: Login) -> None:
    (face,) = asked(user, Face(7))
    with pytest.raises(PermissionDenied):
        naming.say(face, Person(name="Zoe"), user)
    assert login(user).get(reverse("face_name", args=[face.pk])).status_code == 404


class TestThePage:
    @pytest.fixture
    def face(self, ann: Person, user: User) -> ProbeFace:
        return asked(user, Face(7))[0]

    @pytest.fixture
    def browser(self, both: User, login: Login) -> Client:
        return login(both)

    def test_searches_with_and_without_a_script(
        self, face: ProbeFace, ann: Person, browser: Client
    ) -> None:
        page = reverse("face_name", args=[face.pk])
        whole = browser.get(page, {"q": "an"})
        part = browser.get(page, {"q": "an"}, headers={"HX-Request": "true"})
        for answer in (whole, part):
            assert f'name="person" value="{ann.pk}"' in answer.text
        assert "<html" not in part.text
        assert 'value="Quincy"' in browser.get(page, {"q": "Quincy"}).text

    def test_asks_for_consent_and_records_it(self, face: ProbeFace, browser: Client) -> None:
        page = reverse("face_name", args=[face.pk])
        unsaid = browser.post(page, {"name": "Zoe", "recognition": "on"})
        assert unsaid.status_code == 422
        browser.post(page, {"name": "Zoe", "recognition": "on", "how": "paper"})
        assert Consent.objects.get().person.name == "Zoe"

    @pytest.mark.parametrize("name", ["", "Ann", "ANN"])
    def test_says_why_a_name_will_not_do(self, face: ProbeFace, browser: Client, name: str) -> None:
        answer = browser.post(reverse("face_name", args=[face.pk]), {"name": name})
        assert answer.status_code == (302 if name == "ANN" else 422)

    def test_of_a_refused_face_the_answer_offers_it_all_the_same(
        self, face: ProbeFace, ann: Person, browser: Client
    ) -> None:
        other = enrol_photo(Person(name="Gus"), photo(Face(7, 3)), "gus.png")[0]
        page = reverse("face_name", args=[face.pk])
        browser.post(page, {"person": ann.pk})
        assert worked_on().error_code == "looks_like_another"
        answer = browser.get(reverse("identification", args=[face.identification_id])).text
        assert f"looks like {other.person}" in answer
        assert "Enrol it anyway" in answer
        browser.post(page, {"person": ann.pk, "force": "on"})
        assert worked_on().status == "done"

    def test_the_answer_says_what_became_of_it_and_takes_it_back(
        self, face: ProbeFace, browser: Client
    ) -> None:
        answer = reverse("identification", args=[face.identification_id])
        assert reverse("face_name", args=[face.pk]) in browser.get(answer).text
        browser.post(reverse("face_name", args=[face.pk]), {"name": "Zoe"})
        assert "Is being enrolled as Zoe" in browser.get(answer).text
        worked_on()
        state = browser.get(reverse("face_state", args=[face.pk])).text
        assert "Enrolled as" in state
        assert "hx-get" not in state
        zoe = Person.objects.get(name="Zoe")
        assert "Take out again" in browser.get(reverse("person", args=[zoe.pk])).text
        browser.post(reverse("face_take_back", args=[face.pk]))
        assert not zoe.faces.exists()

    def test_an_answer_of_many_faces_costs_as_many_queries_as_one(
        self, both: User, browser: Client, user: User
    ) -> None:
        counts = []
        for faces in ((Face(7),), [Face(10 + number) for number in range(12)]):
            for face in asked(user, *faces):
                naming.say(face, Person(name=f"Zoe {face.pk}"), both)
            with CaptureQueriesContext(connection) as queries:
                browser.get(reverse("identification", args=[face.identification_id]))
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_many_proposals_cost_as_many_queries_as_one(
        self, user: User, reviewer: User, browser: Client
    ) -> None:
        counts = []
        for faces in (1, 12):
            for face in asked(user, *(Face(10 + number) for number in range(faces))):
                naming.say(face, Person(name=f"Zoe {face.pk}"), reviewer)
            with CaptureQueriesContext(connection) as queries:
                browser.get(reverse("proposed"))
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestWithAVerdict:
    """The tick on the reviewers' page."""

    @pytest.fixture
    def face(self, ann: Person, user: User) -> ProbeFace:
        return asked(user, Face(1, 1))[0]

    def said(self, browser: Client, face: ProbeFace, **said: str) -> str:
        """Looks at the face, and judges it; returns what was looked at."""
        path = reverse("review_face", args=[face.pk])
        page = browser.get(path).text
        browser.post(path, said)
        return page

    def test_a_tick_adds_the_face_to_their_photos(
        self, face: ProbeFace, ann: Person, both: User, login: Login
    ) -> None:
        page = self.said(login(both), face, verdict="right", enrol="on")
        assert "and add it to their photos" in page
        worked_on()
        assert ann.faces.filter(from_review=True).get().probe == face

    def test_without_it_nothing_comes_in(
        self, face: ProbeFace, reviewer: User, login: Login
    ) -> None:
        page = self.said(login(reviewer), face, verdict="right")
        assert "and propose it for their photos" in page
        assert ProbeFace.objects.get().review == "right"
        assert not Enrolment.objects.exists()
        assert not Proposal.objects.exists()

    def test_of_a_reviewer_alone_it_is_a_proposal_that_undo_takes_back(
        self, face: ProbeFace, ann: Person, reviewer: User, login: Login
    ) -> None:
        browser = login(reviewer)
        self.said(browser, face, verdict="right", enrol="on")
        assert proposals.waiting().get().person == ann
        browser.post(reverse("review_undo"), {"face": face.pk})
        assert not proposals.waiting().exists()

    def test_undo_takes_out_what_a_tick_brought_in(
        self, face: ProbeFace, ann: Person, both: User, login: Login
    ) -> None:
        browser = login(both)
        self.said(browser, face, verdict="right", enrol="on")
        worked_on()
        browser.post(reverse("review_undo"), {"face": face.pk})
        assert not ann.faces.filter(probe=face).exists()

    def test_what_cannot_be_enrolled_is_not_judged_either(
        self, face: ProbeFace, both: User, login: Login, settings: Settings
    ) -> None:
        settings.REQUIRE_CONSENT = True
        self.said(login(both), face, verdict="right", enrol="on")
        assert ProbeFace.objects.get().review == ""

    def test_it_is_not_offered_for_a_face_that_is_too_poor(
        self, ann: Person, user: User, reviewer: User, login: Login
    ) -> None:
        (face,) = asked(user, Face(1, 1, quality=0.29))
        page = self.said(login(reviewer), face, verdict="right", enrol="on")
        assert 'name="enrol"' not in page
        assert not Proposal.objects.exists()

    def test_a_verdict_that_is_taken_back_stops_what_waits(
        self, face: ProbeFace, ann: Person, both: User
    ) -> None:
        naming.say(face, ann, both)
        review(face, both, "not_in_gallery")
        assert worked_on().error_code == "not_confirmed"
        assert not reviewed.enrollable().exists()
