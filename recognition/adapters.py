from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from recognition.models import User
from recognition.services.refusals import Refused
from recognition.services.site import invitations, logins, mail
from recognition.services.site.addresses import absolute

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

    def send_account_already_exists_mail(self, email: str) -> None:
        """In the place of opening an account, which takes as long as hashing its password."""
        make_password(email)
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Every address in a mail is the site's own, whatever host the request has named."""
        own = {name: absolute(said) for name, said in context.items() if name.endswith("_url")}
        site = {"name": "facesite", "domain": urlsplit(settings.SITE_URL).netloc}
        said = {"email": email, **context, **own, "current_site": site}
        mail.send(self.render_mail(template_prefix, email, said))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What failed attempts are counted for. allauth's own key has the host in it that the
        request names, and there is no other hook for it."""
        return logins.counted_as(credentials.get("email") or credentials.get("username", ""))
