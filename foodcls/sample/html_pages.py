"""Turns parts of the sample web into HTML pages for crawlers and people."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from foodcls.sample.dishes import LABELS
from foodcls.sample.web import SampleItem

PER_PAGE = 48
LICENCE = "CC0-1.0"
STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1.5rem}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.75rem}
.result,.class{display:block;border-radius:.5rem;overflow:hidden;text-decoration:none}
.result img{width:100%;aspect-ratio:1;object-fit:cover;background:#8883;display:block}
.class{padding:.75rem 1rem;background:#8882}
small{opacity:.75}
"""


def front_page() -> str:
    """A page that links the searches for all classes."""
    links = "".join(
        f'<a class="class" href="/search?{urlencode({"q": _words(label)})}">{_words(label)}</a>'
        for label in LABELS
    )
    note = "<p>Every picture here was drawn by a program. It is no photograph of food.</p>"
    return _page("The sample web", f'{note}<div class="grid">{links}</div>')


def result_page(query: str, found: Sequence[SampleItem], first: int) -> str:
    """Up to 48 results from place `first` on; past the end the page says "No results"."""
    shown = found[first : first + PER_PAGE]
    title = f"{query} - pictures"
    if not shown:
        return _page(title, "<p>No results</p>")
    cards = "\n".join(_card(item) for item in shown)
    more = urlencode({"q": query, "first": first + PER_PAGE})
    follow = f'<p><a href="/search?{more}">More results</a></p>'
    rest = follow if first + PER_PAGE < len(found) else ""
    return _page(title, f'<div class="grid">\n{cards}\n</div>{rest}')


def picture_page(item: SampleItem) -> str:
    """The page that a picture appears on."""
    picture = f'<p><img src="/img/{item.file}" alt="{_words(item.found_as)}"></p>'
    return _page(_words(item.found_as), f"{picture}<p><small>Licence: {LICENCE}</small></p>")


def _card(item: SampleItem) -> str:
    return (
        f'<a class="result" href="/img/{item.file}" data-page="/page/{item.file}" '
        f'data-licence="{LICENCE}"><img loading="lazy" src="/img/{item.file}" '
        f'alt="{_words(item.found_as)}"></a>'
    )


def _words(label: str) -> str:
    return label.replace("_", " ")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><p><a href="/">The sample web</a></p><h1>{escape(title)}</h1>{body}</body></html>'
    )
