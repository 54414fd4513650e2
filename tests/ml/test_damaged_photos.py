"""What damage does to photos, and what bytes that are none do to the reader."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from ml import imaging
from ml.errors import DamagedImage, PhotoRejected
from tests.ml.pictures import KINDS, PHOTOS, assert_close, encoded, quarters

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_photo_that_is_cut_short_is_called_damaged(kind: str, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Pillow.fromarray(noise), kind)
    with pytest.raises(DamagedImage):
        imaging.decode(data[: int(len(data) * part)])


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
    for read in (imaging.inspect, imaging.decode):
        try:
            result = read(data)
        except PhotoRejected:
            continue
        if isinstance(result, np.ndarray):
            assert result.dtype == np.uint8
            assert result.ndim == 3
            assert result.shape[2] == 3
