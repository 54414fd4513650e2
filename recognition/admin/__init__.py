from recognition.admin import accounts, audit, identifications, model_versions, people

__all__ = ["accounts", "audit", "identifications", "model_versions", "people"]
