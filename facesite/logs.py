from __future__ import annotations

import logging
from http import HTTPStatus


def refusals_in_one_line(record: logging.LogRecord) -> bool:
    """Whoever may not see a page is no fault of the site: nobody needs to know where in the code
    that was found out."""
    if getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN:
        record.exc_info = None
    return True
