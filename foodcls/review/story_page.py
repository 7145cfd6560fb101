"""Writes the story of a picture as one HTML file that loads nothing."""

import base64
import html

from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture
from foodcls.review.story import Chapter, Fact, Relative, Story
from foodcls.review.thumbs import Thumbs

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif;
  --quiet: light-dark(#6b685f, #a09d95); --line: light-dark(#dedbd3, #33363d); }
body { max-width: 980px; margin: 32px auto; padding: 0 20px;
  background: light-dark(#f6f5f2, #16171a); color: light-dark(#24231f, #eceae4); }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .07em; color: var(--quiet);
  border-top: 1px solid var(--line); padding-top: 14px; margin: 22px 0 8px; }
.ending { font-weight: 600; margin: 4px 0 18px; }
dl { display: grid; grid-template-columns: 170px minmax(0, 1fr); gap: 3px 16px; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
img { border-radius: 8px; display: block; }
.main { max-width: min(100%, 480px); }
.kin { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px; }
figure { margin: 0; font-size: .84rem; color: var(--quiet); }
figure img { width: 100%; aspect-ratio: 1; object-fit: contain; }
"""
# relatives shown, at most
MOST = 48


def story_page(story: Story, thumbs: Thumbs) -> str:
    """The page: the picture, its story, and its relatives as small pictures.

    Pictures that are not in the store are left out.
    """
    name = story.origin.rsplit("/", 1)[-1] or story.origin
    kin = "".join(_figure(item, thumbs) for item in story.relatives[:MOST])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # no address in a picture's story can load or run anything
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(name)}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>{html.escape(story.label)}: {html.escape(name)}</h1>\n"
        f'<p class="ending">{html.escape(story.ending)}</p>\n'
        f"{_image(story.id, thumbs, 'main')}\n"
        + "\n".join(map(_chapter, story.chapters))
        + (f'\n<h2>pictures like it</h2><div class="kin">{kin}</div>' if kin else "")
        + "\n</body></html>\n"
    )


def _chapter(chapter: Chapter) -> str:
    facts = "".join(map(_fact, chapter.facts))
    return f"<h2>{html.escape(chapter.title)}</h2><dl>{facts}</dl>"


def _fact(fact: Fact) -> str:
    return f"<dt>{html.escape(fact.name)}</dt><dd>{html.escape(fact.text)}</dd>"


def _figure(item: Relative, thumbs: Thumbs) -> str:
    image = _image(item.id, thumbs, "")
    text = f"{html.escape(item.how)}<br>{html.escape(item.id[:16])}"
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>" if image else ""


def _image(digest: str, thumbs: Thumbs, kind: str) -> str:
    if not digest:
        return ""
    try:
        data = thumbs.large(digest) if kind else thumbs.small(digest)
    except (BadPicture, StoreError):
        return ""
    source = base64.b64encode(data).decode()
    return f'<img class="{kind}" alt="" src="data:image/jpeg;base64,{source}">'
