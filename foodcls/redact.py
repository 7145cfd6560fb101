"""Takes out of texts what nobody is to read: logins and keys in addresses, marks of direction."""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

# what stands between :// and the last @ of a word; after a colon that starts no port, a password
# may hold whatever people type into one
LOGIN = re.compile(
    r"(?<=://)(?:(?!\[)[^/?#\s'\"<>:@]*:(?!\d+(?:[/?#]|$))[^\s'\"<>]*|[^/?#\s'\"<>]*)@"
)
# the same where a library leaves the scheme out; not in models:/name@alias
BARE = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,200}:[^/?&=\s'\"<>@]{1,500}@(?=[\w\[])")
# an address within another's query: its marks are percent-encoded
ENCODED = re.compile(r"(?<=%3A%2F%2F)(?:(?!%2F|%3F)[^/?#&\s'\"<>]){1,500}?%40", re.IGNORECASE)
# values of what is named so: in the query of an address or behind its #
NAMES = r"key|key_?id|token|secret|pass|passw(?:or)?d|pwd|sig|signature|credentials?|auth|jwt"
KEYED = re.compile(rf"([?&;#][\w.%-]*(?:{NAMES})=)[^&\s'\"<>]+", re.IGNORECASE)
# or wherever a word says that it is one, as variables, JSON and settings do; of no `token: x` in a
# sentence, for that is what parsers complain of
QUOTE = r"b?\\?['\"]"  # of bytes, too, and of JSON within JSON
SECRETS = r"passw(?:or)?d|pwd|secret|token|(?:api|access)[_-]?key"
NAMED = re.compile(
    rf"((?<![\w%])[\w.-]{{0,40}}?(?:{SECRETS})"
    rf"(?:\s?=\s?(?:{QUOTE})?|{QUOTE}\s?[:=]\s?(?:{QUOTE})?|:\s?{QUOTE})|"
    r"\bpass(?:word|wd):\s)[^&\s'\"<>]+",
    re.IGNORECASE,
)
# and of headers, to the end of the line or of the quotes
HEADER = re.compile(
    r"(\b(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{0,40}(?:key|token))"
    rf"(?:(?:{QUOTE})?\s?[:=]\s?(?:{QUOTE})?|{QUOTE},\s?{QUOTE}))"
    # a value has quotes of its own behind an equals sign
    r"(?:=\"[^\"\r\n]*\"|='[^'\r\n]*'|[^'\"\r\n])+",
    re.IGNORECASE,
)

# without a look of their own, they shape letters of Persian or Hindi, and some emoji
JOINERS = "\u200c\u200d"


def without_logins(text: str) -> str:
    """The text with addresses that name no user and no password, and still lead there."""
    return LOGIN.sub("", text) if "@" in text else text


def has_password(address: str) -> bool:
    """Whether an address names a user with a password."""
    return any(":" in login for login in LOGIN.findall(address))


def redact(text: str) -> str:
    """The text without logins, and with `***` for keys: all that shows an address goes by this."""
    text = ENCODED.sub("", BARE.sub("", without_logins(text)))
    for kind in (KEYED, NAMED, HEADER):
        text = kind.sub(r"\1***", text)
    return text


def one_line(text: str) -> str:
    """The text in one line, without what turns or hides the text around it.

    That are control characters, marks of direction, and broken Unicode.
    """
    if not text.isprintable():
        text = "".join(
            char for char in text if char.isprintable() or char in JOINERS or char.isspace()
        )
    return " ".join(text.split())


def redact_logs() -> None:
    """Redact from now on what any logger of the process says, also with the errors of libraries."""
    make = logging.getLogRecordFactory()
    if make.__name__ == "make_redacted":
        return

    def make_redacted(*args: Any, **words: Any) -> logging.LogRecord:
        record = make(*args, **words)
        try:
            said = record.getMessage()
        # values that do not fit the text: a line of a log ends nothing
        except (TypeError, ValueError, LookupError):
            record.msg, record.args = redact(f"{record.msg} {record.args}"), None
            said = record.msg
        # others may want a record's parts
        if (plain := redact(said)) != said:
            record.msg, record.args = plain, None
        if record.exc_info and record.exc_info[0]:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(make_redacted)


def only_host(url: str) -> str:
    """Scheme and host of an address: all of it that may be logged where its path is a secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if parts.scheme not in ("http", "https"):
        return "what is no http address"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
