"""Pictures in a form that a platform takes: another format, a smaller one, a still frame of something that moves.

Everything here is slow work on the processor: call it in a thread. Whatever cannot be read raises `Unreadable`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000
"""Larger pictures are not opened: a file of some kilobytes can claim to be gigabytes of pixels."""
SMALLEST_SIDE = 64
FFMPEG_SECONDS = 20
FFMPEG_BYTES = 256 * 1024 * 1024
"""The most that ffmpeg takes in one piece: whatever a file claims to be."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What Pillow may take a file for: it knows dozens more, and some run other programs."""
FILMS = "matroska,webm,mov,mp4,avi,flv,mpeg,mpegts,ogg,asf,gif,mpegvideo,m4v,h264,hevc"
"""Films alone: pictures are Pillow's, which looks at their size first."""
_QUALITIES = (88, 75, 60, 45)


class Unreadable(ValueError):
    """No picture, a broken one, or one with more pixels than are opened."""


def to_png(path: Path) -> bytes:
    """The picture, or the first frame of an animated one, as PNG with its transparency."""
    with _opened(path) as image:
        return _saved(image.convert("RGBA" if image.has_transparency_data else "RGB"), "PNG")


def fit(path: Path, max_side: int, max_bytes: int) -> bytes:
    """The picture as JPEG, upright, no side longer than `max_side` pixels, no more than `max_bytes` bytes.

    Transparent parts become white. Quality is given up before size.
    """
    with _opened(path) as image:
        picture = _flat(ImageOps.exif_transpose(image))
    side = min(max_side, max(picture.size))
    while side >= SMALLEST_SIDE or side == max(picture.size):
        picture.thumbnail((side, side))
        for quality in _QUALITIES:
            data = _saved(picture, "JPEG", quality=quality, optimize=True)
            if len(data) <= max_bytes:
                return data
        side = side * 3 // 4
    raise Unreadable(f"no picture of {max_bytes} bytes can be made of it")


@cache
def ffmpeg() -> str | None:
    """Where ffmpeg is, if it is installed."""
    return shutil.which("ffmpeg")


def still(path: Path) -> bytes | None:
    """The first frame of a film (an animation, a .webm sticker) as PNG; None where nothing here can read it."""
    if (program := ffmpeg()) is None:
        return None
    # Formats by name: a playlist that passes for a film would have other files of this machine read.
    command = [program, "-v", "error", "-nostdin", "-max_alloc", str(FFMPEG_BYTES), "-protocol_whitelist", "file,pipe",
               "-format_whitelist", FILMS, "-max_pixels", str(MAX_PIXELS), "-i", f"file:{path.resolve()}",
               "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=FFMPEG_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An open picture, read; the size that its header claims is judged before its pixels are."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Unreadable(f"{image.width}×{image.height} is more than is opened")
            image.load()
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(str(error)) from None


def _flat(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = BytesIO()
    image.save(target, form, **options)
    return target.getvalue()
