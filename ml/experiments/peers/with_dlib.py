"""`face_recognition`: dlib's HOG detector and its network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import face_recognition

from ml.experiments.peers.looking import Found, made_up, nearest, off_middle, serve

GALLERY = made_up()


def look(path: Path) -> Sequence[Found]:
    """As its README does."""
    photo = face_recognition.load_image_file(str(path))
    places = face_recognition.face_locations(photo)
    embeddings = face_recognition.face_encodings(photo, places)
    boxes = [(left, top, right - left, bottom - top) for top, right, bottom, left in places]
    faces = [
        Found(off_middle(box, photo.shape[:2]), embedding)
        for box, embedding in zip(boxes, embeddings, strict=True)
    ]
    nearest(GALLERY, faces)
    return faces


if __name__ == "__main__":
    serve(look)
