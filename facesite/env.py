"""Strict readers of environment variables: what is not understood is an error, never a guess."""

from __future__ import annotations

import os
import secrets
import stat
from base64 import urlsafe_b64decode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_OTHERS = stat.S_IRWXO
_KEY_BYTES = 32

given: dict[str, str] = {}
"""What the environment says of this site, as it was read, without anything secret."""
secrets_given: set[str] = set()
"""The names of what it says that nobody else may read."""


def text(name: str, default: str = "") -> str:
    """The value without surrounding space; an empty variable counts as one that is not set."""
    if value := _value(name):
        given[name] = value
    return value or default


def _value(name: str) -> str:
    return os.environ.get(name, "").strip()


def boolean(name: str, *, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in _TRUE | _FALSE:
        raise _error(name, "true or false", value)
    return value in _TRUE


def integer(name: str, default: int, *, at_least: int, at_most: int) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = at_least - 1
    if not at_least <= number <= at_most:
        raise _error(name, f"a whole number from {at_least} to {at_most}", value)
    return number


def fraction(name: str, default: float) -> float:
    """A number between 0 and 1, both excluded."""
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < 1:
        raise _error(name, "a number between 0 and 1, such as 0.01", value)
    return number


def choice(name: str, default: str, *, among: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in among:
        raise _error(name, " or ".join(among), value)
    return value


def time_zone(name: str, default: str) -> str:
    """A time zone by its name, also after a colon or as a path to its file, as systems write it."""
    value = text(name, default)
    place = value.removeprefix(":")
    path = str(Path(place).resolve()) if place.startswith("/") else place
    zone = path.rpartition("/zoneinfo/")[2]
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        expected = "the name of a time zone, such as Europe/Moscow or UTC"
        raise _error(name, expected, value) from error
    return zone


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    return [word for part in text(name).split(",") if (word := part.strip())] or list(default)


def path(name: str, default: Path) -> Path:
    """An absolute path; a relative one counts from the current folder."""
    return Path(_value(name) or default).expanduser().absolute()


def url(name: str, *, schemes: tuple[str, ...]) -> str:
    """A URL as written, or an empty string when there is none. It may come from a file."""
    value = secret(name)
    if value and urlsplit(value).scheme not in schemes:
        # The value is not repeated: it may hold a password.
        expected = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} must be a URL that starts with one of: {expected}.")
    return value


def own_address(public_hosts: list[str], port: int, *, https: bool) -> str:
    """Where the site is found; nothing, if it is only known that it has some name in a domain."""
    if not public_hosts:
        return f"http://localhost:{port}"
    whole = (host for host in public_hosts if not host.startswith((".", "*")))
    scheme = "https" if https else "http"
    return next((f"{scheme}://{host}" for host in whole), "")


def secret(name: str) -> str:
    """The value of NAME, or the contents of the file that NAME_FILE names (Docker secrets)."""
    value, file = _value(name), _value(f"{name}_FILE")
    if value and file:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if value or file:
        secrets_given.add(name)
    if not file:
        return value
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from error
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE names an empty file: {file}.")
    return value


def generated_secret(file: Path, size: int = 64) -> str:
    """The contents of a file that only its owner can read, written at first with a random value of
    so many bytes."""
    if not file.exists():
        beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        beside.touch(mode=0o600)
        beside.write_text(secrets.token_urlsafe(size), encoding="utf-8")
        # A link, not a rename: of two processes that start together the second must not replace
        # the secret that the first already uses.
        try:
            file.hardlink_to(beside)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return file.read_text(encoding="utf-8").strip()


def keys(name: str, file: Path, *, needed: bool) -> tuple[bytes, ...]:
    """Keys of 32 bytes each, in base64, between commas or on lines; without them those of `file`,
    in which one is generated if any are needed."""
    written = secret(name)
    if not written and (needed or file.exists()):
        written = generated_secret(file, _KEY_BYTES)
    return tuple(_key(name, word) for word in written.replace(",", " ").split())


def _key(name: str, word: str) -> bytes:
    try:
        key = urlsafe_b64decode(f"{word}==")
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(f"{name} takes keys of {_KEY_BYTES} bytes in base64.")
    return key


def folder(path: Path) -> Path:
    """The same path, existing and closed to other users of the machine."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"The folder {path} cannot be made: {error}.") from error
    return path


def data_dir(name: str, default: Path) -> Path:
    """The folder for everything that the site writes, which other users of the machine cannot open.

    A folder that was there is closed to them; where that cannot be done, the site does not start.
    """
    place = folder(path(name, default))
    if not os.access(place, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name} is {place}, and this user may not write there.")
    mode = stat.S_IMODE(place.stat().st_mode)
    if mode & _OTHERS:
        _close(place, mode & ~_OTHERS)
    return place


def _close(place: Path, mode: int) -> None:
    with suppress(OSError):
        place.chmod(mode)
    if place.stat().st_mode & _OTHERS:
        raise ImproperlyConfigured(
            f"Everybody on this machine may look into {place}, where photos of faces are. "
            f"Whose it is can change that: chmod o= {place}"
        )


@dataclass(frozen=True)
class Bucket:
    """A bucket, and a folder of it, on a server that speaks S3."""

    endpoint: str
    name: str
    folder: str
    region: str
    key: str
    secret: str

    @property
    def place(self) -> str:
        """As people call it, without what is secret."""
        return f"{self.endpoint}/{self.name}/{self.folder}".rstrip("/")


def bucket(name: str) -> Bucket | None:
    """A bucket from https://key:secret@host/bucket/folder?region=…; the folder may be left out,
    and the region where the server knows none."""
    value = url(name, schemes=("https", "http"))
    if not value:
        return None
    parts = urlsplit(value)
    place, _, folder = parts.path.strip("/").partition("/")
    if not (place and parts.hostname and parts.username and parts.password):
        raise ImproperlyConfigured(f"{name} must look like https://key:secret@host/bucket.")
    return Bucket(
        endpoint=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        name=place,
        folder=folder,
        region=dict(parse_qsl(parts.query)).get("region", "us-east-1"),
        key=unquote(parts.username),
        secret=unquote(parts.password),
    )


@dataclass(frozen=True)
class Mail:
    """A mail server."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    starttls: bool


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail(name: str) -> Mail | None:
    """A mail server from smtp://, smtp+tls:// (STARTTLS) or smtps://user:password@host:port."""
    value = secret(name)
    if not value:
        return None
    parts = urlsplit(value)
    try:
        port = parts.port or _MAIL_PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname:
        raise ImproperlyConfigured(
            f"{name} must look like smtp://, smtp+tls:// or smtps://user:password@host:port."
        )
    return Mail(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp+tls",
    )


def _error(name: str, expected: str, value: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} must be {expected}, but it is {value!r}.")
