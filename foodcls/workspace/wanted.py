"""Parses what a person asks to forget: an address, host, author, licence or id of pictures."""

import re
from pathlib import Path

import pandas as pd

from foodcls.blocklist import KINDS, Entry, is_licence, plain_value
from foodcls.errors import InputError, TableError
from foodcls.tables.decode_text import BOM, decode_text
from foodcls.tables.match_rows import MIN_ID

# its end begins with a letter, as that of a host does and that of CC0-1.0 does not
HOST = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]+", re.IGNORECASE)
# of a host that is called so
NAME = re.compile(r"[^\s/:@*?#.]+(\.[^\s/:@*?#.]+)*|\[[\da-fA-F:.]+\]")
ID = re.compile(rf"[0-9a-f]{{{MIN_ID},64}}")
HOW = "say which it is: " + ", ".join(f"{kind}:VALUE" for kind in KINDS)


def read_wanted(text: str) -> list[str]:
    """What a person named: one thing, or the lines of a file that is called so."""
    path = Path(text)
    if not path.is_file():
        return [text]
    try:
        lines = decode_text(path, path.read_bytes()).removeprefix(BOM).splitlines()
    except TableError as error:
        raise InputError(
            f"{path} is no text that names things; a picture is named by id:VALUE, its sha256sum"
        ) from error
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise InputError(f"{path} names nothing; write a thing to be forgotten in each line")
    return found


def understand(text: str, rows: pd.DataFrame) -> list[Entry]:
    """What a person means by a text: `kind:value`, or what only one kind can be.

    `rows` are of manifests, with where redirects led (`at`). InputError when it may be several
    kinds of things, or nothing.
    """
    kind, colon, value = text.partition(":")
    if colon and kind in KINDS and value.strip():
        return _named_as(kind, value.strip(), rows)
    if re.match("https?://", text):
        return _named_as("url", text, rows)
    if ID.fullmatch(text.lower()):
        return _named_as("id", text.lower(), rows)
    plain = text.casefold().strip()
    kinds = {
        # not any: the name of a file that is not there looks like one
        "host": bool(HOST.fullmatch(plain)) and _is_of_host(plain, rows),
        "author": (rows["author"].str.casefold().str.strip() == plain).any(),
        "licence": any(is_licence(told, plain) for told in rows["licence"].unique() if told),
        "id": (rows["origin"] == text).any(),
    }
    found = [kind for kind, is_one in kinds.items() if is_one]
    if len(found) != 1:
        what = f"may be {' or '.join(found)}" if found else "is known of no picture here"
        raise InputError(f"{text!r} {what}; {HOW}, or name a file with one in each line")
    return _named_as(found[0], text, rows)


def _is_of_host(host: str, rows: pd.DataFrame) -> bool:
    address = rf"https?://([^/?#]*[.@])?{re.escape(host)}(:\d+)?([/?#]|$)"
    return any(rows[name].str.match(address, case=False).any() for name in ("origin", "page", "at"))


def _named_as(kind: str, value: str, rows: pd.DataFrame) -> list[Entry]:
    if kind == "host" and not NAME.fullmatch(value):
        raise InputError(f"host:{value} is no host; name it alone, e.g. host:example.org")
    if kind != "id":
        return [Entry(kind, plain_value(kind, value))]
    if len(value) == 64 and ID.fullmatch(value):
        return [Entry(kind, value)]
    # a copy has its parent's origin
    of = rows[(rows["id"] != "") & (rows["parent"] == "")]
    is_one = (of["origin"] == value) | (
        of["id"].str.startswith(value.lower()) if ID.fullmatch(value.lower()) else False
    )
    found = sorted(set(of.loc[is_one, "id"]))
    if not found:
        raise InputError(f"no picture here is called {value!r}; give the 64 digits of its id")
    if len(found) > 1:
        raise InputError(f"{value!r} may be {len(found)} pictures; give more digits of its id")
    return [Entry(kind, found[0])]
