"""Detects file types by magic numbers; file names and Content-Type do not count."""

HEADS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
}
# pictures that no decoder here reads: of JPEG XL, Pillow's plug-in is under the GPL, and decodes
# the whole picture before its size can be bounded
UNREAD = ("JPEG 2000", "JPEG XL")
# ISO base media files name their brand after a length and "ftyp"
BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys((b"heic", b"heix", b"heim"), "HEIF")
SHOWN = 24  # bytes of something unknown that a reason quotes


def sniff_format(data: bytes) -> str | None:
    """The picture's format, or None when the bytes are no picture."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _brand(data)
    return next((kind for head, kind in HEADS.items() if data.startswith(head)), None)


def describe_bytes(data: bytes) -> str:
    """A few words about bytes that are no picture."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "HTML"
    if b"<svg" in head:
        return "SVG"
    return f"starts with {data[:SHOWN]!r}"


def _brand(data: bytes) -> str | None:
    length = int.from_bytes(data[:4], "big")
    brands = data[8 : min(length, 64)]
    # the main brand may be general (mif1) and the kind stand among the compatible ones
    names = (brands[at : at + 4] for at in range(0, len(brands), 4))
    return next((BRANDS[name] for name in names if name in BRANDS), None)
