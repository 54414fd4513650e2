from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from facesite import env

Patch = pytest.MonkeyPatch


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_boolean_reads_every_usual_spelling_of_true(monkeypatch: Patch, value: str) -> None:
    monkeypatch.setenv("X", value)
    assert env.boolean("X", default=False) is True


@pytest.mark.parametrize("value", ["0", "False", "no", "off"])
def test_boolean_reads_every_usual_spelling_of_false(monkeypatch: Patch, value: str) -> None:
    monkeypatch.setenv("X", value)
    assert env.boolean("X", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_an_empty_variable_counts_as_one_that_is_not_set(monkeypatch: Patch, default: bool) -> None:
    monkeypatch.setenv("X", " ")
    assert env.boolean("X", default=default) is default


def test_maybe_is_not_a_boolean(monkeypatch: Patch) -> None:
    monkeypatch.setenv("FACESITE_SIGNUP", "maybe")
    with pytest.raises(ImproperlyConfigured) as refused:
        env.boolean("FACESITE_SIGNUP", default=True)
    assert str(refused.value) == "FACESITE_SIGNUP must be true or false, but it is 'maybe'."


@pytest.mark.parametrize("value", ["many", "0", "70000", "8000.5", "8 000"])
def test_integer_refuses_what_is_no_number_or_out_of_range(monkeypatch: Patch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match="a whole number from 1 to 65535, but it is"):
        env.integer("PORT", 8000, at_least=1, at_most=65535)


def test_integer_reads_a_number(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PORT", "80")
    assert env.integer("PORT", 8000, at_least=1, at_most=65535) == 80


@pytest.mark.parametrize("value", ["0", "1", "nan", "1%", "-0.1", "inf"])
def test_fraction_refuses_what_is_no_share(monkeypatch: Patch, value: str) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match="a number between 0 and 1"):
        env.fraction("X", 0.01)


def test_fraction_reads_a_share(monkeypatch: Patch) -> None:
    monkeypatch.setenv("X", "0.003")
    assert env.fraction("X", 0.01) == 0.003


def test_choice_names_the_possibilities(monkeypatch: Patch) -> None:
    monkeypatch.setenv("X", "torch")
    with pytest.raises(ImproperlyConfigured, match="X must be openvino or keras, but it is"):
        env.choice("X", "openvino", among=("openvino", "keras"))


def test_words_are_separated_by_commas(monkeypatch: Patch) -> None:
    monkeypatch.setenv("X", "one.example, two.example,")
    assert env.words("X") == ["one.example", "two.example"]


def test_a_relative_path_counts_from_the_current_folder(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("X", "data")
    assert env.path("X", Path("/elsewhere")) == tmp_path / "data"


def test_a_url_of_another_kind_is_refused_without_repeating_its_password(
    monkeypatch: Patch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:geheim@host/db")
    with pytest.raises(ImproperlyConfigured, match="one of: postgres://") as refused:
        env.url("DATABASE_URL", schemes=("postgres",))
    assert "geheim" not in str(refused.value)


def test_a_secret_comes_from_its_variable_or_from_a_file(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    assert env.secret("X") == "from the file"
    monkeypatch.setenv("X", "from the variable")
    with pytest.raises(ImproperlyConfigured, match="Set X or X_FILE, not both"):
        env.secret("X")
    monkeypatch.delenv("X_FILE")
    assert env.secret("X") == "from the variable"


def test_a_secret_file_that_is_missing_or_empty_is_an_error(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="X_FILE cannot be read"):
        env.secret("X")
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(ImproperlyConfigured, match="names an empty file"):
        env.secret("X")


def test_a_generated_secret_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(env.generated_secret, [file] * 8))
    assert len(keys) == 1
    assert len(keys.pop()) >= 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_data_folder_that_cannot_be_made_is_named(monkeypatch: Patch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match=f"The folder {tmp_path}/file/data cannot be"):
        env.data_dir("DATA_DIR", Path("/elsewhere"))


def test_a_data_folder_is_closed_to_others(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    place = env.data_dir("DATA_DIR", Path("/elsewhere"))
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize(("mode", "closed"), [(0o755, 0o750), (0o777, 0o770), (0o750, 0o750)])
def test_a_data_folder_that_is_there_already_is_closed_to_everybody_else(
    monkeypatch: Patch, tmp_path: Path, mode: int, closed: int
) -> None:
    tmp_path.chmod(mode)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    place = env.data_dir("DATA_DIR", Path("/elsewhere"))
    assert stat.S_IMODE(place.stat().st_mode) == closed


def test_one_that_cannot_be_closed_stops_the_site_with_the_command_that_does(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError

    tmp_path.chmod(0o755)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(ImproperlyConfigured, match=f"chmod o= {tmp_path}"):
        env.data_dir("DATA_DIR", Path("/elsewhere"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", env.Mail("mail.example", 25, "", "", tls=False, starttls=False)),
        (
            "smtp+tls://me%40x.example:p%2Fw@mail.example",
            env.Mail("mail.example", 587, "me@x.example", "p/w", tls=False, starttls=True),
        ),
        (
            "smtps://me:pw@mail.example:4650",
            env.Mail("mail.example", 4650, "me", "pw", tls=True, starttls=False),
        ),
    ],
)
def test_a_mail_server_is_one_url(monkeypatch: Patch, url: str, expected: env.Mail) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert env.mail("EMAIL_URL") == expected


@pytest.mark.parametrize("url", ["mail.example", "imap://mail.example", "smtp://", "smtp://h:x"])
def test_a_mail_url_that_is_not_understood_is_an_error(monkeypatch: Patch, url: str) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must look like smtp://"):
        env.mail("EMAIL_URL")


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("Europe/Moscow", "Europe/Moscow"),
        (":Europe/Moscow", "Europe/Moscow"),
        ("/usr/share/zoneinfo/Europe/Moscow", "Europe/Moscow"),
        (":/usr/share/zoneinfo/Europe/Moscow", "Europe/Moscow"),
        ("EST5EDT", "EST5EDT"),
        ("", "UTC"),
    ],
)
def test_a_time_zone_is_read_as_systems_write_it(
    monkeypatch: pytest.MonkeyPatch, written: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", written)
    assert env.time_zone("TZ", "UTC") == zone


@pytest.mark.parametrize(
    "written", ["+03:00", "MSK-3", "<+03>-3", "MSK", "/etc/hosts", "../x", ":"]
)
def test_a_time_zone_that_has_no_name_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("TZ", written)
    with pytest.raises(ImproperlyConfigured, match="TZ must be the name of a time zone, such as"):
        env.time_zone("TZ", "UTC")


def test_what_is_secret_is_noted_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "given", {})
    monkeypatch.setattr(env, "secrets_given", set())
    monkeypatch.setenv("X", "17")
    monkeypatch.setenv("URL", "https://me:word@example.org")
    env.integer("X", 1, at_least=1, at_most=20)
    env.integer("NOT_SET", 1, at_least=1, at_most=20)
    env.url("URL", schemes=("https",))
    assert (env.given, env.secrets_given) == ({"X": "17"}, {"URL"})
