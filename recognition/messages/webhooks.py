"""Sentences about webhooks: why one is refused, what became of a delivery, and that one was
disabled."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from recognition.models import WebhookSubscription
from recognition.services.refusals import Refused
from recognition.services.site import mail
from recognition.services.site.addresses import absolute

REFUSED = {
    "no_address": gettext_lazy("This is not an address."),
    "scheme": gettext_lazy("The address begins with https:// or http://."),
    "credentials": gettext_lazy("The address may not have a user name or a password in it."),
    "too_long": gettext_lazy("The address is longer than %(longest)d characters."),
    "not_public": gettext_lazy(
        "The address leads into a private network, and this site does not call there."
    ),
    "unknown_host": gettext_lazy("Nobody knows this host name."),
    "enough_webhooks": gettext_lazy("An account can have %(most)d webhooks."),
    "events": gettext_lazy("Choose one of the events, or several."),
    "disabled": gettext_lazy("The webhook is disabled. Use it again first."),
}
_WENT_WRONG = {
    "not_public": REFUSED["not_public"],
    "unknown_host": REFUSED["unknown_host"],
    "timed_out": gettext_lazy("No answer within ten seconds."),
    "unreachable": gettext_lazy("The receiver could not be reached."),
    "untrusted": gettext_lazy("The certificate of the receiver is not one that this site trusts."),
    "no_answer": gettext_lazy("The receiver ended the connection without an answer."),
    "redirected": gettext_lazy("The receiver redirects elsewhere. This site does not follow."),
    "refused": gettext_lazy("The receiver did not accept it."),
    "disabled": gettext_lazy("The webhook was disabled by then."),
    "not_to_be_seen": gettext_lazy(
        "What happened was deleted by then, or you may not see it any more."
    ),
    "gave_up": gettext_lazy("It failed on this side."),
}


def webhook_refused(refused: Refused) -> str:
    return str(REFUSED[refused.code]) % refused.params


def went_wrong(code: str) -> str:
    """What was wrong with the last attempt of a delivery; nothing if nothing was."""
    return str(_WENT_WRONG.get(code, code))


def tell_disabled(row: WebhookSubscription) -> None:
    """A mail to the owner, where the site can send one. The page of the webhook says it anyway."""
    if settings.MAIL and row.owner.email:
        with override(settings.LANGUAGE_CODE):
            mail.send(_disabled(row))


def _disabled(row: WebhookSubscription) -> EmailMessage:
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + _("A webhook was disabled")
    said = _(
        "facesite calls %(address)s no more: %(reason)s.\n\n"
        "Once that is mended, you can use it again: %(link)s"
    ) % {
        "address": row.url,
        "reason": row.get_disabled_display(),
        "link": absolute(reverse("webhook", args=(row.pk,))),
    }
    return EmailMessage(subject, said, to=[row.owner.email])
