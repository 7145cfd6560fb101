"""Writes a folder of hostile and odd files, and says what must become of each.

    python hostile_files.py ROOT     makes ROOT/photos/dish; what lies outside of photos is no input

Prints, as JSON, the outcome that each file must have after inspection, by its origin: `ok`, or why
it is refused. Run by the tests that need such a folder; nothing of it is a real picture.
"""

import io
import json
import os
import pickle
import random
import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin
from png_files import chunk, png_file

from foodcls.collect.folders import origin_text

OK, NO_IMAGE, CUT, BROKEN, HUGE = "ok", "not_an_image", "truncated", "broken", "too_many_pixels"
SVG = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///tmp/CANARY.txt">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text><image href="file:///tmp/CANARY"/></svg>'
)
EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n"
    b"(/tmp/CANARY.txt) (w) file closefile showpage\n%%EOF\n"
)
Case = tuple[str, bytes, str]


class Planted:
    """What a pickle would run if anyone loaded it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/CANARY.txt",)


def noise(seed: int, width: int = 160, height: int = 120) -> Image.Image:
    coarse = np.random.default_rng([7, seed]).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


def sound() -> Iterator[Case]:
    """Odd, but pictures."""
    gray = np.asarray(noise(0).convert("L"))
    for number, (kind, options) in enumerate(
        [("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG", {"quality": 3}), ("PNG", {}),
         ("GIF", {}), ("WEBP", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}),
         ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"}), ("AVIF", {}),
         ("JPEG", {"comment": b"<?php system(1) ?>"}), ("JPEG", {"icc_profile": b"<?php"})]
    ):  # fmt: skip
        yield f"plain-{number}.{kind.lower()}", encode(noise(number), kind, **options), OK
    for number, (mode, kind) in enumerate(
        [("L", "JPEG"), ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("L", "PNG"), ("LA", "PNG"),
         ("P", "PNG"), ("1", "PNG"), ("RGBA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF")], 20
    ):  # fmt: skip
        yield f"mode-{mode}-{number}", encode(noise(number).convert(mode), kind), OK
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    yield "deep-gray.png", encode(deep), OK
    yield (
        "deep-gray.tif",
        encode(Image.fromarray(65_535 - gray.astype(np.uint16) * 257), "TIFF"),
        OK,
    )
    yield "floats.tif", encode(Image.fromarray(gray.astype(np.float32) / 255), "TIFF"), OK
    rows = np.insert(np.repeat(np.asarray(noise(31)).reshape(120, -1), 2, 1), 0, 0, 1)
    yield (
        "deep.png",
        png_file(160, 120, zlib.compress(rows.astype(np.uint8).tobytes()), bits=16),
        OK,
    )
    hidden = noise(32).convert("RGBA")
    hidden.paste((255, 0, 255, 0), (80, 0, 160, 120))
    yield "hidden-magenta.png", encode(hidden), OK
    yield "hidden-palette.png", encode(hidden.quantize(64)), OK
    yield "clear-color.png", encode(noise(33), transparency=(1, 2, 3)), OK
    for kind in ("GIF", "WEBP", "PNG", "MPO", "TIFF"):
        moving = encode(noise(34), kind, save_all=True, append_images=[noise(35), noise(36)])
        yield f"moving.{kind.lower()}", moving, OK
    for kind in ("JPEG", "PNG", "WEBP"):
        for turn in (3, 5, 6, 8, 9):
            image = noise(40 + turn)
            yield f"turned-{turn}.{kind.lower()}", encode(image, kind, exif=exif(turn)), OK
    for number, junk in enumerate((b"Exif\0\0" + b"\xff" * 40, b"Exif\0\0II*\0\xff\xff\xff\xff")):
        yield f"bad-exif-{number}.jpg", encode(noise(50 + number), "JPEG", exif=junk), OK
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "<?php system(1) ?>")
    yield "words.png", encode(noise(52), pnginfo=words), OK
    yield "archive-behind.jpg", encode(noise(53), "JPEG") + b"PK\x03\x04" + bytes(99), OK
    yield "smallest.png", encode(noise(54, 32, 32)), OK
    yield "long.png", encode(noise(55, 3000, 32)), OK


def named() -> Iterator[tuple[bytes, bytes, str]]:
    """Names that a shell, a path or a table might stumble over."""
    for number, name in enumerate(
        [b"-rf", b"two\nlines.jpg", b"not\xffutf8.jpg", "süß.jpg".encode(),
         "su\u0308ß.jpg".encode(), b"n" * 251 + b".png", b"=HYPERLINK(1).png",
         b"$(touch x).png", b"a b; c.png", b"..png", b"%00.png", "\u202egnp.exe".encode()]
    ):  # fmt: skip
        yield name, encode(noise(60 + number)), OK


def cut() -> Iterator[Case]:
    """Files that end early, or hold other data than they say."""
    for kind, options in [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}),
                          ("WEBP", {}), ("AVIF", {})]:  # fmt: skip
        whole = encode(noise(80), kind, **options)
        for share in (0.5, 0.6, 0.9):
            name = f"cut-{'progressive-' if options else ''}{share}.{kind.lower()}"
            yield name, whole[: int(len(whole) * share)], CUT
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        yield f"head.{kind.lower()}", encode(noise(81), kind)[:24], CUT
    rows = np.insert(np.asarray(noise(82)).reshape(120, -1), 0, 0, 1).astype(np.uint8)
    yield "rows-missing.png", png_file(160, 120, zlib.compress(rows[:70].tobytes())), CUT
    jpeg = encode(noise(83), "JPEG", quality=90)
    yield "rows-missing.jpg", jpeg[: len(jpeg) // 2] + b"\xff\xd9", CUT
    for place, name in ((-13, "pixels"), (29, "head")):
        data = bytearray(encode(noise(84)))
        data[place] ^= 1
        yield f"checksum-of-{name}.png", bytes(data), BROKEN
    yield "garbage.png", png_file(100, 100, random.Random(0).randbytes(5000)), BROKEN
    yield "garbage.jpg", jpeg[:700] + random.Random(1).randbytes(3000), CUT


def bombs() -> Iterator[Case]:
    """Small files that unpack to more than a machine holds."""
    zeros = zlib.compress(bytes(10**6))
    yield "bomb.png", png_file(30_000, 30_000, zeros), HUGE
    yield "90-million.png", png_file(9_500, 9_500, zeros), HUGE
    yield "bomb.jpg", (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\x00\x11\x08\xff\xff\xff\xff"
        b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11"
        b"\x00\x3f\x00" + bytes(2000) + b"\xff\xd9"
    ), HUGE  # fmt: skip
    sides = struct.pack("<IiiHHIIiiII", 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0)
    yield "bomb.bmp", b"BM" + struct.pack("<IHHI", 10**6, 0, 0, 54) + sides + bytes(1000), HUGE
    screen = struct.pack("<HHBBB", 60_000, 60_000, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0) + b"\x02\x02\x4c\x01\x00;"
    yield "bomb.gif", b"GIF89a" + screen + frame, HUGE
    pack = zlib.compressobj(9)
    packed = b"".join(pack.compress(bytes(1 << 20)) for _ in range(100)) + pack.flush()
    for kind in (b"zTXt", b"iCCP"):
        extra = chunk(kind, b"bomb\0\0" + packed)
        pixels = zlib.compress(bytes(64 * (64 * 3 + 1)))
        yield f"bomb-{kind.decode()}.png", png_file(64, 64, pixels, extra), BROKEN


def strangers() -> Iterator[Case]:
    """What is no picture, whatever it is called."""
    others = {
        "eps": EPS, "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "svg": SVG,
        "html": b"<!doctype html><title>404</title>", "json": b'{"error": "gone"}',
        "zip": b"PK\x03\x04" + bytes(99), "gzip": b"\x1f\x8b\x08" + bytes(99),
        "pickle": pickle.dumps(Planted()), "zeros": bytes(1000),
        "elf": b"\x7fELF\2\1\1" + bytes(99), "mp4": b"\0\0\0\x18ftypisom" + bytes(99),
        "psd": b"8BPS\0\1" + bytes(99),
        "ico": b"\0\0\1\0\1\0\x10\x10" + bytes(99), "text": b"not a picture\n",
    }  # fmt: skip
    for name, data in others.items():
        yield f"{name}.jpg", data, NO_IMAGE
    yield "empty.jpg", b"", "empty"


def useless() -> Iterator[Case]:
    """Pictures of nothing."""
    for kind in ("PNG", "JPEG", "WEBP"):
        yield f"white.{kind.lower()}", encode(Image.new("RGB", (64, 64), "white"), kind), "blank"
    yield "tone.gif", encode(Image.new("RGB", (64, 64), (200, 30, 90)), "GIF"), "blank"
    clear = noise(90).convert("RGBA")
    clear.putalpha(0)
    yield "clear.png", encode(clear), "blank"
    for size in ((1, 1), (3000, 1), (16, 16), (160, 31)):
        yield f"{size[0]}x{size[1]}.png", encode(noise(91, *size)), "too_small"


def irregular(folder: Path) -> Iterator[tuple[Path, str]]:
    """What a folder may hold that is no file; the canary lies outside."""
    outside = folder.parent.parent / "outside"
    outside.mkdir()
    (outside / "CANARY.jpg").write_bytes(encode(noise(92)))
    links = {"link.jpg": outside / "CANARY.jpg", "zero.jpg": Path("/dev/zero"),
             "gone.jpg": outside / "nothing", "loop": folder, "tree": outside}  # fmt: skip
    for name, target in links.items():
        (folder / name).symlink_to(target)
        yield folder / name, "not_regular"
    os.mkfifo(folder / "pipe.jpg")
    yield folder / "pipe.jpg", "not_regular"
    # a socket's whole path may have 107 bytes
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
    yield folder / "socket.jpg", "not_regular"
    with (folder / "sparse.jpg").open("wb") as sparse:
        sparse.truncate(2**31)
    yield folder / "sparse.jpg", "too_large"
    (folder / "closed.jpg").write_bytes(encode(noise(93)))
    (folder / "closed.jpg").chmod(0)
    yield folder / "closed.jpg", OK if os.geteuid() == 0 else "unreadable"


def main(root: Path) -> None:
    folder = root / "photos" / "dish"
    folder.mkdir(parents=True)
    verdicts = {}
    for part in (sound, cut, bombs, strangers, useless):
        for name, data, verdict in part():
            (folder / name).write_bytes(data)
            verdicts[origin_text(folder / name, folder.parent)] = verdict
    for name, data, verdict in named():
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.write_bytes(data)
        verdicts[origin_text(path, folder.parent)] = verdict
    for path, verdict in irregular(folder):
        verdicts[origin_text(path, folder.parent)] = verdict
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
