"""A program in a process of its own that answers each line it is sent with a line of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import psutil


class Answering:
    """The other end of its pipes. `options` are those of `subprocess.Popen`."""

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        pipe = subprocess.PIPE
        self._process = psutil.Popen(command, stdin=pipe, stdout=pipe, text=True, **options)

    def ask(self, line: str) -> dict[str, Any]:
        """What it answers to the line."""
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        """What it says next in JSON; other lines are a library's own words.

        Raises:
            RuntimeError: it has ended.
        """
        for line in self._process.stdout:
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
        raise RuntimeError(f"{self._process.args} ended.")

    def close(self) -> None:
        """It ends as soon as there are no more lines."""
        self._process.stdin.close()
        self._process.wait()
