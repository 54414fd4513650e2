"""Whether this Python on this machine can run facesite, said before anything is downloaded.

`python facesite/suitable.py`: run as a file, by the Python that is asked about, with nothing
installed. What it knows is which packages of requirements.txt have no wheel for what.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

OLDEST, NEWEST = (3, 11), (3, 13)
GLIBC = {"x86_64": (2, 28), "aarch64": (2, 35)}
"""The oldest for which there are wheels."""


@dataclass(frozen=True)
class Machine:
    """`libc` is its name and version, ("", "") where nobody knows, as on macOS and Alpine."""

    python: tuple[int, int]
    system: str
    processor: str
    libc: tuple[str, str]

    @classmethod
    def this(cls) -> Machine:
        version = sys.version_info[0], sys.version_info[1]
        return cls(version, platform.system(), platform.machine(), platform.libc_ver())


def trouble(machine: Machine) -> str | None:
    """One sentence on what is not suitable, and what to do; None if all is well.

    `sys.exit` takes None, and no empty sentence, for success.
    """
    named = ".".join(map(str, machine.python))
    if not OLDEST <= machine.python <= NEWEST:
        return (
            f"facesite needs Python 3.11 to 3.13 (TensorFlow has no wheel for others), and this is "
            f"{named}. Choose another: make PYTHON=python3.12 run"
        )
    if machine.system == "Darwin" and machine.processor == "x86_64":
        return "OpenVINO and TensorFlow have no wheels for Macs with Intel processors any more."
    if machine.system == "Linux" and machine.libc[0] != "glibc":
        return "TensorFlow and OpenVINO need glibc: Alpine and others with musl cannot run them."
    if machine.system == "Linux" and (oldest := GLIBC.get(machine.processor)):
        glibc = tuple(int(part) for part in machine.libc[1].split(".")[:2])
        if glibc < oldest:
            needed = ".".join(map(str, oldest))
            return (
                f"OpenVINO needs glibc {needed} or newer on this processor, and here is "
                f"{machine.libc[1]}. Debian 12 and Ubuntu 22.04 have what any processor needs."
            )
    if machine.system not in {"Linux", "Darwin"}:
        return f"facesite runs on Linux and macOS, and this is {machine.system}."
    return None


if __name__ == "__main__":
    sys.exit(trouble(Machine.this()))
