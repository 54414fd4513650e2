"""What the figures are of."""

from __future__ import annotations

import os
import platform
from typing import Any

from ml import processor


def here() -> dict[str, Any]:
    """The processor, how many of its cores this process may use, what else they were busy with in
    the last minute (in cores), and Python."""
    return {
        "processor": processor.name(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }
