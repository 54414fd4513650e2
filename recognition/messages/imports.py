"""Sentences about people who are brought in from the browser."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognition.formats import file_size
from recognition.messages.photos import Params, noted

_TABLES = {
    "table_unreadable": gettext_lazy("This is not a CSV table; save it again, in UTF-8."),
    "table_without_names": gettext_lazy(
        "The first line has to name the columns: name, external_id, consent."
    ),
    "row_without_name": gettext_lazy("Line %(line)d has no name."),
    "row_of_nobody": gettext_lazy("Line %(line)d: no folder has this name."),
    "row_repeated": gettext_lazy("Line %(line)d: another line is about this person already."),
    "row_consent": gettext_lazy("Line %(line)d: consent has to be yes, no or empty."),
    "row_external_id": gettext_lazy("Line %(line)d: the external id is too long."),
}
_ARCHIVES = {
    "archive_unreadable": gettext_lazy("This file is not a ZIP archive, or it is damaged."),
    "archive_encrypted": gettext_lazy("The archive is encrypted. Unpack it, and take the folder."),
    "archive_too_large": gettext_lazy("The archive holds too much. Import the people in parts."),
}


def of_file(code: str, params: Params) -> str:
    """What there is to say of a photo, a folder or a table."""
    if code in _TABLES:
        return str(_TABLES[code]) % params
    return noted(code, params)


def not_taken(code: str, params: dict[str, Any]) -> str:
    """Why nothing of what was sent is kept."""
    if code == "import_too_large":
        said = _(
            "At most %(files)d files of %(bytes)s together can wait to be enrolled. None of this "
            "was kept. Finish or discard what is there, or import the people in parts."
        )
        return said % {"files": params["files"], "bytes": file_size(params["bytes"])}
    return str(_ARCHIVES[code])
