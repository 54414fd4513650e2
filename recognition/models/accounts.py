from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """An account of the site. What it may do comes from its groups: user, reviewer, operator."""

    @property
    def is_reviewer(self) -> bool:
        return self.has_perm("recognition.review_identifications")

    @property
    def is_operator(self) -> bool:
        return self.has_perm("recognition.manage_people")
