"""Reduces what an annotation tool calls a picture to the paths that it may stand for.

As written first: what an address's query holds, without the query, percent-decoded, without what
Label Studio and Roboflow put around a name.
"""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import parse_qsl, unquote

from foodcls.tables.match_rows import plain_path

# of the names of pictures, what stands behind their last point
ENDINGS = "(jpe?g|jfif|png|webp|gif|bmp|tiff?|hei[cf]|avif)"
ENDING = re.compile(rf"\.{ENDINGS}$", re.IGNORECASE)
MAX_NAME = 5_000  # characters: a signed address has 2,000
# Label Studio's folder of uploads, and the 8 digits that it puts before the name of each
UPLOADS = re.compile(r"^.*\bupload/\d+/")
DIGITS = re.compile(r"^(?:[0-9a-f]{8}-)+(?=.)")
# one such prefix, behind which a picture's own may stand
FIRST_DIGITS = re.compile(r"^[0-9a-f]{8}-(?=.)")
# is in each name that stands for more than itself, but for those of digits
MARK = re.compile(r"[%?\x80-\U0010ffff]|upload/|\.rf\.")
ROBOFLOW = re.compile(r"_([A-Za-z]{3,4})\.rf\.[0-9A-Za-z]{8,}(?:\.\w{3,4})?$")
# how names are compared: as they are, in any case, as Label Studio and as Roboflow respell them
FOLDS: dict[str, Callable[[str], str]] = {
    "exact": str,
    "case": str.casefold,
    "stored": lambda name: re.sub(r"[^-\w.]", "", name.replace(" ", "_")).casefold(),
    "hyphen": lambda name: re.sub(r"[\W_]+", "-", name).strip("-").casefold(),
}


def list_forms(name: str) -> list[tuple[str, str]]:
    """The paths that a name may stand for, each with the way to compare it, the surest first."""
    written = plain_path(name)
    if not MARK.search(written) and not DIGITS.match(written.rpartition("/")[2]):
        return [(written, "exact"), (written, "case")]
    bare = written.partition("?")[0]
    paths = [*_query_paths(written), written, *([bare] if ENDING.search(bare) else [])]
    paths = list(dict.fromkeys(plain for path in paths for plain in (path, decode_path(path))))
    inner = [UPLOADS.sub("", path) for path in paths]
    uploads = [
        new
        for prefix in (FIRST_DIGITS, DIGITS)
        for old, path in zip(paths, inner, strict=True)
        if (new := _strip_last(path, prefix)) != old
    ]
    exports = [new for path in paths if (new := ROBOFLOW.sub(r".\1", path)) != path]
    plain = [(path, fold) for fold in ("exact", "case") for path in paths]
    # respelled, `a.jpg` may also have been `(a).jpg`
    return plain + [(path, "stored") for path in uploads] + [(path, "hyphen") for path in exports]


def names_picture(text: object) -> bool:
    """Whether a text of unknown meaning names a picture: one of its forms ends as they do."""
    is_short = isinstance(text, str) and len(text) < MAX_NAME
    return is_short and any(ENDING.search(path) for path, _ in list_forms(str(text)))


def _query_paths(path: str) -> Iterator[str]:
    """The pictures in an address's query: Label Studio's `?d=` and, in base 64, `?fileuri=`."""
    for _, value in parse_qsl(path.partition("?")[2]):
        yield from [value] if ENDING.search(value) else []
        with suppress(ValueError):
            inner = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
            yield from [inner] if ENDING.search(inner) else []


def _strip_last(path: str, prefix: re.Pattern[str]) -> str:
    folder, slash, last = path.rpartition("/")
    return f"{folder}{slash}{prefix.sub('', last)}"


def decode_path(path: str) -> str:
    """A path without percent signs for other characters."""
    return plain_path(unquote(path))
