"""What a file really is, by its first bytes: a sender's word about it is not trusted.

Only what the product treats specially is known here; everything else is a plain file.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.names import of_file

HEAD: Final = 4096
"""How many first bytes `sniff` wants to see."""
UNKNOWN: Final = "application/octet-stream"
# A claim becomes a header of an answer: nothing but a media type may be in it.
_MIME: Final = re.compile(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")

EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/heic": "heic",
    "image/avif": "avif",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/3gpp": "3gp",
    "video/mpeg": "mpg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/x-tgsticker": "tgs",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "text/html": "html",
    "text/plain": "txt",
    UNKNOWN: "bin",
}
INLINE: Final = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif", "video/mp4", "video/webm",
        "video/quicktime", "video/3gpp", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-wav", "audio/flac",
        "audio/aac",
    }
)  # fmt: skip
"""What a browser may show by itself: nothing that can carry a script."""

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/x-wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
}
# A claim is believed only where the bytes cannot contradict it: a container, or a text, of that sort.
_MORE_EXACT: Final = {
    "application/zip": (
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/vnd.android.package-archive",
        "application/epub+zip",
    ),
    "application/gzip": ("application/x-tgsticker",),
    "text/plain": ("text/csv", "text/markdown", "application/json"),
    "audio/ogg": ("audio/opus",),
}

_KINDRED: Final = {
    "application/zip": {"docx", "xlsx", "pptx", "odt", "ods", "odp", "apk", "epub", "jar", "key", "pages"},
    "application/gzip": {"tgz", "tgs"},
    "image/jpeg": {"jpeg", "jpe"},
    "image/tiff": {"tif"},
    "text/plain": {"csv", "md", "log", "json", "ics", "vcf", "xml", "yaml", "yml", "ini", "sql", "srt"},
    "audio/ogg": {"oga", "opus"},
    "video/mp4": {"m4v"},
    "video/quicktime": {"qt"},
}
"""Extensions that may stand beside the usual one of a type."""


def sniff(head: bytes, claimed: str | None = None) -> str:
    """The media type of what begins with `head`; `claimed` may only make it more exact."""
    found = _by_bytes(head)
    claim = (claimed or "").split(";")[0].strip().lower()
    return claim if _MIME.fullmatch(claim) and claim.startswith(_MORE_EXACT.get(found, ("\0",))) else found


def extension(mime: str | None) -> str:
    """The file name extension of a media type, without the dot."""
    return EXTENSIONS.get(mime or UNKNOWN, EXTENSIONS[UNKNOWN])


def file_name(fallback: str, given: str | None, mime: str) -> str:
    """The name that a file is handed out under: the sender's, cleaned, or `fallback`; it ends as its type does."""
    name = of_file(given or "")
    wanted = extension(mime)
    if not name:
        return f"{fallback}.{wanted}"
    own = name.rsplit(".", 1)[1].lower() if "." in name else ""
    if own == wanted or own in _KINDRED.get(mime, ()) or wanted == EXTENSIONS[UNKNOWN]:
        return name
    return f"{name}.{wanted}"


def _by_bytes(head: bytes) -> str:
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/3gpp" if brand.startswith(b"3g") else _BRANDS.get(brand, "video/mp4")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    return _by_text(head)


def _by_text(head: bytes) -> str:
    """Markup that a browser would run is named as such wherever it may begin."""
    if b"\0" in head:
        return UNKNOWN
    lower = head.lower()
    if b"<svg" in lower:
        return "image/svg+xml"
    if any(mark in lower for mark in (b"<html", b"<!doctype html", b"<script", b"<body")):
        return "text/html"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may be cut in two where the head ends.
        if error.start < len(head) - 3:
            return UNKNOWN
    return "text/plain" if head else UNKNOWN
