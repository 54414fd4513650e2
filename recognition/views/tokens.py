from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recognition.confirmation import confirmed
from recognition.forms.tokens import TokenForm
from recognition.services.site import tokens as service
from recognition.views.requests import Request, form_methods


@require_safe
def tokens(request: Request) -> HttpResponse:
    """One's own tokens, with which programs ask."""
    return render(request, "account/tokens.html", {"tokens": request.user.api_tokens.all()})


@never_cache
@form_methods
@confirmed
def token_add(request: Request) -> HttpResponse:
    """A new one, whose secret is shown this once."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/token_add.html", {"form": form}, status=status)
    asked = form.cleaned_data
    user = request.user
    secret = service.make(user, asked["name"], asked["scopes"], asked["last_day"], by=user)
    context = {"secret": secret, "name": asked["name"]}
    return render(request, "account/token_made.html", context)


@require_POST
def token_revoke(request: Request, pk: int) -> HttpResponse:
    """It opens nothing any more."""
    if not service.revoke(request.user, pk):
        raise Http404
    return redirect("tokens")
