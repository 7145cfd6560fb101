import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from flows.cli.pictures.trace import story_page
from foodcls.review.story import Chapter, Fact, Relative, Story
from foodcls.review.thumbs import Thumbs
from foodcls.store.store import Store


@pytest.fixture
def thumbs(store: Store, tmp_path: Path) -> Thumbs:
    return Thumbs(store, tmp_path / "thumbs", 1_000_000)


@pytest.fixture
def story(store: Store, noise, encode) -> Story:  # noqa: ANN001
    first, second = (store.put(encode(noise(seed))) for seed in (1, 2))
    facts = (Fact("address", "http://x/<script>alert(1)</script>"), Fact("query", "fish & chips"))
    kin = (Relative(second, "http://x/b.jpg", "near duplicate"), Relative("0" * 64, "", "gone"))
    return Story(first, "pesto", "http://x/a.jpg", "kept", (Chapter("found", facts),), kin)


def test_the_page_holds_the_picture_and_its_relatives(story: Story, thumbs: Thumbs) -> None:
    page = story_page(story, thumbs)
    images = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    # the relative that is gone from the store is left out
    assert len(images) == 2
    for data in images:
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            assert image.size == (96, 64)


def test_nothing_of_a_story_is_markup_or_loads_anything(story: Story, thumbs: Thumbs) -> None:
    page = story_page(story, thumbs)
    assert "<script" not in page and "fish &amp; chips" in page
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_a_story_without_bytes_is_a_page_too(thumbs: Thumbs) -> None:
    story = Story("", "pesto", "http://x/a.jpg", "dropped", (Chapter("found", (Fact("a", "b"),)),))
    assert "<img" not in story_page(story, thumbs)
