"""What a file is, by its bytes, and what it is called."""

from __future__ import annotations

import pytest

from services.media_types import INLINE, file_name, sniff

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "claimed", "mime"),
    [
        (b"\xff\xd8\xff\xe0JFIF", None, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/jpeg", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
        (b"OggS\x00\x02", "audio/ogg", "audio/ogg"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4", "video/mp4"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x01\x00webm", "video/webm", "video/webm"),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (b"PK\x03\x04....", DOCX, DOCX),
        (b"PK\x03\x04....", "image/png", "application/zip"),
        (b"\x1f\x8b\x08", "application/x-tgsticker", "application/x-tgsticker"),
        (b"\xff\xfb\x90\x00", "audio/mpeg", "audio/mpeg"),
        (b"<?xml version='1.0'?><svg onload='x'>", "image/png", "image/svg+xml"),
        (b"  <HTML><BODY onload=x>", "image/gif", "text/html"),
        (b"name;phone\n", "text/csv", "text/csv"),
        (b"name;phone\n", "text/html", "text/plain"),
        ("слово".encode() * 1000, "text/plain", "text/plain"),
        (b"\x00\x01\x02", "image/jpeg", "application/octet-stream"),
        (b"", "image/jpeg", "application/octet-stream"),
    ],
)
def test_the_bytes_decide(head: bytes, claimed: str | None, mime: str) -> None:
    assert sniff(head[:4096], claimed) == mime


@pytest.mark.parametrize(
    ("given", "mime", "name"),
    [
        (None, "image/jpeg", "photo-7.jpg"),
        ("", "audio/ogg", "photo-7.ogg"),
        ("Розы.jpeg", "image/jpeg", "Розы.jpeg"),
        ("photo.jpg", "text/html", "photo.jpg.html"),
        ("../../etc/passwd", "text/plain", "_.._etc_passwd.txt"),
        ('a"b\r\nc.pdf', "application/pdf", "a_b__c.pdf"),
        ("отчёт.docx", "application/zip", "отчёт.docx"),
        ("отчёт.docx", DOCX, "отчёт.docx"),
        ("...", "image/png", "photo-7.png"),
        ("x" * 300 + ".png", "image/png", "x" * 116 + ".png"),
    ],
)
def test_names_are_clean_and_end_as_the_type_does(given: str | None, mime: str, name: str) -> None:
    assert file_name("photo-7", given, mime) == name


def test_nothing_that_runs_is_shown() -> None:
    assert not {"image/svg+xml", "text/html", "text/plain", "application/pdf"} & INLINE
