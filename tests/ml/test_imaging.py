from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from ml import imaging
from ml.errors import DamagedImage, EmptyFile, UnreadableImage
from ml.headers import PhotoInfo
from tests.ml.pictures import (
    BLACK,
    KINDS,
    PHOTOS,
    RED,
    REPOSITORY,
    UPRIGHT,
    assert_close,
    chunk,
    encoded,
    exif,
    png,
    quarters,
)

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter


class TestFormats:
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_of_the_five_formats_is_decoded(self, kind: str) -> None:
        image = imaging.decode(PHOTOS[kind])
        assert_close(image, np.asarray(quarters()))
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous

    def test_an_avif_under_the_brand_and_the_suffix_of_heic_is_decoded(self) -> None:
        data = PHOTOS["AVIF"]
        assert data[8:12] == b"avif"
        assert_close(imaging.decode(data[:8] + b"mif1" + data[12:]), np.asarray(quarters()))

    def test_a_photo_like_a_phone_takes_it_is_decoded_to_the_pixels_of_the_encoder(self) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        assert np.array_equal(imaging.decode(imaging.encode_png(noise)), noise)

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "JPEG2000", "PPM"])
    def test_other_image_formats_are_refused(self, kind: str) -> None:
        data = encoded(quarters(), kind)
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(UnreadableImage):
                read(data)

    @pytest.mark.parametrize(
        "data",
        [
            b"\0",
            b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
            b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n",
            b"<!doctype html><title>photo.jpg</title>",
        ],
    )
    def test_what_is_no_photo_is_unreadable(self, data: bytes) -> None:
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(UnreadableImage):
                read(data)

    def test_a_file_without_a_byte_is_empty(self) -> None:
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(EmptyFile):
                read(b"")

    @pytest.mark.parametrize(
        "data",
        [
            b"\x89PNG\r\n\x1a\n<!doctype html><p>hello</p>",
            b"\xff\xd8\xff\xe0<!doctype html><p>hello</p>",
            b"RIFF\x20\0\0\0WEBP<!doctype html><p>hello</p>",
            b"\0\0\0\x18ftypheic<!doctype html><p>hello</p>",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
        ],
    )
    def test_the_beginning_of_a_photo_and_no_more_is_damaged(self, data: bytes) -> None:
        for read in (imaging.inspect, imaging.decode):
            with pytest.raises(DamagedImage):
                read(data)

    def test_the_name_of_the_format_comes_from_the_bytes(self) -> None:
        assert imaging.inspect((REPOSITORY / "demo/photos/groups/0.jpg").read_bytes()) == (
            PhotoInfo("JPEG", 1280, 853)
        )


class TestOrientation:
    @pytest.mark.parametrize("orientation", UPRIGHT)
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
    def test_exif_orientation_is_applied(self, kind: str, orientation: int) -> None:
        data = encoded(quarters(), kind, exif=exif(orientation))
        expected = UPRIGHT[orientation](np.asarray(quarters()))
        image = imaging.decode(data)
        assert_close(image, expected)
        assert image.flags.c_contiguous

    @pytest.mark.parametrize("orientation", UPRIGHT)
    def test_a_turned_heic_is_turned_once(self, orientation: int) -> None:
        data = encoded(quarters(), "HEIF", exif=exif(orientation))
        assert_close(imaging.decode(data), UPRIGHT[orientation](np.asarray(quarters())))

    @pytest.mark.parametrize("orientation", UPRIGHT)
    def test_exif_behind_the_pixels_of_a_png_counts(self, orientation: int) -> None:
        block = chunk(b"eXIf", exif(orientation).removeprefix(b"Exif\0\0"))
        data = encoded(quarters(), "PNG")
        end = data.index(b"IEND") - 4
        image = imaging.decode(data[:end] + block + data[end:])
        assert_close(image, UPRIGHT[orientation](np.asarray(quarters())))

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


class TestLargePhotos:
    def test_what_a_phone_takes_at_most_keeps_as_many_pixels_as_are_looked_at(self) -> None:
        image = imaging.decode(encoded(quarters((8064, 6048)), "JPEG"))
        height, width = image.shape[:2]
        assert 0.999 * imaging.KEPT_PIXELS < width * height <= imaging.KEPT_PIXELS
        assert width / height == pytest.approx(8064 / 6048, rel=1e-3)
        assert_close(image[::401, ::601], np.asarray(quarters((width, height)))[::401, ::601])

    def test_a_jpeg_beyond_that_is_halved_while_it_is_decoded(self) -> None:
        image = imaging.decode(encoded(quarters((9500, 7000)), "JPEG", exif=exif(6)))
        assert image.shape == (4750, 3500, 3)
        assert_close(
            image[::401, ::601], UPRIGHT[6](np.asarray(quarters((4750, 3500))))[::401, ::601]
        )

    @pytest.mark.parametrize("orientation", UPRIGHT)
    def test_a_photo_made_smaller_in_strips_has_no_seams(
        self, orientation: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imaging, "KEPT_PIXELS", 580 * 540)
        noise = np.random.default_rng(3).integers(0, 256, (810, 870, 3), dtype=np.uint8)
        photo = Pillow.fromarray(noise)
        whole = np.asarray(photo.resize((580, 540), Pillow.Resampling.HAMMING))
        image = imaging.decode(encoded(photo, "PNG", exif=exif(orientation)))
        assert_close(image, UPRIGHT[orientation](whole), 0)

    def test_a_small_photo_keeps_every_pixel(self) -> None:
        noise = np.random.default_rng(4).integers(0, 256, (700, 300, 3), dtype=np.uint8)
        assert_close(imaging.decode(encoded(Pillow.fromarray(noise), "PNG")), noise, 0)


class TestFirstPicture:
    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO", "HEIF", "AVIF"])
    def test_only_the_first_of_several_pictures_counts(self, kind: str) -> None:
        others = [Pillow.new("RGB", (64, 32), BLACK), Pillow.new("RGB", (64, 32), RED)]
        data = encoded(quarters(), kind, save_all=True, append_images=others)
        assert_close(imaging.decode(data), np.asarray(quarters()))
        assert imaging.inspect(data).format == KINDS.get(kind, "JPEG")


class TestEncoding:
    def test_jpeg_is_made_smaller_and_keeps_its_shape(self) -> None:
        image = np.asarray(quarters((300, 200)))
        assert imaging.inspect(imaging.encode_jpeg(image, long_side=150)) == (
            PhotoInfo("JPEG", 150, 100)
        )

    def test_jpeg_is_never_made_larger(self) -> None:
        assert imaging.inspect(imaging.encode_jpeg(np.asarray(quarters()), long_side=900)) == (
            PhotoInfo("JPEG", 64, 32)
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
