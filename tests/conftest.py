from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management.color import no_style
from django.core.serializers import deserialize, serialize
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import translation
from pytest_django import DjangoDbBlocker

from recognition.models import ConsentText, ModelVersion, User
from recognition.services.promotion import serving
from tests.factories import make_user
from tests.servers import (  # (fixtures, but for the first)
    for_the_whole_suite,
    pgvector,  # noqa: F401
    postgresql,  # noqa: F401
    postgresql_folder,  # noqa: F401
    redis,  # noqa: F401
    s3,  # noqa: F401
)
from tests.sites import Site

ROOT = Path(__file__).resolve().parent.parent
ON_CI = os.environ.get("CI") == "true"


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "run on PostgreSQL and Redis in place of SQLite and the bundled broker"
    parser.addoption("--servers", action="store_true", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Processes that run tests side by side are started so that they do not hear Ctrl-C, and what
    they start would not either."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.servers and not hasattr(config, "workerinput"):
        _start_servers(config)


def _start_servers(config: pytest.Config) -> None:
    """Of the processes that run tests each has its own database in it, and its own broker. This one
    has its settings already, which is why it may run none."""
    if not config.option.numprocesses:
        raise pytest.UsageError("--servers needs --numprocesses")
    servers = ExitStack()
    config.add_cleanup(servers.close)
    os.environ["DATABASE_URL"] = servers.enter_context(for_the_whole_suite())


def pytest_unconfigure() -> None:
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI everything that a test needs is there, so that a skipped test is a failed one."""
    report = yield
    if ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped on CI: {item.nodeid}: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Notes what migrations made, for tests with real transactions, which empty all tables."""
    with django_db_blocker.unblock():
        made = [*Group.objects.all(), *ConsentText.objects.all()]
        Migrated.rows = serialize("json", made, use_natural_foreign_keys=True)


class Migrated:
    """The roles and the first text of consent."""

    rows = "[]"


@pytest.fixture(autouse=True, scope="session")
def _tables_can_be_emptied() -> Iterator[None]:
    """A test with real transactions empties all tables at its end, which the triggers of the audit
    log forbid to everybody; and what migrations made is for the next one too."""
    migration = import_module("recognition.migrations.0019_audit_term")
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def emptying(test: TransactionTestCase) -> None:
        with connection.schema_editor() as editor:
            migration.drop_triggers(None, editor)
        empty(test)
        with connection.schema_editor() as editor:
            migration.make_triggers(None, editor)
        for one in deserialize("json", Migrated.rows):
            one.save()
        # A test may have had PostgreSQL count from one again.
        for statement in connection.ops.sequence_reset_sql(no_style(), [Group, ConsentText]):
            with connection.cursor() as cursor:
                cursor.execute(statement)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", emptying)
        yield


@pytest.fixture(autouse=True, scope="session")
def _purged_today() -> None:
    """Only a test with a data folder of its own starts a process that deletes what is old."""
    Path(settings.DATA_DIR, "purged").touch()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Log-in attempts of one test must not count in the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A request leaves its language behind in the thread that it was answered in."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def user(db: None) -> User:
    return make_user("user")


@pytest.fixture
def stranger(db: None) -> User:
    """Another user, who has nothing to do with `user`."""
    return make_user("user")


@pytest.fixture
def reviewer(db: None) -> User:
    return make_user("reviewer")


@pytest.fixture
def operator(db: None) -> User:
    return make_user("operator")


@pytest.fixture
def login() -> Callable[[User], Client]:
    """A browser in which somebody has just logged in."""

    def log_in(somebody: User) -> Client:
        client = Client()
        client.force_login(somebody)
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
        session[f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"] = str(somebody.pk)
        session.save()
        return client

    return log_in


@pytest.fixture
def admin_client(admin_user: User, login: Callable[[User], Client]) -> Client:
    """A superuser's."""
    return login(admin_user)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the research photos, which are no part of the repository."""
    place = Path(os.environ.get("FACESITE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"needs the research photos, and {place} does not exist")
    return place


@pytest.fixture(scope="session")
def packaged_model() -> Path:
    """A `models` folder with the default model, built once and kept between runs in `.cache`."""
    place = ROOT / ".cache" / f"models-{_model_key()}"
    place.parent.mkdir(exist_ok=True)
    with _one_at_a_time(place.parent):
        if not place.is_dir():
            _build_model(place)
    return place


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Of processes that run tests side by side one does something, and the others wait."""
    with Path(folder, "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _model_key() -> str:
    """Changes when the code that builds the model does, or a version of what it builds with."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for path in (
        sorted((ROOT / "ml" / "versions").glob("*.json"))
        + sorted((ROOT / "ml" / "architectures").glob("*.py"))
        + [
            ROOT / "ml" / f"{name}.py"
            for name in ("artifact", "weights", "inference/export", "versions/default")
        ]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build_model(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="facesite-model-") as folder:
        Site(Path(folder)).manage("migrate", "--verbosity=0")
        Site(Path(folder)).manage("install_model")
        beside = Path(tempfile.mkdtemp(dir=place.parent))
        shutil.copytree(Path(folder) / "models", beside, dirs_exist_ok=True)
    beside.rename(place)


@pytest.fixture(scope="session")
def installed_model(packaged_model: Path) -> Path:
    """The default model in the `models` folder of this test run."""
    return Path(shutil.copytree(packaged_model, settings.MODELS_DIR, dirs_exist_ok=True))


@pytest.fixture
def active_model(db: None, installed_model: Path) -> ModelVersion:
    """The default model in service."""
    return serving.install_default(lambda _line: None)


@pytest.fixture(scope="session")
def prepared_data(packaged_model: Path) -> Iterator[Path]:
    """The data folder of a site that has everything and has never run."""
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        place = Path(folder) / "data"
        shutil.copytree(packaged_model, place / "models")
        site = Site(place)
        site.manage("migrate", "--verbosity=0")
        site.make_user("admin", is_staff=True, is_superuser=True)
        site.manage("prepare")
        yield place


@pytest.fixture(scope="session")
def make_site(packaged_model: Path, prepared_data: Path) -> Iterator[Callable[..., Site]]:
    """Make a site that does not run yet, with its own data folder and free port."""
    sites: list[Site] = []
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:

        def make(*, prepared: bool = True, **environment: str) -> Site:
            data_dir = Path(folder) / str(len(sites))
            if prepared:
                shutil.copytree(prepared_data, data_dir)
            else:
                shutil.copytree(packaged_model, data_dir / "models")
            sites.append(Site(data_dir, **environment))
            return sites[-1]

        yield make
        for site in sites:
            site.close()


@pytest.fixture(scope="session")
def live_site(make_site: Callable[..., Site]) -> Site:
    """A running site with broker, worker and web process, shared by all tests that only visit it.

    Nobody is enrolled in it at first.
    """
    return make_site(FACESITE_LOG="json").start()
