"""A version goes into service with the whole gallery, and comes back in a moment."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from ml.errors import ArtifactDamaged
from ml.evaluation.verdicts import Outcome, Verdict
from ml.training.events import Event, Phase, Progress, silent
from recognition import tasks
from recognition.messages.versions import promotion_refused
from recognition.models import (
    AuditEvent,
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    Status,
    Template,
    TrainedPerson,
    TrainingRun,
    User,
)
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.gallery import memory, templates
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.templates import Embedded
from recognition.services.identification import answering
from recognition.services.privacy import erasure
from recognition.services.promotion import serving
from recognition.services.site import sweeping
from recognition.services.training import making
from recognition.services.training.progress import Follower
from recognition.services.versions import predictors, registry
from recognition.services.work import processes
from tests.recognition.conftest import Broker
from tests.recognition.fakes import SIZE, CropRecognizer, Face, photo

State = ModelVersion.State
pytestmark = pytest.mark.usefixtures("networks")


@pytest.fixture
def networks(version: ModelVersion, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version has a network, without files; the door to them is the real one."""

    def load(version: ModelVersion) -> predictors.Predictor:
        return predictors.Predictor(version, CropRecognizer(version.name))  # type: ignore[arg-type]

    monkeypatch.setattr(predictors, "_loaded", None)
    monkeypatch.setattr(predictors, "load", load)
    monkeypatch.setattr(registry, "verify", lambda _version: None)


def make(name: str, **fields: object) -> ModelVersion:
    digest = name.ljust(64, "0")
    return ModelVersion.objects.create(name=name, digest=digest, embedding_size=SIZE, **fields)


@pytest.fixture
def candidate(db: None) -> ModelVersion:
    passed = {"passed": True, "outcome": "better", "reasons": []}
    return make("better", gate={**passed, "against": "stripes"})


def enrol(name: str, number: int, shot: int = 0) -> EnrolledFace:
    person = Person.objects.filter(name=name).first() or Person(name=name)
    return enrol_photo(person, photo(Face(number, shot=shot)), f"{name}.png")[0]


@pytest.fixture
def three(version: ModelVersion) -> list[EnrolledFace]:
    return [enrol("Ann", 1), enrol("Ann", 1, shot=1), enrol("Ben", 2)]


def states() -> dict[str, str]:
    return dict(ModelVersion.objects.values_list("name", "state"))


def answer(user: User) -> tuple[str, str]:
    """Which version answers a photo of Ben, and whom it names."""
    file = SimpleUploadedFile("ben.png", photo(Face(2, shot=9)))
    (row,) = answering.submit(user, [file]).accepted
    answering.process(row.pk)
    row = Identification.objects.get(pk=row.pk)
    face = row.faces.get()
    return str(row.model_version), str(face.person)


def test_the_gallery_is_embedded_first_and_nothing_is_deleted(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion, operator: User
) -> None:
    seen: list[tuple[int, int]] = []
    embedded = serving.serve(candidate, operator, lambda *done: seen.append(done))
    assert embedded == Embedded(3, frozenset())
    assert seen == [(3, 3)]
    assert states() == {"stripes": "retired", "better": "active"}
    assert (candidate.replaced, candidate.activated_at is not None) == (version, True)
    assert version.templates.count() == candidate.templates.count() == 3
    event = AuditEvent.objects.get(action="model.activated")
    assert (event.actor, event.details["replaced"]) == (operator, "stripes")


def test_the_next_photo_is_answered_under_the_new_version_in_its_own_gallery(
    three: list[EnrolledFace], candidate: ModelVersion, user: User
) -> None:
    assert answer(user) == ("stripes", "Ben")
    serving.serve(candidate, None)
    assert answer(user) == ("better", "Ben")
    serving.rollback(None)
    assert answer(user) == ("stripes", "Ben")


def test_an_answer_under_way_ends_under_the_version_with_which_it_began(
    three: list[EnrolledFace], candidate: ModelVersion, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognize = CropRecognizer.recognize

    def slowly(self: CropRecognizer, image: object) -> object:
        serving.serve(candidate, None)
        return recognize(self, image)  # type: ignore[arg-type]

    predictors.active()
    with monkeypatch.context() as patch:
        patch.setattr(CropRecognizer, "recognize", slowly)
        assert answer(user) == ("stripes", "Ben")
    assert answer(user) == ("better", "Ben")


def test_a_version_that_stops_half_way_goes_on_there(
    candidate: ModelVersion, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "BATCH", 2)
    for number in range(1, 6):
        enrol(f"Person {number}", number)

    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serving.serve(candidate, None, stop)
    assert states()["better"] == "candidate"
    assert candidate.templates.count() == 4
    assert serving.serve(candidate, None).faces == 1


def test_whoever_is_enrolled_meanwhile_is_embedded_before_the_switch(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    late: list[EnrolledFace] = []

    def somebody_comes(_done: int, _total: int) -> None:
        if not late:
            late.append(enrol("Cleo", 3))

    serving.serve(candidate, None, somebody_comes)
    assert not templates.missing(candidate).exists()
    assert candidate.templates.filter(face=late[0]).exists()


def test_an_enrolment_under_way_during_the_switch_gets_a_template_of_the_new_version(
    three: list[EnrolledFace], candidate: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognize = CropRecognizer.recognize

    def slowly(self: CropRecognizer, image: object) -> object:
        if candidate.state != State.ACTIVE:
            serving.serve(candidate, None)
        return recognize(self, image)  # type: ignore[arg-type]

    monkeypatch.setattr(CropRecognizer, "recognize", slowly)
    cleo = enrol("Cleo", 3)
    assert [template.model_version for template in cleo.templates.all()] == [candidate]
    files = list(Path(cleo.crop.path).parent.iterdir())
    assert len(files) == EnrolledFace.objects.count()


def test_a_face_whose_crop_is_gone_is_named_and_stops_nobody(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    Path(three[0].crop.path).unlink()
    assert serving.serve(candidate, None) == Embedded(2, frozenset({three[0].pk}))
    assert states()["better"] == "active"
    event = AuditEvent.objects.get(action="model.activated")
    assert event.details["faces_without_crop"] == 1


def test_a_gallery_that_would_lose_people_stays_as_it_is(
    three: list[EnrolledFace], candidate: ModelVersion, operator: User, settings: Settings
) -> None:
    Path(three[0].crop.path).unlink()
    Path(three[1].crop.path).write_bytes(b"no picture")
    serving.request_promotion(candidate, operator)
    with pytest.raises(serving.PromotionRefused) as refused:
        serving.serve(candidate, None)
    assert promotion_refused(refused.value.code, refused.value.params).startswith(
        "better cannot go into service. The crops of 2 of 3 enrolled faces are gone or damaged: "
        f"restore the folder {settings.MEDIA_ROOT}, or remove"
    )
    assert states() == {"stripes": "active", "better": "candidate"}
    candidate.refresh_from_db()
    assert candidate.promotion_requested_at is None
    assert failures() == ["crops_lost"]


def test_of_many_faces_a_share_may_be_lost(
    three: list[EnrolledFace], candidate: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_LOST", 0.7)
    for face in three[:2]:
        Path(face.crop.path).unlink()
    assert len(serving.serve(candidate, None).lost) == 2


@pytest.mark.parametrize("trouble", ["the volume is not mounted", "a file cannot be read"])
def test_crops_that_are_only_out_of_reach_are_not_taken_for_lost(
    candidate: ModelVersion, version: ModelVersion, media: Path, trouble: str
) -> None:
    crop = Path(enrol("Ann", 1).crop.path)
    if trouble == "the volume is not mounted":
        shutil.rmtree(media)
        media.mkdir()
    else:
        crop.unlink()
        crop.mkdir()
    with pytest.raises(serving.PromotionRefused) as refused:
        serving.serve(candidate, None)
    sentence = promotion_refused(refused.value.code, refused.value.params)
    assert f"Check that the folder {media} is there" in sentence
    assert states() == {"stripes": "active", "better": "candidate"}
    assert failures() == ["crops_unreadable"]


def failures() -> list[str]:
    events = AuditEvent.objects.filter(action="model.promotion_failed")
    return [event.details["reason"] for event in events]


def test_a_face_removed_while_it_is_embedded_does_not_come_back(
    three: list[EnrolledFace], candidate: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = CropRecognizer.embed

    def slowly(self: CropRecognizer, crops: object) -> object:
        if Person.objects.filter(name="Ben").exists():
            erasure.remove_person(Person.objects.get(name="Ben"), None)
        return embed(self, crops)  # type: ignore[arg-type]

    monkeypatch.setattr(CropRecognizer, "embed", slowly)
    serving.serve(candidate, None)
    assert candidate.templates.count() == 2


def test_a_rollback_is_one_step_back_and_the_next_one_goes_further(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    third = make("third")
    serving.serve(candidate, None)
    serving.serve(third, None)
    assert serving.rollback(None) == candidate
    assert serving.rollback(None) == version
    with pytest.raises(serving.PromotionRefused, match="no_way_back"):
        serving.rollback(None)
    assert states() == {"stripes": "active", "better": "retired", "third": "retired"}
    actions = AuditEvent.objects.filter(action="model.rolled_back").order_by("pk")
    assert [event.details["name"] for event in actions] == ["better", "stripes"]


def test_a_rollback_leads_to_what_served_just_before_also_if_that_had_served_earlier(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    third = make("third")
    for chosen in (candidate, third, candidate):
        serving.serve(chosen, None)
    assert serving.way_back() == third
    assert serving.rollback(None) == third
    assert serving.rollback(None) == candidate
    assert serving.rollback(None) == version
    with pytest.raises(serving.PromotionRefused, match="no_way_back"):
        serving.rollback(None)
    serving.serve(candidate, None)  # the way back is that of what serves, however often it did
    assert serving.rollback(None) == version


@pytest.mark.parametrize("by", ["page", "command"])
def test_what_a_version_replaced_comes_back_after_it_was_promoted_by_hand(
    by: str, three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    """Promoting what served before is no rollback: the page promises that one click undoes it."""
    serving.serve(candidate, None)
    if by == "command":
        run("promote", "stripes")
        assert run("rollback") == "better is in service again. Faces embedded for it: 0.\n"
    else:
        version.refresh_from_db()
        serving.request_promotion(version, None)
        serving.serve(version, None)
        assert serving.rollback(None) == candidate
    assert states() == {"stripes": "retired", "better": "active"}
    actions = AuditEvent.objects.filter(action__in=["model.activated", "model.rolled_back"])
    assert [event.action for event in actions.order_by("pk")] == [
        *("model.activated", "model.activated", "model.rolled_back")
    ]


def test_a_version_that_is_gone_is_passed_over_on_the_way_back(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    third = make("third")
    serving.serve(candidate, None)
    serving.serve(third, None)
    fourth = make("fourth")
    candidate.templates.all().delete()
    candidate.delete()
    serving.serve(fourth, None)
    assert serving.rollback(None) == third
    assert serving.rollback(None) == version


def test_the_way_back_of_an_earlier_facesite_is_followed(version: ModelVersion) -> None:
    """It knew of each version the one that it had replaced, and two could point at each other."""
    second = make("second", replaced=version)
    third = make("third", replaced=second)
    ModelVersion.objects.filter(pk=version.pk).update(replaced=second)
    migration = import_module("recognition.migrations.0012_served_before")
    migration.follow_the_way_back(apps, None)
    found = dict(ModelVersion.objects.values_list("name", "served_before"))
    assert found[third.name] == ["stripes", "second"]
    assert found[second.name] == ["stripes"]
    assert found[version.name] == ["second"]


def test_a_rollback_over_new_faces_has_a_worker_embed_them_first(
    three: list[EnrolledFace],
    candidate: ModelVersion,
    version: ModelVersion,
    broker: Broker,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    serving.serve(candidate, None)
    enrol("Cleo", 3)
    with django_capture_on_commit_callbacks(execute=True):
        assert serving.rollback(None).state == State.RETIRED
    assert broker.sent("training") == [("train_promotion", str(version.pk))]
    out = StringIO()
    call_command("rollback", stdout=out)
    assert out.getvalue() == ("stripes is in service again. Faces embedded for it: 1.\n")
    version.refresh_from_db()
    assert (version.state, version.promotion_requested_at) == (State.ACTIVE, None)


def test_a_version_that_comes_back_knows_who_was_enrolled_meanwhile(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    """Also in a worker that had looked into the gallery in between, when it had no template."""
    serving.serve(candidate, None)
    with memory.current(predictors.active().version) as followed:
        assert followed.templates == 3
    serving.rollback(None)
    before, cleo = candidate, enrol("Cleo", 3)
    with memory.current(before) as followed:
        assert followed.templates == 3
    serving.serve(candidate, None)
    with memory.current(predictors.active().version) as followed:
        assert followed.templates == 4
    assert cleo.templates.count() == 2


def test_a_damaged_version_is_refused_and_nothing_changes(
    three: list[EnrolledFace],
    candidate: ModelVersion,
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damaged(_version: ModelVersion) -> None:
        raise ArtifactDamaged("…", "models/better/model.keras")

    monkeypatch.setattr(registry, "verify", damaged)
    for attempt in (serving.request_promotion, serving.serve):
        with pytest.raises(serving.PromotionRefused) as refused:
            attempt(candidate, operator)
        assert promotion_refused(refused.value.code, refused.value.params) == (
            "better cannot go into service. A file of the model is damaged: "
            "models/better/model.keras"
        )
    assert states() == {"stripes": "active", "better": "candidate"}
    assert AuditEvent.objects.get(action="model.promotion_failed").details["name"] == "better"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that a worker would have started."""
    commands: list[tuple[str, ...]] = []

    def start(*words: str) -> bool:
        commands.append(words)
        return True

    monkeypatch.setattr(processes, "start", start)
    return commands


def test_a_promotion_that_was_asked_for_is_seen_to_by_a_process_of_its_own(
    candidate: ModelVersion,
    operator: User,
    broker: Broker,
    started: list[tuple[str, ...]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        serving.request_promotion(candidate, operator)
    assert broker.sent("training") == [("train_promotion", str(candidate.pk))]
    assert broker.sent() == []
    tasks.train_promotion(str(candidate.pk))
    assert started == [("promote", "better", "--quiet")]
    serving.serve(candidate, None)
    tasks.train_promotion(str(candidate.pk))
    assert len(started) == 1
    asked = AuditEvent.objects.get(action="model.promotion_requested")
    assert asked.actor == operator


def test_a_promotion_of_which_nobody_has_heard_is_asked_for_again(
    three: list[EnrolledFace], candidate: ModelVersion, operator: User, broker: Broker
) -> None:
    serving.request_promotion(candidate, operator)
    sweeping.sweep()
    assert broker.sent("training") == []
    fall_silent(candidate)
    templates.embed_missing(candidate)
    assert sweeping.sweep().requeued == 1
    assert broker.sent("training") == [("train_promotion", str(candidate.pk))]


def fall_silent(version: ModelVersion) -> None:
    old = timezone.now() - STALE_AFTER - dt.timedelta(seconds=1)
    ModelVersion.objects.filter(pk=version.pk).update(promotion_requested_at=old)


def test_while_nobody_takes_messages_a_promotion_is_not_sent_again_and_again(
    candidate: ModelVersion, operator: User, broker: Broker
) -> None:
    serving.request_promotion(candidate, operator)
    fall_silent(candidate)
    assert [sweeping.sweep().requeued for _ in range(3)] == [1, 0, 0]
    assert len(broker.sent("training")) == 1


def test_a_promotion_whose_process_dies_every_time_comes_to_an_end(
    candidate: ModelVersion, operator: User, broker: Broker, started: list[tuple[str, ...]]
) -> None:
    serving.request_promotion(candidate, operator)
    for _ in range(MAX_ATTEMPTS):
        tasks.train_promotion(str(candidate.pk))
        fall_silent(candidate)
        broker.redis.flushall()
        sweeping.sweep()
    assert len(started) == MAX_ATTEMPTS
    assert broker.sent("training") == []
    assert failures() == ["gave_up"]
    candidate.refresh_from_db()
    assert (candidate.state, candidate.promotion_requested_at) == ("candidate", None)
    serving.request_promotion(candidate, operator)
    tasks.train_promotion(str(candidate.pk))
    fall_silent(candidate)
    assert sweeping.sweep().requeued == 1


def test_a_promotion_that_is_cancelled_changes_nothing_more(
    three: list[EnrolledFace],
    candidate: ModelVersion,
    operator: User,
    started: list[tuple[str, ...]],
) -> None:
    serving.request_promotion(candidate, operator)

    def cancel(_done: int, _total: int) -> None:
        serving.cancel_promotion(candidate, operator)

    with pytest.raises(serving.PromotionRefused, match="nobody_waits"):
        serving.serve(candidate, None, cancel)
    assert states() == {"stripes": "active", "better": "candidate"}
    assert AuditEvent.objects.get(action="model.promotion_cancelled").actor == operator
    tasks.train_promotion(str(candidate.pk))
    assert started == []
    serving.cancel_promotion(candidate, operator)
    assert AuditEvent.objects.filter(action="model.promotion_cancelled").count() == 1
    assert failures() == []
    serving.serve(candidate, operator)
    assert states()["better"] == "active"


def trained(candidate: ModelVersion) -> TrainingRun:
    """A run that has a candidate and may put it into service."""
    now = timezone.now()
    claim = {"status": Status.RUNNING, "claimed_at": now, "heartbeat_at": now}
    return TrainingRun.objects.create(
        name="better", architecture="sface", version=candidate, **claim
    )


def test_a_training_puts_its_version_into_service_when_it_is_better(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    row = trained(candidate)
    making.train(row, Follower(row, silent))
    assert (row.status, row.message) == ("done", "")
    assert states() == {"stripes": "retired", "better": "active"}


def judged(outcome: Outcome) -> dict[str, object]:
    return {**Verdict(outcome, ()).as_dict(), "against": "stripes"}


@pytest.mark.parametrize("outcome", ["as_good", "worse", "cannot_tell"])
def test_what_is_not_better_stays_a_candidate_until_somebody_promotes_it(
    outcome: Outcome, three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    candidate.gate = judged(outcome)
    candidate.save()
    row = trained(candidate)
    making.train(row, Follower(row, silent))
    assert row.status == "done"
    assert states() == {"stripes": "active", "better": "candidate"}
    if outcome == "as_good":
        serving.serve(candidate, None)
    else:
        with pytest.raises(serving.PromotionRefused, match="gate_not_passed"):
            serving.serve(candidate, None)
        serving.serve(candidate, None, terms=serving.Terms("It knows our people."))
        assert AuditEvent.objects.filter(action="model.promotion_forced").count() == 1
    assert states()["better"] == "active"


def test_what_an_earlier_facesite_let_pass_is_not_promoted_by_itself(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    """It was not worse beyond chance, which few people could never have shown."""
    candidate.gate = {"passed": True, "reasons": [], "against": "stripes"}
    candidate.save()
    row = trained(candidate)
    making.train(row, Follower(row, silent))
    assert states() == {"stripes": "active", "better": "candidate"}
    serving.serve(candidate, None)
    assert states()["better"] == "active"


def third_comes(event: Event) -> None:
    """Somebody puts another version into service while the faces are embedded for this one."""
    if isinstance(event, Progress) and event.phase == Phase.EMBEDDING:
        serving.serve(make("third"), None)


def test_a_training_does_not_push_out_a_version_that_it_was_not_compared_with(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    row = trained(candidate)
    making.train(row, Follower(row, third_comes))
    assert row.status == "done"
    assert row.message == (
        "third has gone into service in the meantime, and better was compared with stripes: "
        "it stays a candidate."
    )
    assert states() == {"stripes": "retired", "third": "active", "better": "candidate"}


def test_while_it_embeds_a_promotion_shows_that_it_lives(
    three: list[EnrolledFace], candidate: ModelVersion, operator: User
) -> None:
    serving.request_promotion(candidate, operator)
    ModelVersion.objects.filter(pk=candidate.pk).update(
        promotion_requested_at=timezone.now() - STALE_AFTER
    )

    def look(_done: int, _total: int) -> None:
        heard = ModelVersion.objects.get(pk=candidate.pk).promotion_requested_at
        assert heard is not None
        assert heard > timezone.now() - dt.timedelta(seconds=10)

    serving.serve(candidate, None, look)
    assert candidate.promotion_requested_at is None


@pytest.mark.django_db(transaction=True)
def test_people_may_be_enrolled_while_versions_change_and_none_is_missed(
    version: ModelVersion, candidate: ModelVersion
) -> None:
    barrier = threading.Barrier(2)

    def in_a_thread(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    def come() -> None:
        barrier.wait()
        for number in range(1, 9):
            enrol(f"Person {number}", number)

    def switch() -> None:
        barrier.wait()
        for chosen in (candidate, version, candidate):
            serving.serve(chosen, None)

    predictors.active()
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(in_a_thread, switch),
            pool.submit(in_a_thread, come),
        ]
        for job in jobs:
            job.result()
    assert registry.active() == candidate
    assert Template.objects.filter(model_version=candidate).count() == 8


def test_the_commands_promote_list_and_roll_back(
    three: list[EnrolledFace], version: ModelVersion, candidate: ModelVersion
) -> None:
    assert run("promote", "better") == (
        "Better than the version in service. It passed the gate.\n"
        "better is in service. Faces embedded for it: 3.\n"
    )
    heading, better, stripes = run("model_versions").splitlines()
    assert heading.split()[:3] == ["version", "state", "architecture"]
    assert better.split()[:2] == ["better", "active"]
    assert stripes.split()[:2] == ["stripes", "retired"]
    assert run("rollback") == "stripes is in service again. Faces embedded for it: 0.\n"
    listed = json.loads(run("model_versions", "--json"))["versions"]
    assert [(one["name"], one["state"], one["answers_by"]) for one in listed] == [
        ("stripes", "active", "gallery"),
        ("better", "retired", "gallery"),
    ]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("promote", "nobody"), "There is no model version “nobody”; there are: stripes."),
        (("promote", "stripes"), "stripes is in service already."),
        (("rollback",), "There is no version to go back to."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    command: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError) as caught:
        run(*command)
    assert str(caught.value) == sentence


def test_a_version_trained_on_somebody_erased_is_marked_and_listed(
    three: list[EnrolledFace], candidate: ModelVersion
) -> None:
    ben = Person.objects.get(name="Ben")
    TrainedPerson.objects.create(model_version=candidate, person_id=ben.pk)
    assert "erased since" not in run("model_versions")
    erasure.remove_person(ben, None)
    assert "  trained on 1 person erased since: retrain without them\n" in run("model_versions")


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_network_that_is_really_damaged_is_never_put_into_service(
    packaged_model: Path,
    tmp_path: Path,
    settings: Settings,
    candidate: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    settings.MODELS_DIR = tmp_path / "models"
    (name,) = (path.name for path in packaged_model.iterdir() if path.is_dir())
    shutil.copytree(packaged_model / name, tmp_path / "models" / "better")
    with pytest.raises(serving.PromotionRefused, match="model_damaged"):
        serving.serve(candidate, None)
