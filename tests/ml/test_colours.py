"""Every way in which a file may store its colours, and the eight bits of sRGB that come of it."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from ml import imaging
from tests.ml.pictures import (
    BLACK,
    BLUE,
    GREEN,
    KINDS,
    RED,
    WHITE,
    assert_close,
    chunk,
    colour,
    encoded,
    png,
    quarters,
)

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter


class TestModes:
    def test_grey_jpeg(self) -> None:
        image = imaging.decode(encoded(Pillow.new("L", (8, 8), 77), "JPEG"))
        assert_close(image, np.full((8, 8, 3), 77, np.uint8))

    @pytest.mark.parametrize("rgb", [RED, GREEN, BLUE, WHITE, BLACK])
    def test_cmyk_jpeg_is_not_inverted(self, rgb: tuple[int, int, int]) -> None:
        picture = Pillow.new("RGB", (16, 16), rgb).convert("CMYK")
        assert_close(imaging.decode(encoded(picture, "JPEG")), np.full((16, 16, 3), rgb, np.uint8))

    def test_one_bit_png(self) -> None:
        picture = quarters().convert("1", dither=Pillow.Dither.NONE)
        image = imaging.decode(encoded(picture, "PNG"))
        assert_close(image, np.asarray(picture.convert("RGB")), 0)

    def test_palette_png(self) -> None:
        picture = quarters().convert("P", palette=Pillow.Palette.ADAPTIVE)
        assert_close(imaging.decode(encoded(picture, "PNG")), np.asarray(quarters()), 0)

    @pytest.mark.parametrize("transparency", [0, b"\x00", b"\x00\xff"])
    def test_transparent_palette_entry_is_white(self, transparency: int | bytes) -> None:
        picture = Pillow.new("P", (8, 8), 0)
        picture.putpalette([*RED, *GREEN])
        picture.paste(1, (4, 0, 8, 8))
        image = imaging.decode(encoded(picture, "PNG", transparency=transparency))
        assert colour(image[:, :4]) == WHITE
        assert colour(image[:, 4:]) == GREEN

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF", "AVIF"])
    def test_rgba_is_laid_over_white(self, kind: str) -> None:
        picture = Pillow.new("RGBA", (32, 16), (*RED, 128))
        picture.paste((0, 0, 0, 0), (16, 0, 32, 16))
        image = imaging.decode(encoded(picture, kind))
        assert_close(image[:, :14], np.full((16, 14, 3), (255, 127, 127), np.uint8))
        assert_close(image[:, 18:], np.full((16, 14, 3), WHITE, np.uint8))

    def test_grey_with_alpha_is_laid_over_white(self) -> None:
        image = imaging.decode(encoded(Pillow.new("LA", (8, 8), (0, 51)), "PNG"))
        assert colour(image) == (204, 204, 204)

    @pytest.mark.parametrize("mode", ["L", "RGB", "1"])
    def test_a_transparent_colour_key_is_white(self, mode: str) -> None:
        picture = Pillow.new(mode, (8, 8), 0)
        key = (0, 0, 0) if mode == "RGB" else 0
        assert colour(imaging.decode(encoded(picture, "PNG", transparency=key))) == WHITE

    @pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (32896, 128), (257, 1)])
    def test_16_bit_grey_keeps_its_brightness(self, value: int, expected: int) -> None:
        picture = Pillow.fromarray(np.full((8, 8), value, np.uint16))
        assert colour(imaging.decode(encoded(picture, "PNG"))) == (expected,) * 3

    def test_16_bit_grey_with_a_transparent_value(self) -> None:
        rows = b"".join(b"\0" + struct.pack(">HH", 1000, 40000) for _ in range(2))
        data = png(2, 2, 16, 0, rows, chunk(b"tRNS", struct.pack(">H", 1000)))
        image = imaging.decode(data)
        assert colour(image[:, :1]) == WHITE
        assert colour(image[:, 1:]) == (156, 156, 156)

    @pytest.mark.parametrize("key", [b"", chunk(b"tRNS", struct.pack(">HHH", 1, 40000, 65535))])
    def test_16_bit_colour(self, key: bytes) -> None:
        rows = b"".join(b"\0" + struct.pack(">HHH", 65535, 32896, 0) * 2 for _ in range(2))
        assert_close(
            imaging.decode(png(2, 2, 16, 2, rows, key)), np.full((2, 2, 3), (255, 128, 0), np.uint8)
        )

    def test_16_bit_grey_with_alpha(self) -> None:
        rows = b"".join(b"\0" + struct.pack(">HH", 65535, 0) * 2 for _ in range(2))
        assert colour(imaging.decode(png(2, 2, 16, 4, rows))) == WHITE

    def test_10_bit_heic(self) -> None:
        samples = np.full((32, 32, 3), 32896, np.uint16)
        buffer = BytesIO()
        heic = pillow_heif.from_bytes("RGB;16", (32, 32), samples.tobytes())
        heic.save(buffer, quality=-1, chroma=444)
        assert_close(imaging.decode(buffer.getvalue()), np.full((32, 32, 3), 128, np.uint8))


class TestColour:
    @staticmethod
    def swapped_profile() -> bytes:
        """sRGB with red and green exchanged, under another name: nobody can miss it."""
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        profile = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
        profile = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ")
        return profile.replace(b"????", b"gXYZ")

    @pytest.mark.parametrize("kind", KINDS)
    def test_colours_of_another_profile_become_srgb(self, kind: str) -> None:
        picture = Pillow.new("RGB", (16, 16), RED)
        data = encoded(picture, kind, icc_profile=self.swapped_profile())
        assert_close(imaging.decode(data), np.full((16, 16, 3), GREEN, np.uint8))

    @pytest.mark.parametrize("kind", KINDS)
    def test_srgb_is_left_alone(self, kind: str) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        data = encoded(quarters(), kind, icc_profile=profile)
        assert_close(imaging.decode(data), np.asarray(quarters()))

    @pytest.mark.parametrize("profile", [b"not a profile", b"\0" * 600])
    def test_a_damaged_profile_is_ignored(self, profile: bytes) -> None:
        data = encoded(quarters(), "JPEG", icc_profile=profile)
        assert_close(imaging.decode(data), np.asarray(quarters()))

    @pytest.mark.parametrize("mode", ["L", "CMYK"])
    def test_a_profile_for_other_channels_is_ignored(self, mode: str) -> None:
        picture = Pillow.new("RGB", (16, 16), WHITE).convert(mode)
        data = encoded(picture, "JPEG", icc_profile=self.swapped_profile())
        assert colour(imaging.decode(data)) == WHITE

    def test_a_profile_and_transparency_go_together(self) -> None:
        picture = Pillow.new("RGBA", (16, 16), (*RED, 255))
        picture.paste((0, 0, 0, 0), (8, 0, 16, 16))
        image = imaging.decode(encoded(picture, "PNG", icc_profile=self.swapped_profile()))
        assert_close(image[:, :8], np.full((16, 8, 3), GREEN, np.uint8))
        assert_close(image[:, 8:], np.full((16, 8, 3), WHITE, np.uint8))
