"""What this machine's processor can do, asked before a library that takes it for granted."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final

from ml.errors import MLError
from ml.installed import require_everything
from ml.language import tell

CPUINFO: Final = Path("/proc/cpuinfo")


class ProcessorTooOld(MLError):
    """The processor lacks an instruction without which TensorFlow ends the process at once."""

    code = "processor_too_old"


def flags(cpuinfo: Path = CPUINFO) -> frozenset[str]:
    """The processor's abilities as Linux on x86-64 tells them; none where nobody tells."""
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    lines = (line.partition(":") for line in text.splitlines())
    return frozenset(next((told.split() for name, _, told in lines if name.strip() == "flags"), ()))


def name(cpuinfo: Path = CPUINFO) -> str:
    """What its maker calls the processor, or its kind where nobody tells."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32."""
    return bool({"avx512_bf16", "amx_bf16"} & flags())


def require_tensorflow(cpuinfo: Path = CPUINFO) -> None:
    """Raise `NotInstalled`, or `ProcessorTooOld` where it would die of an illegal instruction."""
    require_everything()
    known = flags(cpuinfo)
    if known and "avx" not in known:
        raise ProcessorTooOld(
            tell(
                "This processor has no AVX instructions, which TensorFlow needs to build or train "
                "a network; answering does not. Build the model on another machine, copy its "
                "folder under DATA_DIR/models to the same place here, and run install_model again."
            )
        )
