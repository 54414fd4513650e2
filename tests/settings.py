"""The site's own settings, with a data folder of this test run and nothing of the caller's."""

from __future__ import annotations

import os
import tempfile

_OURS = ("DATA_DIR", "REDIS_URL", "S3_URL", "EMAIL_URL", "SECRET_KEY", "PORT", "TZ", "AMVERA")
_KEPT = ("FACESITE_SHARED_DATA",)  # says where the tests find something, nothing about the site
for _name in set(os.environ).difference(_KEPT):
    if _name.removesuffix("_FILE") in _OURS or _name.startswith("FACESITE_"):
        del os.environ[_name]
# Short, since the path of the broker's socket may not be long.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="facesite-")
# Commands that a test starts are the site itself: only this process has the settings below.
os.environ["DJANGO_SETTINGS_MODULE"] = "facesite.settings"

from facesite.settings import *  # noqa: E402, F403
from facesite.settings import MIDDLEWARE, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
MIDDLEWARE += ["tests.markup.sound"]
