from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Permission
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

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Those of an account and of its roles, read once a request as Django does, with one query
        in place of two."""
        plain = obj is None and user_obj.is_active and not user_obj.is_superuser
        if plain and not user_obj.is_anonymous and not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = set(_permissions(user_obj))
        found: set[str] = super().get_all_permissions(user_obj, obj)
        return found


def _permissions(user: AbstractBaseUser) -> Iterator[str]:
    own, of_roles = (
        Permission.objects.filter(**{whose: user})
        .order_by()
        .values_list("content_type__app_label", "codename")
        for whose in ("user", "group__user")
    )
    return (f"{app}.{name}" for app, name in own.union(of_roles))
