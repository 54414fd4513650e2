from recognition.admin import (
    accounts,
    audit,
    consent,
    identifications,
    model_versions,
    people,
    roles,
)

__all__ = [
    "accounts",
    "audit",
    "consent",
    "identifications",
    "model_versions",
    "people",
    "roles",
]
