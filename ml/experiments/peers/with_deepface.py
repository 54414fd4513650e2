"""deepface, with its YuNet and SFace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from deepface import DeepFace
from deepface.modules.exceptions import FaceNotDetected

from ml import headers
from ml.experiments.peers.looking import Found, made_up, nearest, off_middle, serve

GALLERY = made_up()


def look(path: Path) -> Sequence[Found]:
    """As its README does."""
    try:
        told = DeepFace.represent(str(path), model_name="SFace", detector_backend="yunet")
    except FaceNotDetected:
        return []
    photo = headers.read(path.read_bytes())
    faces = [_found(one, (photo.height, photo.width)) for one in told]
    nearest(GALLERY, faces)
    return faces


def _found(told: dict[str, Any], photo: tuple[int, int]) -> Found:
    area, embedding = told["facial_area"], np.array(told["embedding"], np.float32)
    return Found(
        off_middle([area[side] for side in "xywh"], photo), embedding / np.linalg.norm(embedding)
    )


if __name__ == "__main__":
    serve(look)
