"""Reads the bytes of a text that a person or a spreadsheet wrote, in whichever encoding it is."""

import codecs
import logging
import re
from functools import lru_cache
from pathlib import Path

from foodcls.errors import TableError

LOG = logging.getLogger(__name__)

BOM = "\ufeff"
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SHOWN = 5  # words by which a person sees whether they are right
# what Windows writes in western Europe. Of a table of another code page, read so, signs stand in
# words, or accents in rows
_WESTERN = re.compile(r"[\0-\x7f\xa0À-ÖØ-öø-ÿŒœ€…‘’‚“”„–—§«»°´¡¿ªº®©™½¼]*")
_ACCENTS = re.compile(r"[À-ÿ]{4}")
_WIDE_UTF8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_TO_UTF8 = (
    "save it as “CSV UTF-8” in Excel, or type: iconv -f CODEPAGE -t UTF-8 TABLE > NEW, e.g. with "
    "windows-1250 for CODEPAGE in central Europe, windows-1251 for Cyrillic, macintosh on old Macs"
)


def decode_text(path: Path, data: bytes) -> str:
    """The text in a file's bytes, with its mark; TableError when it is none that is known for sure.

    A text of Windows-1252 gets the mark by which a spreadsheet knows what is written back as UTF-8.
    """
    try:
        return as_utf8(data).decode()
    except UnicodeDecodeError as error:
        guess = "gzip, " if data.startswith(b"\x1f\x8b") else ""
        if (text := _as_western(data)) is not None:
            words = dict.fromkeys(re.findall(r"\w*[À-ÖØ-öø-ÿŒœ]\w*", text))
            _tell_western(path, ", ".join(list(words)[:SHOWN]))
            return BOM + text
        raise TableError(
            f"{path}: {guess}not UTF-8 text, at byte {error.start}; {_TO_UTF8}"
        ) from error


def as_utf8(data: bytes, errors: str = "strict") -> bytes:
    """A text's bytes in UTF-8, also where they have the mark of UTF-16; `errors` as of decode()."""
    return data.decode(WIDE[data[:2]], errors).encode() if data[:2] in WIDE else data


def _as_western(data: bytes) -> str | None:
    """The text of Windows-1252 that these bytes are; None where they may well be something else."""
    if b"\0" in data or _WIDE_UTF8.search(data):
        return None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return text if _WESTERN.fullmatch(text) and not _ACCENTS.search(text) else None


@lru_cache  # a table is read by several stages
def _tell_western(path: Path, words: str) -> None:
    LOG.warning(
        "%s: no UTF-8, read as Windows-1252 (%s); if words are wrong, save it as “CSV UTF-8”",
        path,
        words,
    )
