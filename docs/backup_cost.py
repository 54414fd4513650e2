"""What a backup takes: `python docs/backup_cost.py [PHOTOS]`.

Of the demo site, and of so many photos of two faces each beside it: copies of one group photo and
of one face, since what counts are rows and bytes. No part of the product: nothing imports it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = tempfile.TemporaryDirectory()
PLACE = Path(FOLDER.name)
os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings", "DATA_DIR": str(PLACE / "site")}

import django

django.setup()

from django.conf import settings
from django.utils import timezone

from recognition.models import Identification, ProbeFace, Template, User
from tests.sites import Site

PHOTO = ROOT / "demo" / "photos" / "groups" / "0.jpg"
BATCH = 500
LOOK = {"x": 0, "y": 0, "width": 1, "height": 1, "landmarks": [], "score": 1, "quality": 1}
ANSWER = {"decision": "unknown", "probability": 0, "threshold": 1}


def copied(source: Path, name: str) -> str:
    target = Path(settings.MEDIA_ROOT) / name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, target)
    return name


def ask(photos: int) -> None:
    """Store so many answered photos."""
    user = User.objects.create_user("somebody")
    template = Template.objects.select_related("face", "model_version").latest("pk")
    crop, look = Path(template.face.crop.path), {**LOOK, **ANSWER, "embedding": template.embedding}
    answered = {"status": "done", "width": 1, "height": 1, "finished_at": timezone.now()}
    answered |= {"model_version": template.model_version}
    for start in range(0, photos, BATCH):
        rows = Identification.objects.bulk_create(
            Identification(user=user, photo=copied(PHOTO, f"photos/{uuid4()}.jpg"), **answered)
            for _ in range(start, min(photos, start + BATCH))
        )
        ProbeFace.objects.bulk_create(
            ProbeFace(
                identification=row, index=face, crop=copied(crop, f"crops/{uuid4()}.png"), **look
            )
            for row in rows
            for face in range(2)
        )


def main(photos: int) -> None:
    site, back, archive = Site(PLACE / "site"), Site(PLACE / "back"), str(PLACE / "site.tar")
    site.manage("prepare")
    site.manage("enrol", str(ROOT / "demo" / "people"))
    ask(photos)
    made = json.loads(site.manage("backup", archive, "--json").splitlines()[-1])
    started = time.perf_counter()
    back.manage("restore", archive)
    restored = time.perf_counter() - started
    sys.stdout.write(
        f"{made['rows']:,} rows, {made['files']:,} files, {made['bytes'] / 1e6:,.0f} MB: "
    )
    sys.stdout.write(f"backup {made['seconds']} s, restore {restored:.1f} s with its start\n")


if __name__ == "__main__":
    with FOLDER:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
