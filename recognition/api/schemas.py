"""What is sent and answered, as the document has it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from ninja import Field, Schema


class Problem(Schema):
    """Why something is not done (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="What the status means.")
    status: int
    code: str = Field(description="What programs go by; it does not change.")
    detail: str = Field(description="The same for people, in the language of Accept-Language.")
    errors: list[Error] = Field([], description="What is wrong with which part of the request.")


class Error(Schema):
    field: str
    message: str


class Candidate(Schema):
    """Somebody who may be the face."""

    person: str | None
    similarity: float
    probability: float
    other_name: bool = Field(description="Looks like the same person under another name.")


class Face(Schema):
    id: int
    box: list[float] = Field(description="x, y, width and height, in pixels of the upright photo.")
    score: float
    quality: float
    decision: str = Field(description="match, ambiguous, unknown, or unclear: too poor to tell.")
    rival: int | None = Field(description="The index of another face, more like the same person.")
    person: str | None = Field(description="Who it is, if the decision is match.")
    probability: float | None = Field(
        description="That the first candidate is right; null where the account may not know."
    )
    similarity: float | None
    threshold: float | None
    corrected: bool = Field(description="A name is left out that a reviewer refused before.")
    candidates: list[Candidate] = Field(
        description="Best first; those whom the answer does not name as far as the role may see."
    )
    review: str | None = Field(description="What a reviewer said of the answer.")
    found: str | None = Field(description="Who an unknown face was found to be since.")


class Gallery(Schema):
    people: int
    templates: int


class Photo(Schema):
    """One photo that was asked about, and its answer."""

    id: UUID
    batch: UUID = Field(description="The upload that it came with.")
    path: str = Field(description="The name of the file.")
    status: str = Field(description="queued, running, done, rejected or failed.")
    error: str | None = Field(description="Why there is no answer.")
    created: dt.datetime
    finished: dt.datetime | None
    model: str | None
    gallery: Gallery
    width: int | None
    height: int | None
    turned: int = Field(description="Degrees by which all faces are turned, clockwise.")
    parts: int = Field(description="In how many parts the photo was looked at.")
    cut_short: bool = Field(description="The file ends too early.")
    faces: list[Face] = Field(description="From left to right.")


class RefusedPhoto(Schema):
    path: str
    error: str


class Upload(Schema):
    """The photos of one upload."""

    batch: UUID
    photos: list[Photo]
    refused: list[RefusedPhoto] = Field([], description="Files that were not taken.")


class Photos(Schema):
    items: list[Photo]
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class Quota(Schema):
    limit: int
    left: int
    seconds: int = Field(description="Until there is more, as far as it is known.")


class Quotas(Schema):
    hour: Quota
    waiting: Quota


class Me(Schema):
    username: str
    roles: list[str]
    administrator: bool
    scopes: list[str] | None = Field(description="Those of the token; null in a session.")
    quota: Quotas


class Model(Schema):
    """A model version, as `manage.py model_versions --json` has it."""

    name: str
    state: str = Field(description="candidate, active or retired.")
    architecture: str
    answers_by: str = Field(description="gallery or classes.")
    open_set: bool
    figures: dict[str, Any]
    side_by_side: dict[str, Any] | None
    gate: dict[str, Any] | None
    parent: str | None
    replaced: str | None
    created: dt.datetime
    activated: dt.datetime | None
    bytes: int
    erased_people: int


class Models(Schema):
    versions: list[Model]


class Status(Schema):
    healthy: bool
    model: str
    model_problem: str | None
    broker: bool = Field(description="It can be reached.")
    worker: str = Field(description="ready, away or stuck.")
    waiting: int
    waiting_since: dt.datetime | None
    failed: int = Field(description="Photos that can be tried again.")
    people: int
    photos: int


class ComparedFace(Schema):
    box: list[float] = Field(description="x, y, width and height, in pixels of its photo.")
    quality: float


class Pair(Schema):
    probability: float
    similarity: float


class Verification(Schema):
    """Two photos, and the chance that they show one person; of several faces in a photo the
    largest is meant."""

    id: UUID
    status: str = Field(description="queued, running, done, rejected or failed.")
    error: str | None
    wrong: str | None = Field(description="The photo that could not be used.")
    created: dt.datetime
    finished: dt.datetime | None
    model: str | None
    paths: list[str] = Field(description="The names of both files.")
    decision: str | None = Field(
        description="match, unknown for two people, ambiguous, or unclear: too poor to tell; null "
        "where a photo has no face."
    )
    probability: float | None
    similarity: float | None
    faces: list[list[ComparedFace]] = Field(description="Of each photo, from left to right.")
    pairs: list[list[Pair]] = Field(description="Each face of the first with each of the second.")


class NewPerson(Schema):
    name: str
    external_id: str = ""


class Person(NewPerson):
    id: int
    hidden: bool = Field(description="Never named in an answer.")
    created: dt.datetime
    photos: int


class ChangedPerson(Schema):
    name: str | None = None
    external_id: str | None = None
    notes: str | None = None
    hidden: bool | None = None


class MergedPerson(Schema):
    into: int = Field(description="The number of the person who stays.")


class People(Schema):
    items: list[Person]
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class EnrolledPhoto(Schema):
    """A photo of somebody, by which they are recognised."""

    id: int
    path: str = Field(description="The name of the file.")
    quality: float
    remark: str = Field(description="What speaks against it, if anything does.")
    from_review: bool = Field(description="It was asked about, and a reviewer said who it is.")


class EnrolledPhotos(Schema):
    items: list[EnrolledPhoto]


class Enrolment(Schema):
    """A photo that a worker enrols, or refuses."""

    id: UUID
    path: str
    status: str = Field(description="queued, running, done, rejected or failed.")
    error: str | None = Field(description="Why it is not enrolled.")
    photo: int | None = Field(description="The enrolled photo.")


class Enrolments(Schema):
    items: list[Enrolment]
    refused: list[RefusedPhoto] = Field([], description="Files that were not taken.")


class NewVerdict(Schema):
    verdict: str = Field(description="right, somebody_else, not_in_gallery or not_a_face.")
    person: int | None = Field(None, description="With somebody_else: who it is.")


class Verdict(Schema):
    """What a reviewer said of a face."""

    face: int
    verdict: str
    person: int | None
    reviewed: dt.datetime


class Stranger(Schema):
    """Somebody who is in several photos, and whom the site could not name."""

    id: int
    photos: int
    first: dt.datetime
    last: dt.datetime
    faces: list[int] = Field(description="The best of them.")
    asked_by: list[str]


class Strangers(Schema):
    items: list[Stranger]
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class Whom(Schema):
    """Somebody of the gallery, or the name of somebody new."""

    person: int | None = None
    name: str = ""


class Named(Schema):
    person: int
    faces: int = Field(description="So many are being enrolled.")


class NewConsent(Schema):
    purposes: list[str] = Field(description="recognition, training, or both.")
    how: str = Field(description="paper, electronic, guardian or other.")


class Consent(Schema):
    """Somebody agreed to one purpose."""

    purpose: str
    how: str
    given: dt.datetime
    until: dt.datetime | None
    withdrawn: dt.datetime | None
    counts: bool = Field(description="It is neither over nor withdrawn nor set aside by a merge.")


class Consents(Schema):
    items: list[Consent]


class NewWebhook(Schema):
    url: str
    events: list[str] = Field(description="See docs/webhooks.md of the site's code.")


class Webhook(NewWebhook):
    id: int
    created: dt.datetime
    disabled: str = Field(description="gone or failing; empty while it is in use.")


class AddedWebhook(Webhook):
    secret: str = Field(description="What calls are signed with. It is told this once.")


class Webhooks(Schema):
    items: list[Webhook]


class Delivery(Schema):
    """An event that was sent to a webhook, or is to be."""

    id: UUID
    event: UUID = Field(description="The same in each attempt and replay: webhook-id.")
    type: str
    status: str = Field(description="queued, running, done, rejected or failed.")
    attempts: int
    error: str | None = Field(description="What went wrong last.")
    response: int | None = Field(description="The status that the receiver answered with.")
    created: dt.datetime


class Deliveries(Schema):
    items: list[Delivery]
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class RecognizedBox(Schema):
    probability: float
    x_min: int
    y_min: int
    x_max: int
    y_max: int


class RecognizedSubject(Schema):
    subject: str
    similarity: float | None = Field(description="The probability that it is this person.")


class RecognizedFace(Schema):
    box: RecognizedBox
    subjects: list[RecognizedSubject]


class Recognized(Schema):
    """Faces as CompreFace has them."""

    result: list[RecognizedFace]


class Subject(Schema):
    subject: str


class Subjects(Schema):
    subjects: list[str]


class Updated(Schema):
    updated: bool


class Example(Schema):
    image_id: str
    subject: str
    code: str | None = Field(None, description="Why it is not enrolled.")


class Examples(Schema):
    faces: list[Example]
    page_number: int
    page_size: int
    total_pages: int
    total_elements: int


class Removed(Schema):
    deleted: int
