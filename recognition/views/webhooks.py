from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.webhooks import WebhookForm
from recognition.messages.webhooks import webhook_refused
from recognition.models import WebhookSubscription
from recognition.services import access
from recognition.services.webhooks import subscriptions
from recognition.services.webhooks.subscriptions import WebhookRefused
from recognition.services.webhooks.targets import TargetRefused
from recognition.views.requests import Request, form_methods

PAGE: Final = 25


@never_cache
@form_methods
def webhooks(request: Request) -> HttpResponse:
    """One's own, and the form for another. Its secret is shown in the answer, and nowhere else."""
    form = WebhookForm(request.user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _list_page(request, form)
    chosen = form.cleaned_data
    try:
        row, secret = subscriptions.add(request.user, chosen["url"], chosen["events"])
    except TargetRefused as refused:
        form.add_error("url", webhook_refused(refused))
        return _list_page(request, form)
    except WebhookRefused as refused:
        form.add_error(None, webhook_refused(refused))
        return _list_page(request, form)
    return render(request, "webhooks/added.html", {"webhook": row, "secret": secret})


def _list_page(request: Request, form: WebhookForm) -> HttpResponse:
    context = {"rows": access.visible_webhooks(request.user), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "webhooks/webhooks.html", context, status=status)


def _own(request: Request, pk: int) -> WebhookSubscription:
    return get_object_or_404(access.visible_webhooks(request.user), pk=pk)


@require_safe
def webhook(request: Request, pk: int) -> HttpResponse:
    """What was sent there, the newest first."""
    row = _own(request, pk)
    page = Paginator(row.deliveries.all(), PAGE).get_page(request.GET.get("page"))
    return render(request, "webhooks/webhook.html", {"webhook": row, "page": page})


@require_POST
def webhook_test(request: Request, pk: int) -> HttpResponse:
    row = _own(request, pk)
    _send(request, partial(subscriptions.try_out, row), _("A test event is on its way."))
    return redirect("webhook", pk)


def _send(request: Request, send: Callable[[], object], said: str) -> None:
    try:
        send()
    except WebhookRefused as refused:
        messages.error(request, webhook_refused(refused))
    else:
        messages.success(request, said)


@require_POST
def webhook_enable(request: Request, pk: int) -> HttpResponse:
    subscriptions.enable(_own(request, pk))
    messages.success(request, _("The webhook is in use again."))
    return redirect("webhook", pk)


@require_POST
def webhook_remove(request: Request, pk: int) -> HttpResponse:
    subscriptions.remove(_own(request, pk))
    messages.success(request, _("The webhook was removed."))
    return redirect("webhooks")


@require_POST
def delivery_replay(request: Request, pk: UUID) -> HttpResponse:
    delivery = get_object_or_404(access.visible_deliveries(request.user), pk=pk)
    _send(request, partial(subscriptions.replay, delivery), _("It is sent once more."))
    return redirect("webhook", delivery.subscription_id)
