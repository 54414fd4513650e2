from recognition.models.accounts import Invitation, User
from recognition.models.comparison import Comparison
from recognition.models.consent import Consent, ConsentText, How, Purpose
from recognition.models.findings import Finding, Look, LookedOver
from recognition.models.heat import HeatMap
from recognition.models.idempotency import IdempotencyKey
from recognition.models.identification import Candidate, Identification, ProbeFace, having
from recognition.models.imports import Import, ImportFile, ImportRun
from recognition.models.merges import Merge
from recognition.models.model_versions import ModelVersion
from recognition.models.opinions import Opinion
from recognition.models.people import (
    EnrolledFace,
    Enrolment,
    FolderName,
    GalleryChange,
    GalleryRevision,
    Person,
    Template,
)
from recognition.models.privacy import AuditEvent, AuditHead, DeletionReason
from recognition.models.proposals import Proposal
from recognition.models.strangers import Stranger
from recognition.models.tokens import ApiToken, Scope
from recognition.models.training import TrainedPerson, TrainingRun, Trial
from recognition.models.vectors import VectorTable
from recognition.models.webhooks import Event, WebhookDelivery, WebhookSubscription
from recognition.models.work import UNFINISHED, QueuedWork, Status

__all__ = [
    "UNFINISHED",
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "Candidate",
    "Comparison",
    "Consent",
    "ConsentText",
    "DeletionReason",
    "EnrolledFace",
    "Enrolment",
    "Event",
    "Finding",
    "FolderName",
    "GalleryChange",
    "GalleryRevision",
    "HeatMap",
    "How",
    "IdempotencyKey",
    "Identification",
    "Import",
    "ImportFile",
    "ImportRun",
    "Invitation",
    "Look",
    "LookedOver",
    "Merge",
    "ModelVersion",
    "Opinion",
    "Person",
    "ProbeFace",
    "Proposal",
    "Purpose",
    "QueuedWork",
    "Scope",
    "Status",
    "Stranger",
    "Template",
    "TrainedPerson",
    "TrainingRun",
    "Trial",
    "User",
    "VectorTable",
    "WebhookDelivery",
    "WebhookSubscription",
    "having",
]
