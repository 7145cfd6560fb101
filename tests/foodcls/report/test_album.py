import pytest

from foodcls.errors import StoreError
from foodcls.manifest import new_manifest
from foodcls.report.album import open_album
from foodcls.store.store import Store


def test_pieces_of_one_picture_are_found_in_their_order(store: Store) -> None:
    blobs = [store.put(bytes([number])) for number in range(3)]
    rows = new_manifest(
        {"id": digest, "label": "pesto", "picture": blob, "page": f"http://x/{blob[:4]}"}
        for digest, blob in zip(("one", "one", "two"), blobs, strict=True)
    )
    album = open_album(rows, store)
    assert album.read(("one", "pesto", 1)) == b"\x01"
    assert album.read(("two", "pesto", 0)) == b"\x02"
    assert album.page(("one", "pesto", 0)) == f"http://x/{blobs[0][:4]}"
    assert album.count([("one", "pesto", 0), ("one", "bread", 0), ("three", "pesto", 0)]) == 1


def test_a_picture_that_is_not_here_is_no_picture(store: Store) -> None:
    album = open_album(new_manifest([]), store)
    assert album.page(("one", "pesto", 0)) == ""
    with pytest.raises(StoreError, match="one"):
        album.read(("one", "pesto", 0))
