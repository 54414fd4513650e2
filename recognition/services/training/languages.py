"""The languages of the site as `ml` speaks them: a report is written once, and read by anybody."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext, ngettext, override

from ml.language import Language

Given = ParamSpec("Given")
_SPACE = "\N{NO-BREAK SPACE}"


def beside_english() -> tuple[Language, ...]:
    return tuple(language(code) for code, _name in settings.LANGUAGES if code != "en")


def current() -> Language:
    """That of the reader, or of the site."""
    return language(get_language() or settings.LANGUAGE_CODE)


def language(code: str) -> Language:
    """One that is spoken whatever the language of the moment is."""

    def always(say: Callable[Given, str]) -> Callable[Given, str]:
        @wraps(say)
        def said(*args: Given.args, **kwargs: Given.kwargs) -> str:
            with override(code):
                return say(*args, **kwargs)

        return said

    return Language(
        gettext=always(gettext),
        ngettext=always(ngettext),
        percent=always(_percent),
        rate=always(_rate),
        points=always(_points),
        number=always(_number),
        code=code,
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{_number(share * 100, 2)}{_SPACE}%"


def _rate(share: float) -> str:
    return f"{number_format(f'{share * 100:g}')}{_SPACE}%"


def _points(difference: float) -> str:
    sign = "+" if difference >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{_number(abs(difference) * 100, 2)}"


def _number(value: float, digits: int = 0) -> str:
    rounded = round(value, digits)  # what formats it cuts digits off
    return number_format(rounded, decimal_pos=digits, force_grouping=True)
