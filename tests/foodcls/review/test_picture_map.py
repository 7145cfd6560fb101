"""Lays the pictures of a visit out in the background, once."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.evaluate.likeness import load_likeness, save_likeness
from foodcls.review.decisions import Verdict
from foodcls.review.picture_map import GRAIN, Drawn, PictureMap, show_map
from foodcls.review.session import Session


@pytest.fixture
def session(ranked: Callable[..., Session], pictures: Callable[..., pd.DataFrame]) -> Session:
    return ranked(pictures(10), range(5, 10), ())


def finished(picture_map: PictureMap) -> Drawn:
    end = time.monotonic() + 60
    while (drawn := picture_map.draw()).share < 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    return drawn


def test_a_map_is_there_at_once_and_the_finished_one_is_kept(session: Session) -> None:
    first = PictureMap(session).draw()
    assert first.share < 1 and set(first.layout.ids) == set(session.gallery.items)
    done = finished(PictureMap(session))
    assert (done.layout.spots != first.layout.spots).any()
    again = PictureMap(session).draw()
    assert again.share == 1 and (again.layout.spots == done.layout.spots).all()


def test_pictures_that_were_ranked_anew_are_laid_out_anew(session: Session) -> None:
    path, picture_map = session.files.likeness, PictureMap(session)
    finished(picture_map)
    before = show_map(picture_map, tells_pictures=False)["of"]
    assert path and (likeness := load_likeness(path, session.labels))
    fewer = {name: getattr(likeness, name)[1:] for name in ("ids", "rows", "own", "other", "guess")}
    save_likeness(type(likeness)(**fewer, labels=likeness.labels), path)
    assert finished(picture_map).layout.ids == likeness.ids[1:]
    told = show_map(picture_map, tells_pictures=True)
    # a page that asks on sees that these are others
    assert (
        told["of"] != before
        and told["unknown"] == 1
        and len(told["pictures"]) == 19
        and told["left_out"] == 0
    )


def test_the_page_is_told_where_each_picture_lies_and_what_was_decided(session: Session) -> None:
    picture_map = PictureMap(session)
    drawn = finished(picture_map)
    session.decide([drawn.layout.ids[3]], Verdict(False, "a cat"))
    told = show_map(picture_map, tells_pictures=True)
    assert [picture["id"] for picture in told["pictures"]] == list(drawn.layout.ids)
    assert told["pictures"][3]["keep"] == 0 and told["share"] == 1
    assert abs(told["spots"][7] / GRAIN - drawn.layout.spots[3, 1]) < 1e-3
    assert "pictures" not in show_map(picture_map, tells_pictures=False)


def test_a_layout_that_fails_ends_as_it_began_and_says_why(session: Session) -> None:
    path = session.files.likeness
    assert path and (likeness := load_likeness(path, session.labels))
    rows = likeness.rows.copy()
    rows[3, 4] = np.nan
    save_likeness(replace(likeness, rows=rows), path)
    picture_map = PictureMap(session)
    first = picture_map.draw()
    assert (finished(picture_map).layout.spots == first.layout.spots).all()
    assert "NaN" in show_map(picture_map, tells_pictures=False)["problem"]
    # nothing of it is kept: the next visit tries again
    assert session.files.layout and not session.files.layout.exists()


def test_without_a_ranking_there_is_no_map(session: Session) -> None:
    assert session.files.likeness
    session.files.likeness.unlink()
    with pytest.raises(InputError, match="foodcls suspects"):
        PictureMap(session).draw()
