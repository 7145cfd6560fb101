"""Writes the story of a picture as one HTML file that loads nothing."""

from collections.abc import Callable

from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import data_uri
from foodcls.review.story import Story
from foodcls.review.thumbs import Thumbs

# relatives shown, at most
MOST = 48


def story_page(story: Story, thumbs: Thumbs) -> str:
    """The page: the picture, its story, and its relatives as small pictures.

    Pictures that are not in the store are left out.
    """
    kin = ((item, _image(thumbs.small, item.id)) for item in story.relatives[:MOST])
    values = {
        "story": story,
        "name": story.origin.rsplit("/", 1)[-1] or story.origin,
        "image": _image(thumbs.large, story.id),
        "kin": [(item, image) for item, image in kin if image],
    }
    return render_page("story.html", values)


def _image(read: Callable[[str], bytes], digest: str) -> str:
    """The picture as a data URI; empty where there is none."""
    try:
        return data_uri(read(digest)) if digest else ""
    except (BadPicture, StoreError):
        return ""
