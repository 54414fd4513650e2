"""How services say no: with a code and what its sentence needs. Each surface has its own words."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """What was asked for is not done. `params` are plain values: numbers, names, paths."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
