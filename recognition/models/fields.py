from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from django.db import models

from facesite.sealing import seal, unseal

ABOUT: Final = b"embedding"


class EmbeddingField(models.BinaryField):  # type: ignore[type-arg]  # not generic when it runs
    """An embedding, little-endian float32, sealed in the database and in backups if the site
    encrypts."""

    def deconstruct(self) -> Any:
        """To the database it is what it always was."""
        name, _, *rest = super().deconstruct()
        return name, "django.db.models.BinaryField", *rest

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return None if value is None else seal(bytes(value), ABOUT)

    def from_db_value(self, value: Any, *_: Any) -> bytes | None:
        return None if value is None else unseal(bytes(value), ABOUT)

    def value_to_string(self, obj: models.Model) -> str:
        return b64encode(self.get_prep_value(self.value_from_object(obj))).decode()
