from foodcls.image.quality import Measures, measure
from foodcls.inspect.measures import recall_measures, remember_measures
from foodcls.store.store import Store


def test_measures_are_remembered_or_made_from_the_file(store: Store, noise, encode) -> None:
    digest = store.put(encode(noise(1)))
    assert recall_measures(store, [digest]) == {digest: measure(noise(1))}
    known = Measures(0.5, 0.9, 0.9, 7.0, 1.3, 200)
    remember_measures(store, {"no file": known})
    assert recall_measures(store, ["no file"]) == {"no file": known}


def test_what_is_neither_remembered_nor_there_has_no_measures(store: Store) -> None:
    bad = store.put(b"no picture")
    assert recall_measures(store, [bad, "0" * 64]) == {}
