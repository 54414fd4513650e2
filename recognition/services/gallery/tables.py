"""A table beside the photos that says more of people: their external id, and their consent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from ml.errors import PhotoRejected
from recognition.models.people import folder_name_folded
from recognition.services.gallery.folders import NAME_LENGTH, Note, Place, Plan, Row

NAME, EXTERNAL_ID, CONSENT = "name", "external_id", "consent"
_COLUMNS: Final = {
    "name": NAME,
    "имя": NAME,
    "external_id": EXTERNAL_ID,
    "внешний_идентификатор": EXTERNAL_ID,
    "consent": CONSENT,
    "согласие": CONSENT,
}
_CONSENTS: Final = {
    **dict.fromkeys(("yes", "y", "true", "1", "да"), True),
    **dict.fromkeys(("no", "n", "false", "0", "нет"), False),
    "": None,
}


class _BadRow(Exception):
    """Codes: row_without_name, row_of_nobody, row_repeated, row_consent, row_external_id."""


def read(plan: Plan) -> None:
    """Add the rows of a plan's tables to it, and what is wrong with some.

    A row names its folder in any spelling; see `folder_name_folded`.
    """
    folders = {folder_name_folded(name): name for name in plan.photos}
    for table in plan.tables:
        for line, fields in _lines(table, plan.refused):
            try:
                folder, row = _row(fields, folders)
                if folder in plan.rows:
                    raise _BadRow("row_repeated")
            except _BadRow as error:
                plan.refused.append(Note(str(table), str(error), {"line": line}))
            else:
                plan.rows[folder] = row


def _lines(table: Place, bad: list[Note]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line in the file, and its fields by column."""
    try:
        text = _text(table.read())
        lines = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text))
        columns = [_COLUMNS.get("_".join(cell.casefold().split()), "") for cell in next(lines, [])]
        if NAME not in columns:
            bad.append(Note(str(table), "table_without_names"))
            return
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield lines.line_num, dict(zip(columns, map(str.strip, cells), strict=False))
    except (PhotoRejected, csv.Error):
        bad.append(Note(str(table), "table_unreadable"))


def _text(data: bytes) -> str:
    """As UTF-8, or else as Excel saves a table on Russian Windows."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace")


def _delimiter(text: str) -> str:
    """What parts the columns of the first line: a comma, or what Excel takes for one."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _row(fields: dict[str, str], folders: dict[str, str]) -> tuple[str, Row]:
    name, external_id = fields.get(NAME, ""), fields.get(EXTERNAL_ID, "")
    consent = fields.get(CONSENT, "").casefold()
    if not name:
        raise _BadRow("row_without_name")
    folder = folders.get(folder_name_folded(name))
    if folder is None:
        raise _BadRow("row_of_nobody")
    if consent not in _CONSENTS:
        raise _BadRow("row_consent")
    if len(external_id) > NAME_LENGTH:
        raise _BadRow("row_external_id")
    return folder, Row(external_id, _CONSENTS[consent])
