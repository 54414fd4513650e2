"""What damage does to photos, and what bytes that are none do to the reader."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from ml import bounded, imaging
from ml.errors import CutShort, DamagedImage, PhotoRejected
from tests.ml.pictures import KINDS, PHOTOS, assert_close, encoded, quarters

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter


def cut_at(part: float) -> bytes:
    """The beginning of a JPEG whose rows take about the same space each."""
    noise = np.random.default_rng(2).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    data = encoded(Pillow.fromarray(noise), "JPEG")
    return data[: int(len(data) * part)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_photo_that_is_cut_short_is_called_damaged(kind: str, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Pillow.fromarray(noise), kind)
    with pytest.raises(DamagedImage):
        imaging.decode(data[: int(len(data) * part)])


@pytest.mark.parametrize("part", [0.6, 0.95])
def test_a_jpeg_that_ends_too_early_is_used_as_far_as_it_goes(part: float) -> None:
    cut = cut_at(part)
    assert imaging.inspect(cut).cut_short
    image, whole = imaging.decode(cut, partial=True), imaging.decode(cut_at(1))
    there = int(len(whole) * part) - 16
    assert image.shape == whole.shape
    np.testing.assert_array_equal(image[:there], whole[:there])
    assert (image[-1] == 128).all()


@pytest.mark.parametrize("part", [0.05, 0.3])
def test_a_jpeg_of_which_less_than_half_is_there_is_refused_as_cut_short(part: float) -> None:
    with pytest.raises(CutShort):
        imaging.decode(cut_at(part), partial=True)


def test_a_progressive_jpeg_that_ends_too_early_is_coarser_and_whole() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture = Pillow.fromarray(noise).resize((256, 256))
    data = encoded(picture, "JPEG", progressive=True)
    image = imaging.decode(data[: int(len(data) * 0.6)], partial=True)
    off = np.abs(image - np.asarray(picture, int)).mean(axis=(1, 2))  # of each row
    assert off.max() < 20 < np.abs(128 - np.asarray(picture, int)).mean()


def test_a_jpeg_that_ends_within_its_header_is_cut_short() -> None:
    for end in (3, 20, 200):
        with pytest.raises(CutShort):
            imaging.inspect(PHOTOS["JPEG"][:end])


def test_a_whole_jpeg_is_not_called_cut_short() -> None:
    assert not imaging.inspect(PHOTOS["JPEG"]).cut_short
    assert not imaging.inspect(PHOTOS["JPEG"] + b"a video").cut_short


@pytest.mark.parametrize("part", [0.3, 0.6])
def test_what_is_decoded_in_another_process_is_cut_short_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, part: float
) -> None:
    cut = cut_at(part)
    monkeypatch.setattr(bounded, "AT_HAND", 0)
    if part > imaging.MIN_SHARE:
        here = imaging.decode(cut, partial=True)
        np.testing.assert_array_equal(bounded.decode(cut, partial=True), here)
    else:
        with pytest.raises(CutShort):
            bounded.decode(cut, partial=True)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_after_the_photo_do_no_harm(kind: str) -> None:
    assert_close(imaging.decode(PHOTOS[kind] + b"appended " * 9), np.asarray(quarters()))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_our_errors(data: bytes) -> None:
    read_or_refuse(data)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([photo[:head] for photo in PHOTOS.values() for head in (12, 30)]),
    st.binary(max_size=400),
)
def test_a_true_beginning_and_random_bytes(head: bytes, rest: bytes) -> None:
    read_or_refuse(head + rest)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(PHOTOS.values())), st.data())
def test_flipped_removed_and_doubled_bytes(photo: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(photo)
    places = st.integers(0, len(photo) - 1)
    for place, value in draw.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        damaged[place] = value
    cuts = sorted(draw.draw(st.lists(places, max_size=3)))
    for start, end in reversed(list(pairwise(cuts))):
        damaged[start:end] = draw.draw(st.sampled_from([b"", damaged[start:end] * 2]))
    read_or_refuse(bytes(damaged))


def read_or_refuse(data: bytes) -> None:
    """Whatever the bytes: an array within the limits, or a reason why not."""
    for read in (imaging.inspect, imaging.decode, partial(imaging.decode, partial=True)):
        try:
            result = read(data)
        except PhotoRejected:
            continue
        if isinstance(result, np.ndarray):
            assert result.dtype == np.uint8
            assert result.ndim == 3
            assert result.shape[2] == 3
