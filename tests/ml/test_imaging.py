from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo

from ml import imaging
from ml.errors import ImageTooLarge, PhotoRejected, UnreadableImage
from ml.types import Image

pillow_heif.register_heif_opener()  # for making files; ml.imaging itself never registers readers

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter
REPOSITORY = Path(__file__).resolve().parents[2]


def encoded(picture: Pillow.Image, kind: str, **options: Any) -> bytes:
    """`picture` as a file, as exactly as its format can keep it."""
    exact: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "MPO": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "HEIF": {"quality": -1, "chroma": 444, "matrix_coefficients": 0},
    }
    buffer = BytesIO()
    picture.save(buffer, kind, **exact.get(kind, {}), **options)
    return buffer.getvalue()


def quarters(size: tuple[int, int] = (64, 32)) -> Pillow.Image:
    """Red and green above, blue and white below: no turn or mirror image of it is itself."""
    width, height = size
    picture = Pillow.new("RGB", size, WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def assert_close(image: Image, expected: Image, tolerance: int = 3) -> None:
    assert image.shape == expected.shape
    assert int(np.abs(image.astype(int) - expected.astype(int)).max()) <= tolerance


def colour(image: Image) -> tuple[int, int, int]:
    red, green, blue = (round(float(v)) for v in image.reshape(-1, 3).mean(axis=0))
    return red, green, blue


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IEND", b"")])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def exif(orientation: int) -> bytes:
    tags = Pillow.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


KINDS = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "HEIF": "HEIC"}
PHOTOS = {kind: encoded(quarters(), kind) for kind in KINDS}

UPRIGHT: dict[int, Callable[[Image], Image]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored.transpose(1, 0, 2)[:, ::-1],
    7: lambda stored: stored.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda stored: stored.transpose(1, 0, 2)[::-1],
}


class TestFormats:
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_of_the_four_formats_is_decoded(self, kind: str) -> None:
        image = imaging.decode(PHOTOS[kind])
        assert_close(image, np.asarray(quarters()))
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous

    @pytest.mark.parametrize("kind", KINDS)
    def test_inspect_names_format_and_size(self, kind: str) -> None:
        assert imaging.inspect(PHOTOS[kind]) == imaging.PhotoInfo(KINDS[kind], 64, 32)  # type: ignore[arg-type]

    def test_a_photo_like_a_phone_takes_it_is_decoded_to_the_pixels_of_the_encoder(self) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        assert np.array_equal(imaging.decode(imaging.encode_png(noise)), noise)

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "AVIF", "JPEG2000", "PPM"])
    def test_other_image_formats_are_refused(self, kind: str) -> None:
        data = encoded(quarters(), kind)
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(UnreadableImage):
                read(data)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\0",
            b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
            b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n",
            b"<!doctype html><title>photo.jpg</title>",
            b"\x89PNG\r\n\x1a\n<!doctype html><p>hello</p>",
            b"\xff\xd8\xff\xe0<!doctype html><p>hello</p>",
            b"RIFF\x20\0\0\0WEBP<!doctype html><p>hello</p>",
            b"\0\0\0\x18ftypheic<!doctype html><p>hello</p>",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
        ],
    )
    def test_what_is_no_photo_is_unreadable(self, data: bytes) -> None:
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(UnreadableImage):
                read(data)

    def test_the_name_of_the_format_comes_from_the_bytes(self) -> None:
        assert imaging.inspect((REPOSITORY / "demo/photos/groups/0.jpg").read_bytes()) == (
            imaging.PhotoInfo("JPEG", 1280, 853)
        )


class TestOrientation:
    @pytest.mark.parametrize("orientation", UPRIGHT)
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_exif_orientation_is_applied(self, kind: str, orientation: int) -> None:
        data = encoded(quarters(), kind, exif=exif(orientation))
        expected = UPRIGHT[orientation](np.asarray(quarters()))
        image = imaging.decode(data)
        assert_close(image, expected)
        assert image.flags.c_contiguous
        info = imaging.inspect(data)
        assert (info.height, info.width) == image.shape[:2]

    @pytest.mark.parametrize("orientation", UPRIGHT)
    def test_a_turned_heic_is_turned_once(self, orientation: int) -> None:
        data = encoded(quarters(), "HEIF", exif=exif(orientation))
        image = imaging.decode(data)
        assert_close(image, UPRIGHT[orientation](np.asarray(quarters())))
        info = imaging.inspect(data)
        assert (info.height, info.width) == image.shape[:2]

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_an_orientation_that_does_not_exist_is_ignored(self, orientation: int) -> None:
        data = encoded(quarters(), "JPEG", exif=exif(orientation))
        assert_close(imaging.decode(data), np.asarray(quarters()))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_a_damaged_exif_block_does_not_spoil_the_photo(self, kind: str) -> None:
        data = encoded(quarters(), kind, exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
        assert_close(imaging.decode(data), np.asarray(quarters()))

    def test_orientation_of_an_odd_sized_photo_with_transparency(self) -> None:
        picture = quarters((33, 17)).convert("RGBA")
        data = encoded(picture, "PNG", exif=exif(6))
        assert_close(imaging.decode(data), UPRIGHT[6](np.asarray(quarters((33, 17)))))


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

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
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


class TestFirstPicture:
    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO", "HEIF"])
    def test_only_the_first_of_several_pictures_counts(self, kind: str) -> None:
        others = [Pillow.new("RGB", (64, 32), BLACK), Pillow.new("RGB", (64, 32), RED)]
        data = encoded(quarters(), kind, save_all=True, append_images=others)
        assert_close(imaging.decode(data), np.asarray(quarters()))
        assert imaging.inspect(data).format == KINDS.get(kind, "JPEG")


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


def with_size(kind: str, width: int, height: int) -> bytes:
    """A real photo whose header claims another size; the pixels behind it stay few."""
    data = bytearray(PHOTOS[kind])
    match kind:
        case "PNG":
            data[16:24] = struct.pack(">II", width, height)
            data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        case "JPEG":
            start = data.index(b"\xff\xc0") + 5
            data[start : start + 4] = struct.pack(">HH", height, width)
        case "WEBP":
            bits = (width - 1) | (height - 1) << 14
            data[21:25] = struct.pack("<I", bits | (data[24] & 0xF0) << 24)
        case "HEIF":
            assert b"clap" in data  # cropped back to a stamp, which fools whoever asks the decoder
            start = data.index(b"ispe") + 8
            data[start : start + 8] = struct.pack(">II", width, height)
    return bytes(data)


class TestLimits:
    @pytest.mark.parametrize("kind", KINDS)
    def test_pixels_are_counted_by_the_header_before_anything_is_decoded(self, kind: str) -> None:
        data = with_size(kind, 16000, 12000)
        for read in (imaging.inspect, imaging.decode):
            start = time.perf_counter()
            with pytest.raises(ImageTooLarge) as error:
                read(data)
            assert time.perf_counter() - start < 0.2
            assert (error.value.actual, error.value.unit) == (192_000_000, "pixels")
            assert error.value.limit == imaging.MAX_PIXELS == 25_000_000

    @pytest.mark.parametrize("first", [b"VP8X", b"VP8 ", b"VP8L"])
    def test_every_kind_of_webp_tells_its_size(self, first: bytes) -> None:
        options: dict[str, dict[str, Any]] = {
            "VP8 ": {"lossless": False},
            "VP8X": {"exif": exif(1)},
            "VP8L": {},
        }
        buffer = BytesIO()
        quarters((70, 30)).save(buffer, "WEBP", **{"lossless": True, **options[first.decode()]})
        assert buffer.getvalue()[12:16] == first
        assert imaging._webp_canvas(buffer.getvalue()) == (70, 30)

    def test_a_webp_canvas_beyond_every_limit_is_refused(self) -> None:
        data = bytearray(encoded(quarters(), "WEBP", exif=exif(1)))
        data[24:30] = b"\xff" * 6
        with pytest.raises(ImageTooLarge) as error:
            imaging.decode(bytes(data))
        assert error.value.actual == 2**48

    def test_a_real_decompression_bomb_is_refused_by_its_header(self) -> None:
        rows = zlib.compress(bytes(9001) * 9000, 9)
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
        assert len(bomb) < 100_000
        with pytest.raises(ImageTooLarge):
            imaging.decode(bomb)

    def test_a_bomb_in_a_text_chunk_is_unreadable(self) -> None:
        text = b"Comment\0\0" + zlib.compress(bytes(70_000_000))
        with pytest.raises(UnreadableImage):
            imaging.decode(png(1, 1, 8, 0, b"\0\0", chunk(b"zTXt", text)))

    def test_an_heic_that_holds_more_than_its_header_says_is_refused(self) -> None:
        picture = Pillow.new("RGB", (1200, 1000), RED)
        data = bytearray(encoded(picture, "HEIF"))
        start = data.index(b"ispe") + 8
        data[start : start + 8] = struct.pack(">II", 100, 100)
        with pytest.raises(PhotoRejected):
            imaging.decode(bytes(data))

    def test_bytes_over_the_limit_are_not_even_looked_at(self) -> None:
        with pytest.raises(ImageTooLarge) as error:
            imaging.inspect(b"\0" * (imaging.MAX_BYTES + 1))
        assert (error.value.actual, error.value.unit) == (10 * 1024 * 1024 + 1, "bytes")
        assert error.value.limit == imaging.MAX_BYTES

    def test_a_photo_of_exactly_the_limit_is_decoded(self) -> None:
        picture = Pillow.new("L", (5000, 5000), 9)
        assert imaging.decode(encoded(picture, "PNG")).shape == (5000, 5000, 3)

    def test_one_row_more_than_the_limit_is_refused(self) -> None:
        picture = Pillow.new("L", (5000, 5001), 9)
        with pytest.raises(ImageTooLarge):
            imaging.inspect(encoded(picture, "PNG"))


class TestDamage:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
    def test_a_photo_that_is_cut_short_is_unreadable(self, kind: str, part: float) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        data = encoded(Pillow.fromarray(noise), kind)
        with pytest.raises(UnreadableImage):
            imaging.decode(data[: int(len(data) * part)])

    @pytest.mark.parametrize("kind", KINDS)
    def test_bytes_after_the_photo_do_no_harm(self, kind: str) -> None:
        assert_close(imaging.decode(PHOTOS[kind] + b"appended " * 9), np.asarray(quarters()))

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=400))
    def test_random_bytes_raise_nothing_but_our_errors(self, data: bytes) -> None:
        read_or_refuse(data)

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from([photo[:head] for photo in PHOTOS.values() for head in (12, 30)]),
        st.binary(max_size=400),
    )
    def test_a_true_beginning_and_random_bytes(self, head: bytes, rest: bytes) -> None:
        read_or_refuse(head + rest)

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(list(PHOTOS.values())), st.data())
    def test_flipped_removed_and_doubled_bytes(self, photo: bytes, draw: st.DataObject) -> None:
        damaged = bytearray(photo)
        places = st.integers(0, len(photo) - 1)
        for place, value in draw.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
            damaged[place] = value
        cuts = sorted(draw.draw(st.lists(places, max_size=3)))
        for start, end in reversed(list(pairwise(cuts))):
            damaged[start:end] = draw.draw(st.sampled_from([b"", damaged[start:end] * 2]))
        read_or_refuse(bytes(damaged))


def read_or_refuse(data: bytes) -> None:
    """Whatever the bytes: an array within the limits, or one of the two errors."""
    for read in (imaging.inspect, imaging.decode):
        try:
            result = read(data)
        except (UnreadableImage, ImageTooLarge):
            continue
        if isinstance(result, np.ndarray):
            assert result.dtype == np.uint8
            assert result.ndim == 3
            assert result.shape[2] == 3


class TestEncoding:
    def test_jpeg_is_made_smaller_and_keeps_its_shape(self) -> None:
        image = np.asarray(quarters((300, 200)))
        assert imaging.inspect(imaging.encode_jpeg(image, long_side=150)) == (
            imaging.PhotoInfo("JPEG", 150, 100)
        )

    def test_jpeg_is_never_made_larger(self) -> None:
        assert imaging.inspect(imaging.encode_jpeg(np.asarray(quarters()), long_side=900)) == (
            imaging.PhotoInfo("JPEG", 64, 32)
        )

    def test_a_view_into_a_photo_can_be_encoded(self) -> None:
        image = np.asarray(quarters())[:, ::-1][4:20, 8:40]
        assert np.array_equal(imaging.decode(imaging.encode_png(image)), image)

    def test_nothing_of_the_upload_but_pixels_is_kept(self) -> None:
        tags = Pillow.Exif()
        tags[0x010E] = "secret place"
        text = PngInfo()
        text.add_text("Comment", "secret place")
        for data in (
            encoded(quarters(), "JPEG", exif=tags.tobytes()),
            encoded(quarters(), "PNG", pnginfo=text),
        ):
            assert b"secret" in data
            image = imaging.decode(data)
            assert b"secret" not in imaging.encode_jpeg(image) + imaging.encode_png(image)


class TestProcess:
    def test_photos_are_decoded_by_several_threads_at_once(self) -> None:
        photos = list(PHOTOS.values()) * 16
        with ThreadPoolExecutor(8) as threads:
            for image in threads.map(imaging.decode, photos):
                assert_close(image, np.asarray(quarters()))

    def test_damaged_files_leave_no_warnings_on_the_terminal(self, tmp_path: Path) -> None:
        broken_exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x04\0\xff\xff\0\0\xff\xff\0\0" * 2
        broken_apng = png(1, 1, 8, 0, b"\0\0", chunk(b"acTL", bytes(8)))
        (tmp_path / "0").write_bytes(encoded(quarters(), "JPEG", exif=broken_exif))
        (tmp_path / "1").write_bytes(encoded(quarters(), "PNG", exif=broken_exif))
        (tmp_path / "2").write_bytes(broken_apng)
        code = (
            "import sys, pathlib; from ml import imaging\n"
            "for path in pathlib.Path(sys.argv[1]).iterdir(): imaging.decode(path.read_bytes())"
        )
        run = subprocess.run(
            [sys.executable, "-W", "always", "-c", code, tmp_path],
            cwd=REPOSITORY,
            check=False,
            capture_output=True,
            text=True,
        )
        assert (run.returncode, run.stderr) == (0, "")

    def test_importing_it_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, ml.imaging; heavy = {'cv2', 'tensorflow', 'keras', 'openvino', 'django'}"
            "; print(sorted(heavy & set(sys.modules)))"
        )
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            check=False,
            capture_output=True,
            text=True,
        )
        assert run.stdout.strip() == "[]", run.stderr
