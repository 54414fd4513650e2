"""Decode a stranger's photo, where need be in a process that may fail in place of the caller.

What a header tells is checked beforehand, but not every header tells all: AVIF and HEIC may hide
any number of pictures that are decoded and never shown. Here the kernel ends what takes too much,
and what a large photo took goes back to it whole.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import struct
from typing import Final, NoReturn

import numpy as np
import psutil

from ml import imaging
from ml.errors import CutShort, DamagedImage, DecoderKilled, ImageTooCostly, PhotoRejected
from ml.types import Image

MAX_MEMORY: Final = 420 * 1024 * 1024
"""Bytes that decoding may take for itself, above what the process has already. The pixels it leaves
behind, up to 75 MB, are not counted: they are shared."""
MAX_SECONDS: Final = 20
"""Of processor time. The most that an ordinary photo takes is 3: PNG or HEIC of 65 megapixels."""

AT_HAND: Final = 8_000_000
"""Pixels up to which a photo is decoded in the caller's process, if all of its cost is told by the
header: a copy of a process that has networks loaded takes 20 ms, as long as the whole answer."""

_TELLS_ALL: Final = frozenset({"JPEG", "PNG", "WebP"})
_SHAPE = struct.Struct("<II")
_DAMAGED, _OUT_OF_MEMORY, _CUT_SHORT = 65, 66, 67
_TOO_COSTLY = {_OUT_OF_MEMORY, -signal.SIGXCPU}


def decode(data: bytes, *, partial: bool = False) -> Image:
    """As `imaging.decode`, within `MAX_MEMORY` and `MAX_SECONDS`.

    Raises:
        PhotoRejected: as `imaging.decode`; `ImageTooCostly` also where one of these is reached.
        DecoderKilled: somebody else ended it, which says nothing about the photo.
    """
    info = imaging.inspect(data)  # here, where the numbers of a refusal are not lost
    if info.format in _TELLS_ALL and info.pixels <= AT_HAND:
        return imaging.decode(data, partial=partial)
    shared = mmap.mmap(-1, _SHAPE.size + 3 * imaging.KEPT_PIXELS)  # costs only what is written
    # A signal that came in the midst of this would be handled by the child too, before it is ready.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        child = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if child == 0:
        _decode_and_end(data, shared, before, partial=partial)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _, status = os.waitpid(child, 0)
    except BaseException:  # a time limit of the caller's
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    code = os.waitstatus_to_exitcode(status)
    if code in _TOO_COSTLY:
        raise ImageTooCostly(f"more than {MAX_MEMORY:,} bytes or {MAX_SECONDS} s of processor time")
    if code == -signal.SIGKILL:  # the limit of time has a gentler signal first
        raise DecoderKilled("the process that decoded the photo was killed")
    if code == _CUT_SHORT:
        raise CutShort("too little of the photo is there")
    if code != 0:
        raise DamagedImage("damaged or cut short")
    return _shared_pixels(shared)


def _decode_and_end(
    data: bytes, shared: mmap.mmap, signals: set[int | signal.Signals], *, partial: bool
) -> NoReturn:
    """Whatever happens, the copy of the caller's process goes no further than this. `signals` are
    those that it does not listen to."""
    code = _DAMAGED
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        gc.disable()  # it would touch, and thereby copy, all that the process has in memory
        _set_limits()
        image = imaging.decode(data, memoryview(shared)[_SHAPE.size :], partial=partial)
        _SHAPE.pack_into(shared, 0, *image.shape[:2])
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    except CutShort:
        code = _CUT_SHORT
    except PhotoRejected:
        pass
    finally:
        os._exit(code)


def _set_limits() -> None:
    taken = psutil.Process().memory_info().data
    resource.setrlimit(resource.RLIMIT_DATA, (taken + MAX_MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _shared_pixels(shared: mmap.mmap) -> Image:
    height, width = _SHAPE.unpack_from(shared)
    image: Image = np.ndarray((height, width, 3), np.uint8, shared, _SHAPE.size)
    image.flags.writeable = False
    return image
