"""Files that are made to harm whoever opens them: refused soon, and in little memory."""

from __future__ import annotations

import io
import re
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from adapters import pictures
from adapters.pictures import Unreadable, ffmpeg, fit, still, to_png

MB = 1024 * 1024


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"", *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6 + b",\0\0\0\0" + struct.pack(
        "<HHB", width, height, 0) + b"\x02\x02\x4c\x01\x00;"  # fmt: skip


def webp(width: int, height: int) -> bytes:
    """A lossless picture's header: 14 bits a side."""
    bits = struct.pack("<I", (width - 1) | (height - 1) << 14)
    body = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + bits + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def cut() -> bytes:
    target = io.BytesIO()
    Image.effect_noise((800, 800), 50).save(target, "JPEG")
    return target.getvalue()[:3000]


HOSTILE = {
    "png of 900 megapixels": png(30_000, 30_000, zlib.compress(b"\0" * MB)),
    "png of the largest size": png(2**31 - 1, 2**31 - 1),
    "png without pixels": png(100, 100),
    "png whose comment grows": png(10, 10, b"", chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 100 * MB, 9))),
    "gif of the largest size": gif(65_535, 65_535),
    "webp of the largest size": webp(16_383, 16_383),
    "cut jpeg": cut(),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"/>',
    "xml entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"b" * 1000 + b'">]><svg>&b;</svg>',
    "zip": b"PK\x03\x04" + b"\0" * 1000,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n%%EOF\n",
    "bitmap of characters": b"#define a_width 60000\n#define a_height 60000\nstatic char a_bits[] = {\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_refused_soon(name: str, tmp_path: Path) -> None:
    path = tmp_path / "7"
    path.write_bytes(HOSTILE[name])
    began = time.process_time()
    for read in (to_png, lambda one: fit(one, 2560, MB)):
        with pytest.raises(Unreadable):
            read(path)
    assert time.process_time() - began < 3


def test_refusing_them_takes_little_memory(tmp_path: Path) -> None:
    for number, data in enumerate(HOSTILE.values()):
        (tmp_path / str(number)).write_bytes(data)
    assert taken(tmp_path) < 150


FORMS = {"jpg": {}, "progressive.jpg": {"progressive": True}, "png": {}, "webp": {"lossless": True}, "gif": {},
         "bmp": {}, "tif": {"compression": "tiff_lzw"}, "avif": {"speed": 10}}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_small_file_of_many_pixels_takes_little_memory_however_many_come(form: str, tmp_path: Path) -> None:
    """Three at once, of a size that is not unpacked whole, and of the largest that is."""
    for folder, size, most in (("huge", (7000, 7100), 200), ("largest", (4000, 4000), 350)):
        (tmp_path / folder).mkdir()
        if (form, folder) != ("bmp", "huge"):
            Image.new("RGB", size, "red").save(tmp_path / folder / f"0.{form}", **FORMS[form])
            for number in range(1, 3):
                (tmp_path / folder / f"{number}.{form}").hardlink_to(tmp_path / folder / f"0.{form}")
        assert taken(tmp_path / folder) < most, folder


def taken(folder: Path) -> int:
    """MB that it takes to make all files there fit at once, as the product does it."""
    code = (
        "import asyncio, resource, sys, pathlib; from adapters.pictures import alone, fit\n"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "async def all_at_once():\n"
        "    made = [alone(fit, path, 2560, 1 << 20) for path in pathlib.Path(sys.argv[1]).iterdir()]\n"
        "    await asyncio.gather(*made, return_exceptions=True)\n"
        "asyncio.run(all_at_once())\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)"
    )
    root = Path(pictures.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=root, capture_output=True, check=True)
    return int(done.stdout)


def test_a_phones_largest_photo_is_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "7"
    Image.new("RGB", (8000, 6000), "red").save(path, "JPEG", exif=turned())
    with Image.open(io.BytesIO(fit(path, 2560, MB))) as made:
        assert made.size == (1920, 2560)
        assert made.getpixel((700, 700))[0] > 200  # type: ignore[index]


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_no_file_is_opened_anywhere_else() -> None:
    """One place looks at sizes first, and has one file unpacked at a time."""
    root = Path(pictures.__file__).parents[1]
    for part in ("adapters", "services", "handlers", "bot", "models"):
        for path in (root / part).rglob("*.py"):
            text = path.read_text()
            if "emulator" in path.parts or path == Path(pictures.__file__):
                continue
            assert not re.search(r"import PIL|from PIL|to_thread\((pictures\.)?(fit|still|to_png)", text), path


def test_only_everyday_formats_are_opened_at_all(tmp_path: Path) -> None:
    """Pillow would hand PostScript to another program."""
    path = tmp_path / "7"
    path.write_bytes(HOSTILE["postscript"])
    with Image.open(path):
        pass
    with pytest.raises(Unreadable, match="cannot identify"):
        to_png(path)


needs_ffmpeg = pytest.mark.skipif(ffmpeg() is None, reason="no ffmpeg is installed")


@needs_ffmpeg
def test_what_is_too_large_to_open_is_too_large_for_ffmpeg_as_well(tmp_path: Path) -> None:
    path = tmp_path / "7"
    # Packed row by row: a child process begins with what its parent has in memory.
    packer, row = zlib.compressobj(), b"\0" * (9_000 * 4 + 1)
    path.write_bytes(png(9_000, 9_000, b"".join([*(packer.compress(row) for _ in range(9_000)), packer.flush()])))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert still(path) is None
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after <= max(before, 300 * 1024)


@needs_ffmpeg
def test_a_small_film_of_many_pixels_takes_little_memory(tmp_path: Path) -> None:
    for name, size, codec in (
        ("a.mp4", "3840x2160", "libx264"), ("b.mp4", "3840x2160", "libx265"), ("c.webm", "3840x2160", "libvpx"),
        ("d.mp4", "7000x7100", "libx264"), ("e.gif", "3900x3900", "gif"),
    ):  # fmt: skip
        made = ["-f", "lavfi", "-i", f"color=red:s={size}", "-frames:v", "3", "-threads", "1", "-c:v", codec]
        done = subprocess.run([ffmpeg() or "", "-v", "quiet", "-y", *made, str(tmp_path / name)], check=False)
        if done.returncode:  # this ffmpeg has no such encoder
            continue
        code = (
            "import pathlib, resource, sys; from adapters.pictures import still\n"
            "still(pathlib.Path(sys.argv[1])); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
        )
        root = Path(pictures.__file__).parents[1]
        path = str(tmp_path / name)
        read = subprocess.run([sys.executable, "-c", code, path], cwd=root, capture_output=True, check=True)
        assert int(read.stdout) < 350, name


@needs_ffmpeg
def test_ffmpeg_cannot_take_more_than_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, film = tmp_path / "a.png", tmp_path / "a.mp4"
    Image.new("RGB", (64, 64), "red").save(picture)
    command = [ffmpeg() or "", "-v", "error", "-y", "-loop", "1", "-i", str(picture), "-t", "0.2", str(film)]
    subprocess.run(command, check=True, capture_output=True)
    assert still(film) is not None
    monkeypatch.setattr(pictures, "FFMPEG_SPACE", 64 * MB)
    assert still(film) is None


@needs_ffmpeg
@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile 'secret.png'\nduration 1\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n",
    ],
    ids=["concat", "playlist"],
)
def test_a_playlist_that_passes_for_a_film_reads_no_other_file(tmp_path: Path, text: str) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (64, 64), "red").save(secret)
    command = [ffmpeg() or "", "-v", "error", "-y", "-i", str(secret), str(tmp_path / "secret.ts")]
    subprocess.run(command, check=True, capture_output=True)
    path = tmp_path / "7"
    path.write_text(text)
    assert still(path) is None


@needs_ffmpeg
def test_real_films_still_give_their_first_frame(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (64, 64), "red").save(picture)
    for ending in ("mp4", "webm", "gif", "avi"):
        film = tmp_path / f"film.{ending}"
        command = [ffmpeg() or "", "-v", "error", "-y", "-loop", "1", "-i", str(picture), "-t", "0.2", str(film)]
        subprocess.run(command, check=True, capture_output=True)
        assert (still(film) or b"").startswith(b"\x89PNG"), ending
