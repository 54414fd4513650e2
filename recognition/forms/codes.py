from __future__ import annotations

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.core.cache import cache


class _OnceOnly(BaseAuthenticateForm):  # type: ignore[misc]
    """A code of an app opens once, as long as it is good for: with a tolerance that is longer than
    allauth remembers it."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        periods = 2 * app_settings.TOTP_TOLERANCE + 1
        key, lasts = f"code-{self.user.pk}-{code}", periods * app_settings.TOTP_PERIOD
        if self.authenticator.type == Authenticator.Type.TOTP and not cache.add(key, "", lasts):
            raise get_adapter().validation_error("incorrect_code")
        return code


class LoginCodeForm(_OnceOnly, AuthenticateForm):  # type: ignore[misc]
    pass


class ConfirmationCodeForm(_OnceOnly, ReauthenticateForm):  # type: ignore[misc]
    pass
