"""OpenVINO, once in a process and for as long as the process lives.

Its CPU plugin gives the thread that loads it a stack of its own for signals, and takes that away
when its `Core` goes. When two of them go in another order than the reverse of their coming, the
thread keeps the address of memory that has been given back, and the next signal writes there: a
worker that has changed its network would die of a time limit, or of something unheard-of later.
"""

from __future__ import annotations

from functools import cache

import openvino as ov


@cache
def core() -> ov.Core:
    """The one that all networks are compiled by."""
    return ov.Core()
