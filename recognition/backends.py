from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from recognition.services.site import logins


class AccountBackend(AuthenticationBackend):  # type: ignore[misc]
    """Logs in by username or by address, in small letters or capital ones of any script.

    One password is looked at for each try, whether there is such an account or not, so that the
    time tells nobody who has one. allauth passes an address twice, and would look twice.
    """

    def authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> AbstractBaseUser | None:
        login = credentials.get("email") or credentials.get("username") or ""
        password = credentials.get("password")
        found: AbstractBaseUser | None = super().authenticate(
            request, username=logins.as_written(login), password=password
        )
        return found
