"""Every code has a sentence, and the sentence has the numbers a person needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml.types import QualityReason
from recognition.messages import imports, quality
from recognition.messages import photos as messages

CODES = (
    "unreadable_image",
    "empty_file",
    "damaged_image",
    "cut_short",
    "image_too_large",
    "image_too_costly",
    "gave_up",
    "timed_out",
    "original_missing",
    "unreadable_file",
)
TABLES = (
    "table_unreadable",
    "table_without_names",
    "row_without_name",
    "row_of_nobody",
    "row_repeated",
    "row_consent",
    "row_external_id",
)
REFUSALS = (
    "reviewed_otherwise",
    "no_face",
    "several_faces",
    "low_quality",
    "enrolled_elsewhere",
    "enrolled_as_photo",
    "no_consent",
    "not_confirmed",
    "person_removed",
    "not_in_a_folder",
    "nested_folder",
    "empty_folder",
    "bad_name",
)


@pytest.mark.parametrize("code", CODES)
def test_each_error_of_a_photo_has_a_sentence(code: str) -> None:
    assert messages.photo_error(code).endswith(".")
    assert "%(" not in messages.photo_error(code)


@pytest.mark.parametrize("code", [*CODES, *REFUSALS, *QualityReason])
def test_each_refusal_has_a_sentence_of_its_own(code: str) -> None:
    sentence = messages.refusal(code)
    assert sentence.endswith(".")
    assert code == "gave_up" or sentence != messages.photo_error("gave_up")


@pytest.mark.parametrize("code", TABLES)
def test_each_trouble_with_a_table_has_a_sentence_with_its_line(code: str) -> None:
    sentence = imports.of_file(code, {"line": 7})
    assert sentence.endswith(".")
    assert ("Line 7" in sentence) == code.startswith("row_")


@pytest.mark.parametrize("code", ["archive_unreadable", "archive_encrypted", "archive_too_large"])
def test_each_archive_that_cannot_be_used_has_a_sentence(code: str) -> None:
    assert imports.not_taken(code, {}).endswith(".")


@pytest.mark.parametrize("reason", QualityReason)
def test_each_trouble_with_quality_has_advice(reason: QualityReason) -> None:
    assert "Try" in quality.quality_advice([reason])


def test_the_worst_trouble_is_the_one_named() -> None:
    assert "dark" in quality.quality_advice(["too_dark", "blurred"])
    assert quality.quality_advice([]) == ""


def test_advice_says_what_was_measured_and_what_would_do() -> None:
    small = quality.quality_advice(["too_small"], {"too_small": (37.6, 48)})
    assert small.endswith("It is 38 pixels across; 48 or more work better.")
    dark = quality.quality_advice(["too_dark"], {"too_dark": (0.034, 30 / 255)})
    assert dark.endswith("It has 3% of full brightness; 12% or more work better.")


def test_a_face_assessed_before_numbers_were_kept_has_advice_without_them() -> None:
    assert quality.quality_advice(["blurred"], {}) == quality.quality_advice(["blurred"])


def test_limits_are_told_in_units_that_people_use() -> None:
    too_many = {"unit": "bytes", "limit": 10 * 1024**2, "actual": 12_900_000}
    assert "12.4 MB; the limit is 10 MB" in messages.photo_error("image_too_large", too_many)
    too_wide = {"unit": "pixels", "limit": 100_000_000, "actual": 100_000_001}
    assert "100.1 megapixels; the limit is 100." in messages.photo_error(
        "image_too_large", too_wide
    )


def test_each_limit_says_what_to_do() -> None:
    of_its_format = {"unit": "pixels", "limit": 25_000_000, "actual": 30_000_000}
    too_long = {"unit": "side", "limit": 32_000, "actual": 24_999_999}
    assert "save it as an ordinary JPEG" in messages.photo_error("image_too_large", of_its_format)
    assert "Cut it into parts" in messages.photo_error("image_too_large", too_long)
    assert "ordinary JPEG" in messages.photo_error("image_too_costly")
    assert "cut short" in messages.photo_error("damaged_image")


def test_who_has_the_photo_is_named() -> None:
    assert "under Ann." in messages.refusal("enrolled_elsewhere", {"name": "Ann"})


def test_every_code_that_the_services_refuse_with_has_a_sentence() -> None:
    services = Path(messages.__file__).parents[1] / "services"
    source = "".join(path.read_text() for path in services.rglob("*.py"))
    written = set(re.findall(r'(?:EnrolmentRefused|RefusedPath)\((?:\w+, )?\s*"(\w+)"', source))
    assert written
    assert written <= {*CODES, *REFUSALS}
