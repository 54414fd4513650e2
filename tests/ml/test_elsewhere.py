"""A version opens where facesite is not: the script in docs/training.md, as it stands there."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ml.inference.engine import OpenVINOEngine
from ml.types import Image
from tests.sites import ROOT

BACKENDS = [
    "openvino",
    *(pytest.param(one, marks=pytest.mark.slow) for one in ("tensorflow", "jax")),
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "elsewhere.py"
    path.write_text(found, encoding="utf-8")
    return path


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_version_embeds_elsewhere_as_it_does_here(
    tmp_path: Path, script: Path, version_dir: Path, crops: Image, backend: str
) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    faces = [tmp_path / f"{number}.png" for number in range(len(crops))]
    for face, crop in zip(faces, crops, strict=True):
        Pillow.fromarray(crop).save(face)
    done = subprocess.run(
        [sys.executable, script, version_dir, *faces],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path), "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    elsewhere = np.array(json.loads(done.stdout.splitlines()[-1]))
    here = OpenVINOEngine.load(version_dir, precision="f32").embed(crops)
    assert (elsewhere * here).sum(axis=1).min() > 0.9999
