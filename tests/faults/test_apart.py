"""Two machines that share PostgreSQL, Redis and a bucket, and nothing else: no disk, no address.

Each is a namespace of the network of this machine, with a data folder of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.faults.photos import PHOTO
from tests.servers import new_bucket, new_database, relay
from tests.sites import ROOT, Site, Visitor, wait_for

pytestmark = pytest.mark.long
DONE = re.compile(r"identification ([0-9a-f-]{36}) is done")
PHOTOS = 6
TWIN = """
import dataclasses, shutil
from pathlib import Path
from django.conf import settings
from ml import artifact
from recognition.models import ModelVersion
from recognition.services.versions import registry, sharing
made = registry.folder(registry.active())
folder = Path(shutil.copytree(made, Path(settings.MODELS_DIR) / "twin"))
(folder / "note").write_text("another digest")
old = artifact.read_manifest(made)
(folder / artifact.MANIFEST).unlink()
manifest = artifact.seal(folder, dataclasses.replace(old, version="twin"))
sharing.share(manifest)
ModelVersion.objects.create(name="twin", digest=manifest.digest, embedding_size=128)
"""


class Machine(Site):
    """A site in a namespace of the network, which has no other way out than the bridge."""

    def __init__(self, namespace: str, address: str, data_dir: Path, **environment: str) -> None:
        own = {"FACESITE_HOST": address, "FACESITE_HOSTS": address, "FACESITE_HTTPS": "false"}
        super().__init__(data_dir, **own, **environment)
        self.prefix = ("ip", "netns", "exec", namespace)
        self.url = f"http://{address}:{self.port}"

    def answered(self) -> set[str]:
        """The photos that its worker answered."""
        return set(DONE.findall(self.output()))


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """The name of a bridge of this machine, whose address is 10.213.7.1."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root makes networks, with the program ip: apt-get install iproute2")
    name = f"facesite{os.getpid() % 10_000}"
    with ExitStack() as undo:
        ip("link", "add", name, "type", "bridge")
        undo.callback(ip, "link", "del", name)
        ip("address", "add", "10.213.7.1/24", "dev", name)
        ip("link", "set", name, "up")
        yield name


@pytest.fixture(scope="module")
def namespaces(network: str) -> Iterator[dict[str, str]]:
    """Two of them by their addresses."""
    made = {f"10.213.7.{number}": f"{network}-{number}" for number in (2, 3)}
    with ExitStack() as undo:
        for address, name in made.items():
            ip("netns", "add", name)
            undo.callback(ip, "netns", "del", name)
            end = f"{network}{address[-1]}"
            ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", end, "master", network, "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield made


@pytest.fixture(scope="module")
def database(postgresql: str) -> str:
    return new_database(postgresql, "apart")


@pytest.fixture(scope="module")
def machines(  # noqa: PLR0913, PLR0917  (fixtures)
    namespaces: dict[str, str],
    database: str,
    redis: str,
    s3: str,
    packaged_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Machine]]:
    """Only the first has a model to begin with."""
    servers = {"DATABASE_URL": database, "REDIS_URL": redis, "S3_URL": new_bucket(s3, "apart")}
    with ExitStack() as undo:
        for name, url in servers.items():
            server = url.partition("@")[2] or url.partition("//")[2]
            address = server.partition("/")[0]
            reached = undo.enter_context(relay(address, host="10.213.7.1"))
            servers[name] = url.replace(address, reached)
        folders = [tmp_path_factory.mktemp("machine") / "data" for _ in namespaces]
        shutil.copytree(packaged_model, folders[0] / "models")
        found = [
            Machine(name, address, folder, SECRET_KEY="shared" * 10, **servers)
            for (address, name), folder in zip(namespaces.items(), folders, strict=True)
        ]
        for machine in found:
            undo.callback(machine.close)
        found[0].start("--demo")
        found[1].start()
        found[0].make_user("visitor", "user")
        yield found


@pytest.fixture
def visitor(machines: list[Machine]) -> Visitor:
    return visiting(machines[0])


def visiting(machine: Machine) -> Visitor:
    visitor = Visitor(machine)
    visitor.login("visitor")
    return visitor


def answered_by_both(visitor: Visitor, machines: list[Machine], database: str) -> set[str]:
    """Send photos to one machine until the workers of both have answered some of these; what they
    decided of the faces, and by which version."""
    sent: list[UUID] = []
    before = [machine.answered() for machine in machines]

    def took_part() -> bool:
        pairs = zip(machines, before, strict=True)
        return all(machine.answered() - earlier for machine, earlier in pairs)

    while not (sent and took_part()):
        assert len(sent) < 10
        sent.append(upload(visitor))
        wait_for(lambda: len(outcomes(database, sent)) == len(sent) * PHOTOS, timeout=60)
    return set(outcomes(database, sent))


def upload(visitor: Visitor) -> UUID:
    photos = [SimpleUploadedFile(f"{n}.jpg", PHOTO.read_bytes()) for n in range(PHOTOS)]
    page = visitor.post("/", {"photos": photos})
    return UUID(page.url.rstrip("/").rpartition("/")[2])


def outcomes(database: str, batches: list[UUID]) -> list[str]:
    query = """
        SELECT face.decision || ' by ' || version.name FROM recognition_identification AS photo
        JOIN recognition_probeface AS face ON face.identification_id = photo.id
        JOIN recognition_modelversion AS version ON version.id = photo.model_version_id
        WHERE photo.batch = ANY(%s) AND photo.status = 'done'"""
    with psycopg.connect(database) as connection:
        return [told for (told,) in connection.execute(query, [batches])]


def test_what_one_takes_the_other_answers_and_shows(
    machines: list[Machine], visitor: Visitor, database: str
) -> None:
    assert answered_by_both(visitor, machines, database) == {"match by sface-2021dec"}
    other = visiting(machines[1])
    page = other.get("/history/").text
    (photo, *_) = re.findall(r'"(/photos/[^"?]+)', page)
    shown = other.get(photo)
    assert shown.headers["Content-Type"].startswith("image/")
    assert shown.body == visitor.get(photo).body
    assert not any((machine.data_dir / "media").exists() for machine in machines)
    assert (machines[1].data_dir / "models" / "sface-2021dec").is_dir()


def test_both_know_at_once_who_is_enrolled_and_who_was_erased(
    machines: list[Machine], visitor: Visitor, database: str, tmp_path: Path
) -> None:
    machines[1].manage("erase_person", "Mei_Tanaka", "--yes")
    assert answered_by_both(visitor, machines, database) == {"unknown by sface-2021dec"}
    shutil.copytree(ROOT / "demo" / "people" / "Mei_Tanaka", tmp_path / "Mei_Tanaka")
    machines[1].manage("enrol", str(tmp_path))
    assert answered_by_both(visitor, machines, database) == {"match by sface-2021dec"}


def test_both_know_at_once_which_version_is_in_service(
    machines: list[Machine], visitor: Visitor, database: str
) -> None:
    machines[0].manage("shell", "-v0", "-c", TWIN)
    machines[1].manage("promote", "twin", "--force", "--reason", "to see it")
    assert answered_by_both(visitor, machines, database) == {"match by twin"}
    machines[0].manage("rollback")
    assert answered_by_both(visitor, machines, database) == {"match by sface-2021dec"}
