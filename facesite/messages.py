"""Messages from the broker, which anybody with access to it may have put there."""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport import redis

log = logging.getLogger(__name__)


class Channel(redis.Channel):
    """Drops what is no message. The rows are the truth, so that nothing is lost with it."""

    def _brpop_read(self, **options: Any) -> Any:
        """By the time it is parsed it has left the queue, and does not come again."""
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # not in its stubs
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("Something in the queue is no message, and is dropped: %r", error)
            return True
