"""The settings of the whole site. What a deployment may change comes from the environment."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from facesite import env
from facesite.theme import UNFOLD  # noqa: F401  (a setting)
from ml import imaging

# places
BASE_DIR = Path(__file__).resolve().parent.parent
ON_AMVERA = env.boolean("AMVERA", default=False)  # the platform sets it to 1
DATA_DIR = env.data_dir("DATA_DIR", Path("/data") if ON_AMVERA else BASE_DIR / "data")
MODELS_DIR = DATA_DIR / "models"
MEDIA_ROOT = DATA_DIR / "media"
STATIC_ROOT = DATA_DIR / "static"
BROKER_DIR = DATA_DIR / "broker"
FILE_UPLOAD_TEMP_DIR = env.folder(DATA_DIR / "tmp")

# identification
TARGET_FPIR = env.fraction("FACESITE_FPIR", 0.01)
STRANGERS = env.fraction("FACESITE_STRANGERS", 0.5)  # of those asked about, for probabilities
ENGINES = ("openvino", "keras") if find_spec("keras") else ("openvino",)
ENGINE = env.choice("FACESITE_ENGINE", "openvino", among=ENGINES)
# Whom an answer shows beside the people whom it names, by the role of whoever looks at it.
OTHERS_SHOWN = {
    role: env.choice(f"FACESITE_OTHERS_{role.upper()}", usual, among=("none", "names", "photos"))
    for role, usual in (("user", "none"), ("reviewer", "photos"), ("operator", "photos"))
}
# Whether unknown faces that are probably of one person are put together, for staff to look at.
RECURRING = env.boolean("FACESITE_RECURRING", default=True)
MAX_PHOTOS_PER_UPLOAD = 20
# Of one user. An upload always fits, once nothing else of theirs is in the way.
PHOTOS_WAITING = env.integer(
    "FACESITE_PHOTOS_WAITING", 100, at_least=MAX_PHOTOS_PER_UPLOAD, at_most=10**6
)
PHOTOS_PER_HOUR = env.integer(
    "FACESITE_PHOTOS_PER_HOUR", 500, at_least=MAX_PHOTOS_PER_UPLOAD, at_most=10**9
)
# So long the bytes of a photo are kept that failed, and can be tried again.
FAILED_KEPT_FOR = timedelta(days=env.integer("FACESITE_FAILED_DAYS", 7, at_least=0, at_most=3650))
# So long a photo is kept with its answer, if nobody deletes it before: one in which somebody was
# named, or of which a reviewer said something; any other; one that nothing has come of yet.
KEPT_FOR = {
    name: timedelta(
        days=env.integer(f"FACESITE_{name.upper()}_DAYS", usual, at_least=1, at_most=36500)
    )
    for name, usual in (("named", 365), ("unnamed", 30), ("waiting", 7))
}
AUDIT_KEPT_FOR = timedelta(
    days=env.integer("FACESITE_AUDIT_DAYS", 1095, at_least=30, at_most=36500)
)
# Nobody is enrolled or matched of whom no consent to it is on record, and how long one given now
# lasts if nothing else is said; 0 is for good.
REQUIRE_CONSENT = env.boolean("FACESITE_REQUIRE_CONSENT", default=False)
CONSENT_TERM = timedelta(days=env.integer("FACESITE_CONSENT_DAYS", 1095, at_least=0, at_most=36500))
MAX_PHOTO_BYTES = imaging.MAX_BYTES
MAX_PHOTO_PIXELS = imaging.MAX_PIXELS
# Whether webhooks may call machines of the site's own network, as of a home.
WEBHOOKS_PRIVATE = env.boolean("FACESITE_WEBHOOKS_PRIVATE", default=False)

# the web process and who may reach it
DEBUG = env.boolean("FACESITE_DEBUG", default=False)
HOST = env.text("FACESITE_HOST", "0.0.0.0" if ON_AMVERA else "127.0.0.1")  # noqa: S104
PORT = env.integer("PORT", 8000, at_least=1, at_most=65535)
WEB_THREADS = env.integer("FACESITE_THREADS", 8, at_least=1, at_most=64)
REQUEST_SECONDS = env.integer("FACESITE_REQUEST_SECONDS", 600, at_least=1, at_most=86400)
# Amvera gives a project <project>-<user>.amvera.io or <project>.<user>.amvera.io and tells the
# container neither name; its own router decides by host name who is asked.
PUBLIC_HOSTS = env.words("FACESITE_HOSTS", (".amvera.io",) if ON_AMVERA else ())
ALLOWED_HOSTS = [*PUBLIC_HOSTS, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.words("FACESITE_ORIGINS")
# Pages of other sites that may ask the API from the browser, with a token of theirs.
API_ORIGINS = env.words("FACESITE_API_ORIGINS")
# Without a public name only this machine can ask, over plain HTTP; with one, only HTTPS will do.
HTTPS = env.boolean("FACESITE_HTTPS", default=bool(PUBLIC_HOSTS))
# What links begin with that the site gives out. On Amvera it knows none unless it is told.
SITE_URL = env.url("FACESITE_URL", schemes=("https", "http")).rstrip("/") or env.own_address(
    PUBLIC_HOSTS, PORT, https=HTTPS
)

# security
# With it, /metrics can be read from elsewhere; without, from this machine alone.
METRICS_TOKEN = env.secret("FACESITE_METRICS_TOKEN")
SECRET_KEY = env.secret("SECRET_KEY") or env.generated_secret(DATA_DIR / "secret_key")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
# Other names under the domain, and browsers' built-in lists, are for the domain's owner.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"

# applications
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    "recognition.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "recognition",
]
MIDDLEWARE = [
    "recognition.views.health.probes",
    "facesite.middleware.noting_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "facesite.middleware.guarding_headers",
    "recognition.api.middleware.for_programs",
    "facesite.bodies.refuse_large_bodies",
    "recognition.views.errors.answer_what_was_not_taken",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "recognition.api.auth.bearer",
    "facesite.middleware.LoginRequiredMiddleware",
    "recognition.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "facesite.urls"
WSGI_APPLICATION = "facesite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# database
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASE_URL = env.url("DATABASE_URL", schemes=("postgres", "postgresql"))
SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "db.sqlite3",
    "CONN_MAX_AGE": 600,
    "OPTIONS": {
        # A transaction that reads first and writes later would fail at once when somebody else has
        # written in between; one that takes the write lock from its start waits its turn.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # With synchronous=NORMAL a power cut may cost the last moments, never consistency. What
        # was erased is overwritten with zeros and not only marked as free.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA secure_delete=ON;",
    },
    "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
}
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)
    if DATABASE_URL
    else SQLITE
}
if DATABASE_URL:  # that a server is away is noticed before whoever waits gives up
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    # For fields that no model has, the admin's theme would load PostgreSQL's driver: 13 MB.
    sys.modules["django.contrib.postgres.fields"] = None  # type: ignore[assignment]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Attempts to log in are counted here: a flood of names must not drive out those of one.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Photos, crops, portraits and model versions of a site of several machines; else on the disk.
S3 = env.bucket("S3_URL")
STORAGES = {
    "default": {"BACKEND": "facesite.bucket.Bucket" if S3 else "facesite.storage.PrivateStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Photos are private: only a view that checks the right to see them serves them, so that there is
# no media URL, and nobody else on the machine needs to read them.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Whether photos, crops, portraits and embeddings are encrypted. The first key does it, all undo it.
ENCRYPT = env.boolean("FACESITE_ENCRYPT", default=False)
ENCRYPTION_KEYS = env.keys("FACESITE_KEYS", DATA_DIR / "encryption_keys", needed=ENCRYPT)

# Where the gallery is searched: in the memory of each machine, or by an index in PostgreSQL.
GALLERY_BACKEND = env.choice("GALLERY_BACKEND", "memory", among=("memory", "pgvector"))
if GALLERY_BACKEND == "pgvector" and not DATABASE_URL:
    raise ImproperlyConfigured(
        "GALLERY_BACKEND=pgvector needs PostgreSQL with pgvector: set DATABASE_URL too."
    )
if GALLERY_BACKEND == "pgvector" and ENCRYPT:
    raise ImproperlyConfigured(
        "GALLERY_BACKEND=pgvector keeps embeddings in the clear, as no index can search in what is "
        "encrypted: use it without FACESITE_ENCRYPT, or leave it out."
    )

# accounts
AUTH_USER_MODEL = "recognition.User"
AUTHENTICATION_BACKENDS = ["recognition.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "upload"
LOGOUT_REDIRECT_URL = "account_login"
SIGNUP_OPEN = env.boolean("FACESITE_SIGNUP", default=not PUBLIC_HOSTS)
# Who must have a second factor; everybody may. `staff` are operators, reviewers and auditors.
SECOND_FACTOR = env.choice(
    "FACESITE_SECOND_FACTOR", "none", among=("none", "operators", "staff", "everybody")
)

# mail
MAIL = env.mail("EMAIL_URL")
if MAIL and not SITE_URL:
    raise ImproperlyConfigured("Mails have links: with EMAIL_URL, set FACESITE_URL too.")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL else 'dummy'}.EmailBackend"
if MAIL:
    EMAIL_HOST, EMAIL_PORT = MAIL.host, MAIL.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("FACESITE_EMAIL_FROM", "facesite@localhost")

ACCOUNT_ADAPTER = "recognition.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*" if MAIL else "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL else "none"
ACCOUNT_EMAIL_NOTIFICATIONS = bool(MAIL)
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[facesite] "
# Nobody finds out whether an address has an account. Without mail it is never confirmed, and two
# accounts may give the same one.
ACCOUNT_PREVENT_ENUMERATION = True if MAIL else "strict"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_CHANGE_EMAIL = True
# What cannot be undone or opens another way in asks once more, unless somebody did a moment ago.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"

MFA_ADAPTER = "recognition.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "recognition.forms.codes.LoginCodeForm",
    "reauthenticate": "recognition.forms.codes.ConfirmationCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = urlsplit(SITE_URL).hostname or "facesite"
MFA_TOTP_TOLERANCE = 1  # half a minute, by which clocks may differ
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody gets in before theirs is, where it can be
USERSESSIONS_ADAPTER = "recognition.adapters.SessionsAdapter"

# languages and time
USE_I18N = USE_TZ = True
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
# Of commands, and of pages for whoever asks for none of these.
LANGUAGE_CODE = env.choice("FACESITE_LANGUAGE", "en", among=("en", "ru"))
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TZ", "UTC")

# work in the background
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "redis+socket"))
BROKER_SOCKET = BROKER_DIR / "valkey.sock"
WORKER_CONCURRENCY = env.integer("FACESITE_WORKERS", 1, at_least=1, at_most=64)
TASK_TIME_LIMIT = 60
# Redis hands out a message again when nobody has acknowledged it for this long, also when its
# worker is merely slow: so minutes above the time limit, as a child may have one message in hand
# and the next waiting. What takes longer, such as a training, has a process of its own and no
# message. Rows whose worker died do not wait for it, the sweeper finds them.
VISIBILITY_TIMEOUT = TASK_TIME_LIMIT + 300

CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{BROKER_SOCKET}"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": VISIBILITY_TIMEOUT,
    "priority_steps": list(range(10)),
    "socket_connect_timeout": 2,
    "socket_timeout": 5,  # for a broker that is there and does not answer
    "socket_keepalive": True,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# An upload does not wait for a broker that is down: its row stays queued and the sweeper finds it.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True  # the row is the result
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 40
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT
CELERY_TASK_DEFAULT_QUEUE = "identification"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_POOL = "prefork"
CELERY_WORKER_CONCURRENCY = WORKER_CONCURRENCY
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000  # a new child has to load the model again
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = TIME_ZONE

# log
LOG = env.choice("FACESITE_LOG", "text", among=("text", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "facesite.lines.Text"},
        "json": {"()": "facesite.lines.Json"},
    },
    "filters": {
        "one_line": {"()": "facesite.logs.OneLine"},
        "of_the_request": {"()": "facesite.logs.OfTheRequest"},
        "into_the_line_of_the_request": {"()": "facesite.logs.IntoTheLineOfTheRequest"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG,
            "filters": ["one_line", "of_the_request"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # what is refused has the line of its request
        "django.security.csrf": {"filters": ["into_the_line_of_the_request"]},
        "celery": {"level": "WARNING"},
        "celery.apps.worker": {"level": "INFO"},  # says when it is ready
        "kombu": {"level": "WARNING"},
        "multiprocessing": {"handlers": ["console"], "level": "ERROR"},  # of the worker's children
        "recognition.services.versions": {"level": "WARNING"},  # a worker says what it loads
    },
}

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read by TensorFlow as it is imported
