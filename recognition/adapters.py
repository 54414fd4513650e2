from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from recognition.models import User
from recognition.services.refusals import Refused
from recognition.services.site import invitations

INVITATION = "invitation"
"""Where the session keeps the one with which somebody came."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        invited = invitations.standing(request.session.get(INVITATION))
        return bool(settings.SIGNUP_OPEN) or invited is not None

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit)
                if not settings.SIGNUP_OPEN:
                    invitations.use(request.session.pop(INVITATION, None), saved)
        except Refused as refused:
            raise ImmediateHttpResponse(redirect("account_signup")) from refused
        return saved
