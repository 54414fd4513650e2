from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar

from django.db import models

from facesite.sealing import seal, unseal


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # not generic when it runs
    """Bytes that are sealed in the database and in backups if the site encrypts. `about` is what is
    sealed in with them."""

    about: ClassVar[bytes]

    def deconstruct(self) -> Any:
        """To the database it is what it always was."""
        name, _, *rest = super().deconstruct()
        return name, "django.db.models.BinaryField", *rest

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return None if value is None else seal(bytes(value), self.about)

    def from_db_value(self, value: Any, *_: Any) -> bytes | None:
        return None if value is None else unseal(bytes(value), self.about)

    def value_to_string(self, obj: models.Model) -> str:
        return b64encode(self.get_prep_value(self.value_from_object(obj))).decode()


class EmbeddingField(SealedField):
    """An embedding, little-endian float32."""

    about = b"embedding"


class SecretField(SealedField):
    """What a subscription signs with."""

    about = b"secret of a webhook"
