import os
import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from foodcls.features import row_cache
from foodcls.features.row_cache import ROWS, Array, FeatureCache, RowCache, cache_rows, make_room
from foodcls.progress import Work, counting
from foodcls.store.store import Store, digest_file

DIGESTS = [f"picture {number}" for number in range(300)]


class Maker:
    """Two arrays of what is asked for, which it remembers; dies at `deadly`."""

    def __init__(self, deadly: int = -1) -> None:
        self.asked: list[list[int]] = []
        self.deadly = deadly

    def __call__(self, places: Sequence[int]) -> Sequence[Array]:
        if self.deadly in places:
            raise KeyboardInterrupt
        self.asked.append(list(places))
        return [np.array(places), np.array(places, dtype=np.float32)[:, None] * [1, 2]]


def row_cache_of(folder: Path, maker: Maker, version: str = "1", limit: float = 1e9) -> RowCache:
    feature_cache = FeatureCache(Store(folder / "store"), folder, limit=limit)
    return RowCache(feature_cache, "numbers", ("plain", "double"), version, maker, 24)


def test_rows_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    plain, double = cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    assert len(plain) == 300
    assert plain.take([299, 0, 128, 127]).tolist() == [299, 0, 128, 127]
    assert double.take(np.array([130])).tolist() == [[130, 260]]


def test_a_second_time_nothing_is_made(tmp_path: Path) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    maker = Maker()
    with counting() as tally:
        plain, _ = cache_rows(row_cache_of(tmp_path, maker), DIGESTS)
    assert maker.asked == []
    assert plain.take([5]).tolist() == [5]
    # told to people as "numbers 0 of 300"
    assert tally == {"numbers": Work("numbers", anew=0, recalled=300)}


def test_rows_are_found_again_one_by_one_in_any_company(tmp_path: Path) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    maker = Maker()
    # another fold: other rows, another order, one of them new, one twice
    fold = [*DIGESTS[250:20:-3], "new", DIGESTS[7], DIGESTS[7]]
    plain, _ = cache_rows(row_cache_of(tmp_path, maker), fold)
    assert maker.asked == [[fold.index("new")]]
    wanted = [*range(250, 20, -3), fold.index("new"), 7, 7]
    assert plain.take(range(len(fold))).tolist() == wanted


def test_a_row_that_comes_twice_is_made_once(tmp_path: Path) -> None:
    maker = Maker()
    plain, _ = cache_rows(row_cache_of(tmp_path, maker), ["a", "b", "a"])
    assert maker.asked == [[0, 1]]
    assert plain.take([0, 1, 2]).tolist() == [0, 1, 0]


def test_a_killed_computation_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        cache_rows(row_cache_of(tmp_path, Maker(deadly=200)), DIGESTS)
    maker = Maker()
    cache_rows(row_cache_of(tmp_path, maker), DIGESTS)
    assert maker.asked == [list(range(128, 256)), list(range(256, 300))]


def test_many_rows_lie_in_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_cache, "ROWS", 2)
    monkeypatch.setattr(row_cache, "FILES", 4)
    maker = Maker()
    cache = row_cache_of(tmp_path, maker)
    plain, double = cache_rows(cache, DIGESTS)
    assert len(cache.files()) == 4 and {len(asked) for asked in maker.asked} == {2}
    assert plain.take(range(300)).tolist() == [*range(300)]
    assert double.take([299]).tolist() == [[299, 598]]


def test_after_a_kill_rows_are_made_in_the_batches_of_a_run_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_cache, "ROWS", 4)
    monkeypatch.setattr(row_cache, "FILES", 7)
    whole, killed, again = Maker(), Maker(deadly=150), Maker()
    cache_rows(row_cache_of(tmp_path / "whole", whole), DIGESTS)
    with pytest.raises(KeyboardInterrupt):
        cache_rows(row_cache_of(tmp_path / "killed", killed), DIGESTS)
    cache_rows(row_cache_of(tmp_path / "killed", again), DIGESTS)
    assert again.asked and set(map(tuple, again.asked)) < set(map(tuple, whole.asked))


def test_a_file_that_another_process_has_just_deleted_makes_room_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda self, words: [*glob(self, words), self / "gone.npy"])
    make_room(tmp_path, 0)
    assert not [one for one in os.listdir(tmp_path) if one.endswith(".npy")]


def test_a_file_that_cannot_be_opened_now_stays(tmp_path: Path) -> None:
    cache = row_cache_of(tmp_path, Maker())
    cache_rows(cache, DIGESTS)
    before, (_, most) = cache.files(), resource.getrlimit(resource.RLIMIT_NOFILE)
    handles = [os.open(tmp_path, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (handles[0] + 1, most))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            cache_rows(cache, DIGESTS)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.close(handles[0])
    assert cache.files() == before


def test_a_process_reads_a_file_for_its_digest_once_until_it_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    read: list[Path] = []
    monkeypatch.setattr(
        row_cache, "digest_file", lambda path: read.append(path) or digest_file(path)
    )
    for _ in range(3):
        cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    files = sorted(tmp_path.glob("*.npy"))
    assert sorted(read) == files and len(files) == 3
    files[0].write_bytes(files[0].read_bytes())
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    assert read[3:] == files[:1]


@pytest.mark.parametrize("loaded", [False, True], ids=["not read yet", "read before"])
@pytest.mark.parametrize("damage", ["empty", "torn", "no longer an array", "one bit"])
def test_a_damaged_file_is_noticed_and_made_anew(
    tmp_path: Path, damage: str, loaded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    if loaded:
        cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    path = sorted(tmp_path.glob("*.npy"))[0]
    data = path.read_bytes()
    flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    path.write_bytes(
        {"empty": b"", "torn": data[:-1000], "one bit": flipped}.get(damage, b"x" * 99)
    )
    maker = Maker()
    _, double = cache_rows(row_cache_of(tmp_path, maker), DIGESTS)
    assert len(maker.asked) == 1
    assert double.take(range(300))[:, 1].tolist() == [2.0 * place for place in range(300)]
    assert path.name in caplog.text and "damaged" in caplog.text


def test_another_version_is_made_anew(tmp_path: Path) -> None:
    cache_rows(row_cache_of(tmp_path, Maker()), DIGESTS)
    maker = Maker()
    cache_rows(row_cache_of(tmp_path, maker, version="2"), DIGESTS)
    assert [len(asked) for asked in maker.asked] == [ROWS, ROWS, 300 - 2 * ROWS]


def test_no_rows_give_empty_arrays(tmp_path: Path) -> None:
    plain, _ = cache_rows(row_cache_of(tmp_path, Maker()), [])
    assert len(plain) == 0


def total(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.npy"))


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    cache_rows(row_cache_of(tmp_path, Maker(), "old"), DIGESTS)
    cache_rows(row_cache_of(tmp_path, Maker(), "used again"), DIGESTS)
    one_set = total(tmp_path) // 2
    for path in tmp_path.glob("*.npy"):
        os.utime(path, (1, 1))
    used = cache_rows(row_cache_of(tmp_path, Maker(), "used again"), DIGESTS)[0]
    cache_rows(row_cache_of(tmp_path, Maker(), "new", limit=2.4 * one_set), DIGESTS)
    assert total(tmp_path) <= 2.4 * one_set
    maker = Maker()
    cache_rows(row_cache_of(tmp_path, maker, "used again"), DIGESTS)
    assert maker.asked == []
    make_room(tmp_path, 0)
    assert total(tmp_path) == 0
    # what is open is read on
    assert used.take([299]).tolist() == [299]


def test_the_default_limit_is_what_the_settings_say() -> None:
    from foodcls.recipe.train_settings import Train

    assert Train().cache_gb * row_cache.GIGABYTE == row_cache.LIMIT


def test_rows_fit_up_to_the_limit_and_more_are_refused_in_words(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feature_cache = FeatureCache(store, tmp_path, limit=5e9)
    assert feature_cache.fits(5, 10**9, "activations") and not caplog.records
    assert not feature_cache.fits(6, 10**9, "activations")
    assert "activations: 6.0 GB" in caplog.text and "train.cache_gb" in caplog.text
