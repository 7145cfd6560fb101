"""Redacts texts for logs: removes user names and passwords from addresses."""

import re
from urllib.parse import urlsplit

# everything between :// and @, as far as it is one word
LOGIN = re.compile(r"(?<=://)[^/\s@'\"]+@")


def without_passwords(text: str) -> str:
    """The text with user names and passwords of addresses replaced by `***`."""
    return LOGIN.sub("***@", text)


def without_logins(text: str) -> str:
    """The text with addresses that name no user and no password, and still lead there."""
    return re.sub(r"://[^/@\s]*@", "://", text)


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
