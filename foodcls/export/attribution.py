"""Lists origin, author and licence of the pictures that a model was trained on, as credits."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd

from foodcls.manifest import KEPT, OWN_SOURCE
from foodcls.redact import one_line

COLUMNS = (
    "id",
    "origin",
    "page",
    "author",
    "licence",
    "licence_url",
    "licence_by",
    "source",
    "query",
)

# what a credit tells
CREDITED = ("origin", "page", "author", "licence", "licence_url")
PART = 10_000  # rows
HEAD = """# Credits

The model learnt from these pictures, which were cropped and resized for it. A title is what the
address has; an author or a licence that nobody told is unknown.

"""


def attribution(manifest: pd.DataFrame) -> pd.DataFrame:
    """A row for each kept picture of the splits "train" and "own", in the manifest's order.

    Augmented copies are left out: they are made of pictures that are listed. Where no licence is
    known, the search engine's filter may stand for it: "commercial (as bing filters)".
    """
    is_learnt = manifest["split"].isin(("train", OWN_SOURCE)) & (manifest["parent"] == "")
    trained = manifest.loc[is_learnt & (manifest["state"] == KEPT), list(COLUMNS)]
    return trained.drop_duplicates(ignore_index=True)


def credits_page(sources: pd.DataFrame) -> str:
    """The attribution for readers, in Markdown; what came from folders is counted alone."""
    rows = sources[list(CREDITED)].drop_duplicates(["origin", "page", "author", "licence"])
    web = rows[rows["origin"].str.startswith("http")]
    own = f"- {len(rows) - len(web)} pictures from folders\n" if len(web) < len(rows) else ""
    # some at a time: of all rows as objects the memory would be several times that of the page
    parts = (
        "".join(map(_credit, web.iloc[start : start + PART].to_dict("records")))
        for start in range(0, len(web), PART)
    )
    return HEAD + "".join(parts) + own


def _credit(row: Mapping[Any, str]) -> str:
    """A line as Creative Commons recommends it: title, author, source and licence, with links."""
    page = row["page"] or row["origin"]
    title = unquote(page.partition("?")[0].rstrip("/").rpartition("/")[2]).removeprefix("File:")
    licence = re.sub(r"(?<=^CC)-|-(?=\d\.\d)", " ", row["licence"]) or "an unknown licence"
    verb = "marked with" if licence.startswith(("CC0", "CC PDM")) else "licensed under"
    author = _link(row["author"] or "an unknown author")
    return f'- "{_link(title, page)}" by {author} is {verb} {_link(licence, row["licence_url"])}\n'


def markdown_text(text: str) -> str:
    """Text in one line that no Markdown or HTML gets out of."""
    return re.sub(r"([\\`*_\[\]<>#&~|!$])", r"\\\1", one_line(text))


@lru_cache  # authors and licences repeat
def _link(text: str, url: str = "") -> str:
    """The text as Markdown, a link where `url` leads to the web."""
    plain = markdown_text(text)
    target = quote(url, safe="%/:?#[]@!$&'()*+,;=") if re.match("https?://", url) else ""
    return f"[{plain}](<{target}>)" if target else plain
