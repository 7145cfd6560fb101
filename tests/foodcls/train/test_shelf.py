from pathlib import Path

import pytest

from foodcls.store.store import Store
from foodcls.train.shelf import Shelf


def test_rows_fit_up_to_the_limit_and_more_are_refused_in_words(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(store, tmp_path, limit=5e9)
    assert shelf.fits(5, 10**9, "activations") and not caplog.records
    assert not shelf.fits(6, 10**9, "activations")
    assert "activations: 6.0 GB" in caplog.text and "train.cache_gb" in caplog.text
