from __future__ import annotations

from typing import cast

from allauth.account import views as allauth
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recognition.adapters import INVITATION
from recognition.confirmation import confirmed
from recognition.services.privacy import own_data
from recognition.services.site import accounts, invitations
from recognition.views.requests import Request, downloaded, form_methods, may_manage_people


@may_manage_people
@form_methods
def invite(request: Request) -> HttpResponse:
    """A new link each time it is asked for, shown this once."""
    link = invitations.invite(request.user) if request.method == "POST" else ""
    return render(request, "account/invite.html", {"link": link, "days": invitations.LASTS.days})


@login_not_required
def password_reset(request: HttpRequest) -> HttpResponseBase:
    """By mail; where the site has no mail server, only an administrator can help."""
    if settings.MAIL:
        return cast(HttpResponseBase, allauth.password_reset(request))
    return render(request, "account/password_reset_by_hand.html")


@login_not_required
@never_cache
@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads: to the sign-up page, which is open to whoever comes from here."""
    found = invitations.open_one(token)
    if found is None:
        return render(request, "account/invitation_over.html", status=404)
    request.session[INVITATION] = str(found.pk)
    return redirect("account_signup")


@require_safe
def my_data(request: Request) -> HttpResponse:
    """What one can do with what is stored of one's account."""
    photos = request.user.identifications.count()
    return render(request, "account/my_data.html", {"photos": photos})


@never_cache
@require_safe
@confirmed
def my_data_download(request: Request) -> HttpResponseBase:
    """Everything as one ZIP, which the site does not keep."""
    pieces = own_data.export(request.user)
    return downloaded(StreamingHttpResponse(pieces), "facesite-my-data.zip")


@form_methods
@confirmed
def account_delete(request: Request) -> HttpResponse:
    """One's own account, with all photos that it asked about."""
    if request.method == "POST":
        try:
            accounts.delete_account(request.user, request.user)
        except accounts.LastAdministrator:
            messages.error(
                request,
                _("You are the only administrator of this site: make somebody else one first."),
            )
            return redirect("my_data")
        logout(request)
        messages.success(request, _("Your account and everything in it were deleted."))
        return redirect("account_login")
    photos = request.user.identifications.count()
    return render(request, "account/confirm_delete.html", {"photos": photos})
