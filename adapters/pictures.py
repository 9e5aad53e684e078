"""Pictures in a form that a platform takes: another format, a smaller one, a still frame of something that moves.

Everything here is slow work on the processor and takes memory by what a file claims to be: call it through `alone`.
Whatever cannot be read raises `Unreadable`.
"""

from __future__ import annotations

import asyncio
import contextvars
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from PIL import Image, ImageOps

P = ParamSpec("P")
T = TypeVar("T")

MAX_PIXELS = 16_000_000
"""Larger pictures are not unpacked: a file of some kilobytes can claim to be gigabytes of pixels."""
MAX_CLAIMED = 64_000_000
"""The most that a JPEG may claim, which is made smaller while it is unpacked: what phones make of their best."""
SMALLEST_SIDE = 64
FFMPEG_SECONDS = 10
FFMPEG_BYTES = 256 * 1024 * 1024
"""The most that ffmpeg takes in one piece: whatever a file claims to be."""
FFMPEG_SPACE = 640 * 1024 * 1024
"""The most that ffmpeg takes in all, its own code and libraries (some 200 MB) among it."""
FRAME_SIDE = 2560
"""Pixels of the longer side of a film's frame."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What Pillow may take a file for: it knows dozens more, and some run other programs."""
FILMS = "matroska,webm,mov,mp4,avi,flv,mpeg,mpegts,ogg,asf,gif,mpegvideo,m4v,h264,hevc"
"""Films alone: pictures are Pillow's, which looks at their size first."""
_QUALITIES = (88, 75, 60, 45)
_SCALES = (1, 2, 4, 8)
"""By how much a JPEG can be made smaller while it is unpacked."""
_LIMITED = 'ulimit -v "$1" && ulimit -t "$2" && shift 2 && exec "$@"'
_turn = ThreadPoolExecutor(1, "pictures")


class Unreadable(ValueError):
    """No picture, a broken one, or one with more pixels than are opened."""


async def alone(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Do it in a thread, one after the other in this process, however many are asked for; no other thread waits."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_turn, partial(context.run, work, *args, **more))


def to_png(path: Path) -> bytes:
    """The picture, or the first frame of an animated one, as PNG with its transparency."""
    with _opened(path) as image:
        return _saved(image.convert("RGBA" if image.has_transparency_data else "RGB"), "PNG")


def fit(path: Path, max_side: int, max_bytes: int) -> bytes:
    """The picture as JPEG, upright, no side longer than `max_side` pixels, no more than `max_bytes` bytes.

    Transparent parts become white. Quality is given up before size.
    """
    with _opened(path, max_side) as image:
        picture = _flat(ImageOps.exif_transpose(_smaller(image, max_side)))
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
    scale = f"scale=w='min(iw,{FRAME_SIDE})':h='min(ih,{FRAME_SIDE})':force_original_aspect_ratio=decrease"
    command = [program, "-v", "error", "-nostdin", "-max_alloc", str(FFMPEG_BYTES), "-protocol_whitelist", "file,pipe",
               "-format_whitelist", FILMS, "-max_pixels", str(MAX_PIXELS), "-threads", "1",
               "-i", f"file:{path.resolve()}", "-frames:v", "1", "-threads", "1", "-filter_threads", "1", "-vf", scale,
               "-f", "image2pipe", "-c:v", "png", "-"]  # fmt: skip
    limits = [str(FFMPEG_SPACE // 1024), str(FFMPEG_SECONDS)]
    try:
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", _LIMITED, "ffmpeg", *limits, *command],
            capture_output=True, timeout=FFMPEG_SECONDS * 2, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


@contextmanager
def _opened(path: Path, side: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """An open picture, read; the size that its header claims is judged before its pixels are.

    side: the longer side may become as short as this.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            _reduce(image, side)
            if image.width * image.height > MAX_PIXELS or width * height > MAX_CLAIMED:
                raise Unreadable(f"{width}×{height} is more than is opened")
            image.load()
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(str(error)) from None


def _reduce(image: Image.Image, side: int) -> None:
    """Have a JPEG made smaller while it is unpacked. A progressive one is held whole meanwhile, and gains nothing."""
    if image.format not in ("JPEG", "MPO") or "progressive" in image.info:
        return
    pixels = image.width * image.height
    wanted = max(scale for scale in _SCALES if scale == 1 or max(image.size) // scale >= side)
    needed = next((scale for scale in _SCALES if pixels // scale**2 <= MAX_PIXELS), _SCALES[-1])
    scale = max(wanted, needed)
    image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def _smaller(image: Image.Image, side: int) -> Image.Image:
    """No longer than that, before other forms of it are made; palettes are no colours to mix."""
    if image.mode in ("P", "1"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((side, side))
    return image


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
