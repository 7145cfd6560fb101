from collections.abc import Callable

import pandas as pd

from foodcls.recipe.train_settings import Target, Train
from foodcls.report.report import contact_sheet
from foodcls.store.store import Store


def test_a_photo_of_each_class_is_shown_in_all_its_views(
    gallery: Callable[[Store], pd.DataFrame], labels: tuple[str, ...], quick: Train, store: Store
) -> None:
    target = Target(shape="cutout", rotation="any", views=4)
    settings = quick.model_copy(update={"target": target})
    sheet = contact_sheet(gallery(store), settings, store)
    assert tuple(sheet) == labels
    for views in sheet.values():
        assert len(set(views)) == 4
        assert all(view.startswith("data:image/jpeg;base64,") for view in views)


def test_photos_that_are_learnt_from_as_they_are_need_no_sheet(
    gallery: Callable[[Store], pd.DataFrame], quick: Train, store: Store
) -> None:
    assert contact_sheet(gallery(store), quick, store) == {}
