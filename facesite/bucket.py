"""Stored files in a bucket that speaks S3, which all machines of a site share.

They are sealed before they leave, and come to a browser through the site alone: nobody gets an
address of one. What is asked of a bucket that is away fails within seconds.
"""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from facesite import env
from facesite.sealing import seal, unseal
from facesite.storage import StorageAway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client, S3ServiceResource

_PATIENCE: Final = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    # Names of hosts with the bucket in front are Amazon's; all servers know it in the path.
    s3={"addressing_style": "path"},
    # Newer sums than MD5 are not known to all of them either.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    max_pool_connections=16,
)


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """A bucket that is not there, or is closed to us, is as good as away: no file is lost by it."""
    try:
        yield
    except ClientError as error:
        if _is_gone(error):
            raise FileNotFoundError(errno.ENOENT, "There is no such file", name) from error
        raise _away(error) from error
    except BotoCoreError as error:
        raise _away(error) from error


def _is_gone(error: ClientError) -> bool:
    """Answers to HEAD have no word on what is not there; any other 404 may be that of a proxy, and
    a photo that is taken for lost is given up."""
    code = error.response["Error"]["Code"]
    return code == "NoSuchKey" or (code == "404" and error.operation_name == "HeadObject")


def _away(error: Exception) -> StorageAway:
    return StorageAway(errno.EHOSTUNREACH, f"The bucket does not answer: {error}")


class Bucket(S3Storage):  # type: ignore[misc]  # untyped
    """Beside `PrivateStorage`. What is put in one request is there whole or not at all."""

    shared: ClassVar[bool] = True

    def __init__(self) -> None:
        place = cast("env.Bucket", settings.S3)
        self.place = place.place
        super().__init__(
            endpoint_url=place.endpoint,
            region_name=place.region,
            bucket_name=place.name,
            location=place.folder,
            access_key=place.key,
            secret_key=place.secret,
            client_config=_PATIENCE,
        )
        self._connecting = threading.Lock()
        self._connection: S3ServiceResource | None = None

    @property
    def connection(self) -> S3ServiceResource:
        """One for all threads: each would take 10 MB."""
        with self._connecting:
            if self._connection is None:
                self._connection = self._create_session().resource(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
            return self._connection

    @property
    def _client(self) -> S3Client:
        return self.connection.meta.client

    def _save(self, name: str, content: File[bytes]) -> str:
        self.put(name, io.BytesIO(seal(content.read(), name.encode())))
        return name

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        return ContentFile(unseal(self.raw(name), name.encode()), name)

    def exists(self, name: str) -> bool:
        with _asking(name):
            return cast("bool", super().exists(name))

    def delete(self, name: str) -> None:
        with _asking(name):
            super().delete(name)

    def get_modified_time(self, name: str) -> datetime:
        with _asking(name):
            return cast("datetime", super().get_modified_time(name))

    def url(self, name: str, *_: Any, **__: Any) -> str:
        raise NotImplementedError("Only a view that checks who may see a file gives it out.")

    def names(self, folder: str) -> list[str]:
        """Those in folders within it too."""
        return self._beginning_with(f"{folder}/")

    def has(self, folder: str) -> bool:
        """It knows no folders; whoever asks had an answer of it just now."""
        return True

    def elsewhere(self) -> list[str]:
        return self._beginning_with("")

    def _beginning_with(self, start: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2")
        with _asking(start):
            found = pages.paginate(Bucket=self.bucket_name, Prefix=self._key(start))
            keys = [entry["Key"] for page in found for entry in page.get("Contents", ())]
        return [key.removeprefix(self._key("")) for key in keys]

    def raw(self, name: str) -> bytes:
        with _asking(name):
            answer = self._client.get_object(Bucket=self.bucket_name, Key=self._key(name))
            return answer["Body"].read()

    def put(self, name: str, source: IO[bytes]) -> None:
        with _asking(name):
            self._client.put_object(Bucket=self.bucket_name, Key=self._key(name), Body=source)

    def copy(self, name: str, target: Path) -> None:
        with _asking(name):
            answer = self._client.get_object(Bucket=self.bucket_name, Key=self._key(name))
            with target.open("xb") as file:
                file.writelines(answer["Body"].iter_chunks(2**20))

    def is_readable(self) -> bool:
        return False

    def _key(self, name: str) -> str:
        return f"{self.location}/{name}".lstrip("/")
