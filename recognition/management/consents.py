"""What the command that enrols is told of consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from recognition.models import ConsentText, How, Purpose
from recognition.services.gallery.agreements import Agreed

_PURPOSES: Final = {
    "training": (Purpose.TRAINING,),
    "recognition": (Purpose.RECOGNITION,),
    "both": tuple(Purpose),
}
_HOWS: Final = tuple(how.value for how in How if how is not How.BEFORE)


def add_options(parser: CommandParser) -> None:
    parser.add_argument(
        "--consent-to",
        choices=_PURPOSES,
        default="training",
        help=_("what --consent, or a yes in a table, agrees to (default: training)"),
    )
    parser.add_argument(
        "--consent-how", choices=_HOWS, default="other", help=_("how they agreed (default: other)")
    )
    parser.add_argument(
        "--consent-text",
        type=int,
        metavar="N",
        help=_("the version of the text that they agreed to (default: the newest)"),
    )


def agreed(options: Mapping[str, Any]) -> Agreed:
    purposes, how = _PURPOSES[options["consent_to"]], How(options["consent_how"])
    number = options["consent_text"]
    if number is None:
        return Agreed(purposes, how)
    text = ConsentText.objects.filter(number=number).first()
    if text is None:
        raise CommandError(_("There is no version %d of the text of consent.") % number)
    return Agreed(purposes, how, text)
