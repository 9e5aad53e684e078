"""Pictures that platforms take."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from adapters.pictures import Unreadable, fit, still, to_png


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


def test_a_sticker_becomes_a_png_and_keeps_its_transparency(tmp_path: Path) -> None:
    path = tmp_path / "sticker"
    Image.new("RGBA", (512, 300), (255, 0, 0, 100)).save(path, "WEBP")
    picture = Image.open(BytesIO(to_png(path)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (512, 300))


def test_a_large_picture_is_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "large"
    noise(1600, 900).save(path, "PNG")
    data = fit(path, 800, 60_000)
    picture = Image.open(BytesIO(data))
    assert len(data) <= 60_000
    assert picture.format == "JPEG"
    assert max(picture.size) <= 800
    assert picture.width / picture.height == pytest.approx(16 / 9, rel=0.02)


def test_a_small_picture_keeps_its_size_and_transparency_turns_white(tmp_path: Path) -> None:
    path = tmp_path / "small"
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(path, "PNG")
    picture = Image.open(BytesIO(fit(path, 800, 100_000)))
    assert picture.size == (40, 20)
    assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned"
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(200, 100).save(path, "JPEG", exif=exif)
    assert Image.open(BytesIO(fit(path, 800, 1_000_000))).size == (100, 200)


def test_a_bomb_is_not_opened(tmp_path: Path) -> None:
    """A header that claims 60,000 by 60,000 pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    path = tmp_path / "bomb"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    )
    for work in (to_png, lambda where: fit(where, 100, 1000)):
        with pytest.raises(Unreadable):
            work(path)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"])
def test_what_is_no_picture_is_refused_in_one_way(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        to_png(path)
    with pytest.raises(Unreadable):
        to_png(tmp_path / "nothing")
    assert still(path) is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_film_gives_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    source = ["-f", "lavfi", "-i", "color=red:size=64x48:duration=1"]
    subprocess.run(["ffmpeg", "-v", "error", *source, str(path)], check=True)
    frame = still(path)
    assert frame is not None
    assert Image.open(BytesIO(frame)).size == (64, 48)
