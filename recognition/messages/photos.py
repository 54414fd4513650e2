"""Sentences about photos: why one has no answer or is not enrolled, and what to try next."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recognition.formats import file_size
from recognition.messages.quality import quality_advice

Params = Mapping[str, Any]

_PHOTO = {
    "unreadable_image": gettext_lazy(
        "This file could not be read as a photo. JPEG, PNG, WebP, HEIC and AVIF work."
    ),
    "empty_file": gettext_lazy(
        "This file is empty. Copy it again from where the photo was taken, and see whether it "
        "opens there."
    ),
    "damaged_image": gettext_lazy(
        "This photo is damaged or was cut short on its way. Copy it again from where it was taken, "
        "and see whether it opens there."
    ),
    "cut_short": gettext_lazy(
        "This photo was cut short on its way: less than half of it is here. Copy it again from "
        "where it was taken."
    ),
    "image_too_costly": gettext_lazy(
        "Opening this photo would take more time or memory than the site has for one. Save it "
        "again as an ordinary JPEG, and upload that."
    ),
    "image_too_large": gettext_lazy("This photo is too large. Make it smaller and try again."),
    "gave_up": gettext_lazy(
        "Something went wrong on our side, several times. Upload the photo again; if that does "
        "not help, tell whoever runs this site."
    ),
    "timed_out": gettext_lazy("This photo took too long. Make it smaller and upload it again."),
    "original_missing": gettext_lazy(
        "The stored file was gone before it could be looked at. Upload the photo again."
    ),
    "unreadable_file": gettext_lazy("The file cannot be opened."),
}

_REFUSAL = {
    "no_face": gettext_lazy(
        "No face was found. Take a photo in which the face is seen from the front and large enough."
    ),
    "several_faces": gettext_lazy(
        "There are several faces. Crop the photo so that only this person is in it."
    ),
    "low_quality": gettext_lazy("The face cannot be recognised well. Take a sharper photo."),
    "enrolled_elsewhere": gettext_lazy("This very photo is enrolled under another person."),
    "looks_like_another": gettext_lazy(
        "The face looks like somebody else who is enrolled, and not like the photos of this "
        "person. Check whose photo it is."
    ),
    "unlike_others": gettext_lazy(
        "The face is unlike the other photos of this person. Check whose photos these are."
    ),
    "no_consent": gettext_lazy(
        "No consent of this person to be recognised is on record, or it is over."
    ),
    "not_confirmed": gettext_lazy("No reviewer says that this is the person any more."),
    "reviewed_otherwise": gettext_lazy(
        "A reviewer says that this is somebody else, or not a face. Ask a reviewer to look again."
    ),
    "enrolled_as_photo": gettext_lazy("This very photo of the person is enrolled already."),
    "person_removed": gettext_lazy("The person has been removed in the meantime."),
    "not_in_a_folder": gettext_lazy("Photos belong in a folder named after their person."),
    "nested_folder": gettext_lazy("Only the photos directly in a person's folder are looked at."),
    "empty_folder": gettext_lazy("There are no photos in this folder."),
    "bad_name": gettext_lazy("The folder's name cannot be the name of a person."),
}


def photo_error(code: str, params: Params | None = None) -> str:
    """Why an uploaded photo has no answer."""
    if code == "image_too_large" and params:
        return _too_large(params)
    return str(_PHOTO.get(code) or _PHOTO["gave_up"])


def too_many_photos(code: str, params: Params) -> str:
    """Why an upload is not taken now, and when it will be."""
    if code == "too_many_waiting":
        said = ngettext(
            "Only %(limit)d of your photos can wait at a time. Nothing was stored. Look at the "
            "answers that are there, and try again in a moment.",
            "Only %(limit)d of your photos can wait at a time. Nothing was stored. Look at the "
            "answers that are there, and try again in a moment.",
            params["limit"],
        )
        return said % params
    minutes = math.ceil(params["after"] / dt.timedelta(minutes=1))
    said = ngettext(
        "You can upload %(limit)d photos in an hour. Nothing was stored. Try again in %(minutes)d "
        "minute.",
        "You can upload %(limit)d photos in an hour. Nothing was stored. Try again in %(minutes)d "
        "minutes.",
        minutes,
    )
    return said % {"limit": params["limit"], "minutes": minutes}


def refusal(code: str, params: Params | None = None) -> str:
    """Why a photo is not enrolled."""
    params = params or {}
    if code == "several_faces" and "count" in params:
        return _("There are %(count)d faces. Crop the photo so that only this person is in it.") % {
            "count": params["count"]
        }
    if code == "enrolled_elsewhere" and "name" in params:
        return _("This very photo is enrolled under %(name)s.") % {"name": params["name"]}
    if code == "looks_like_another" and "name" in params:
        return _(
            "The face looks like %(name)s, and not like the photos of this person. Check whose "
            "photo it is."
        ) % {"name": params["name"]}
    if code in _REFUSAL:
        return str(_REFUSAL[code])
    return quality_advice([code]) or photo_error(code, params)


def noted(code: str, params: Params | None = None) -> str:
    """What there is to say of a photo, enrolled or not; nothing once the person is gone of whom
    alone it speaks."""
    params = params or {}
    if code == "perhaps_same_person":
        said = _("Probably the same person as %(name)s. If so, keep only one of them.")
        return said % params if "name" in params else ""
    if code == "little_like_others":
        return _("The face does not look much like the other photos of this person.")
    return refusal(code, params) if code else ""


def _too_large(params: Params) -> str:
    limit, actual = params["limit"], params["actual"]
    if params["unit"] == "bytes":
        text = _(
            "This photo has %(actual)s; the limit is %(limit)s. Make it smaller and try again."
        )
        return text % {"actual": file_size(actual), "limit": file_size(limit)}
    if params["unit"] == "side":
        text = _(
            "This photo is %(actual)s pixels long; the limit is %(limit)s. Cut it into parts and "
            "try again."
        )
        return text % {"actual": number_format(actual), "limit": number_format(limit)}
    if limit < settings.MAX_PHOTO_PIXELS:
        text = _(
            "This photo has %(actual)s megapixels; in its format the limit is %(limit)s. Make it "
            "smaller, or save it as an ordinary JPEG, and try again."
        )
    else:
        text = _(
            "This photo has %(actual)s megapixels; the limit is %(limit)s. Make it smaller and "
            "try again."
        )
    return text % {"actual": _megapixels(actual), "limit": _megapixels(limit)}


def _megapixels(pixels: int) -> str:
    """One decimal, none if it would be a nought; rounded up, so that no excess looks allowed."""
    tenths = -(-pixels // 100_000)
    return number_format(tenths / 10, decimal_pos=1 if tenths % 10 else 0)
