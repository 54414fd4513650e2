from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from qrcode import QRCode
from qrcode.image.svg import SvgPathImage

from recognition.confirmation import confirmed_lately
from recognition.models import User
from recognition.services import audit
from recognition.services.refusals import Refused
from recognition.services.site import invitations, logins, mail, second_factor
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

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A log-in of a moment ago is enough."""
        return not confirmed_lately(context.request)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """The password alone confirms nothing for whoever has a second factor."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [way for way in ways if way["id"] != "reauthenticate"] or ways

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


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def build_totp_svg(self, url: str) -> str:
        """An element of the page itself, which takes pictures from this site alone."""
        code = QRCode(image_factory=SvgPathImage)
        code.add_data(url)
        return str(code.make_image().to_string(encoding="unicode"))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.required(authenticator.user)


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: Sequence[UserSession]) -> None:
        user = context.request.user
        with transaction.atomic():
            super().end_sessions(sessions)
            audit.record(user, "account.sessions_ended", user, sessions=len(sessions))
