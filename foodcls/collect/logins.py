"""Changes the id and secret of a registered client for a token (OAuth 2, client credentials)."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from yarl import URL

from foodcls.collect.engines.base import Access, rebased
from foodcls.collect.engines.registry import ENGINES, explain
from foodcls.collect.fetch import download_all
from foodcls.collect.limits import Limits


def log_in(names: Iterable[str], access: Access, limits: Limits) -> tuple[Access, dict[str, str]]:
    """The access with the tokens of these engines, and why an engine gave none.

    No token is kept on disk. Engines that know none, and those without a key, are left alone.
    """
    forms = {
        str(URL(rebased(ENGINES[name].token, dict(access.bases).get(name, "")))): name
        for name in dict.fromkeys(names)
        if ENGINES[name].token and ENGINES[name].has_key(access)
    }
    posted = {url: _form(name, access) for url, name in forms.items()}
    tokens, refused = {}, {}
    for response in download_all(forms, replace(limits, forms=posted)) if forms else ():
        name = forms[response.url]
        if token := _token(response.body):
            tokens[name] = token
        else:
            said = explain(name, response.detail or "an answer without a token")
            refused[name] = f"no login: {said}"
    return replace(access, tokens=tokens), refused


def _form(name: str, access: Access) -> dict[str, str]:
    fields = zip(("client_id", "client_secret"), ENGINES[name].terms.keys, strict=True)
    login = {field: access.keys[variable] for field, variable in fields}
    return {"grant_type": "client_credentials"} | login


def _token(body: bytes) -> str:
    try:
        answer: Any = json.loads(body)
    # RecursionError: JSON that is nested thousands of times
    except (ValueError, RecursionError):
        return ""
    return str(answer.get("access_token") or "") if isinstance(answer, dict) else ""
