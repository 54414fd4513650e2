"""TensorFlow greets everybody who loads it, past Python and past its own log level."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ml import processor

STDERR = 2


def load_tensorflow() -> None:
    """Load it now, which takes seconds, and let it talk to nobody meanwhile.

    Raises `NotInstalled`, or `ProcessorTooOld` in the place of ending the process.
    """
    processor.require_tensorflow()
    with _stderr_closed():
        import tensorflow  # noqa: F401, PLC0415  (heavy)
    # Every stage of a training is a function of its own, which it would warn of each time.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def _stderr_closed() -> Iterator[None]:
    kept, nobody = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, STDERR)
    try:
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nobody)
