"""Spreads work over real Dask workers, with an object store between them, and kills one."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
import pytest

from foodcls.collect.fetch import fetch_all
from foodcls.collect.limits import fetch_limits
from foodcls.collect.over_workers import over_workers
from foodcls.dedup import pairs
from foodcls.dedup.cells import share_over
from foodcls.dedup.pairs import find_pairs
from foodcls.errors import InputError, StageError
from foodcls.image.hashes import fingerprint, pack_fingerprints
from foodcls.recipe.data_settings import Collect, Dedup
from foodcls.store.store import Store
from foodcls.work.memo import MemoizedMap, map_memoized
from foodcls.work.parallel import Fleet
from tasks.engine import cluster as module
from tasks.engine.cluster import CLIENT, fleet, open_workspace, spread, workers


def test_without_a_setting_threads_of_this_machine_work(monkeypatch: Any) -> None:
    monkeypatch.delenv("FOODCLS_RUNNER", raising=False)
    with workers():
        assert set(spread(lambda item: os.getpid(), range(4))) == {os.getpid()}


@pytest.mark.parametrize("runner", ["spark", "dusk:tcp://x"])
def test_an_unknown_runner_is_refused_with_what_is_allowed(monkeypatch: Any, runner: str) -> None:
    monkeypatch.setenv("FOODCLS_RUNNER", runner)
    with pytest.raises(InputError, match="allowed: threads, dask, dask:ADDRESS"), workers():
        pass


def test_a_scheduler_that_does_not_answer_is_told(
    monkeypatch: Any, free_port: Callable[[], int]
) -> None:
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:tcp://127.0.0.1:{free_port()}")
    # brings its settings, which the block is to change and to give back
    import dask
    import distributed

    assert distributed.__version__
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(StageError, match="dask scheduler"),
        workers(),
    ):
        pass


def test_the_store_is_where_the_environment_says(
    monkeypatch: Any, tmp_path: Path, bucket: str
) -> None:
    monkeypatch.setenv("FOODCLS_STORE", bucket)
    assert open_workspace(tmp_path / "w").place == bucket
    monkeypatch.delenv("FOODCLS_STORE")
    assert open_workspace(tmp_path / "w").place == bucket


def test_dask_alone_starts_processes_that_only_this_machine_reaches(monkeypatch: Any) -> None:
    monkeypatch.setenv("FOODCLS_RUNNER", "dask")

    def family() -> set[str]:
        pids = {str(os.getpid())}
        for _ in range(4):
            for pid in list(pids):
                for task in Path(f"/proc/{pid}/task").glob("*/children"):
                    pids |= set(task.read_text().split())
        return pids

    with workers():
        with workers():
            found = set(spread(lambda item: os.getpid(), range(64)))
        assert os.getpid() not in found and len(found) == os.cpu_count()
        table = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
        ours = [line.split()[3] for line in table.splitlines()
                if any(f"pid={pid}," in line for pid in family())]  # fmt: skip
        assert ours and all(place.startswith("127.0.0.1:") for place in ours)
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)


# before any worker of the file's cluster is started
def test_a_stage_without_workers_ends(cluster: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    monkeypatch.setattr(module, "PATIENCE", 1)
    with pytest.raises(StageError, match=f"dask worker {cluster.address}"), workers():
        list(spread(len, ["abc"]))


def test_workers_with_other_code_are_refused(cluster: Any, monkeypatch: Any) -> None:
    cluster.have_workers(1)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    monkeypatch.setattr(module, "code_digest", lambda modules: "another")
    with pytest.raises(StageError, match="another foodcls"), workers():
        list(spread(len, ["abc"]))


def test_a_killed_worker_loses_at_most_the_batch_in_its_hands(
    cluster: Any, monkeypatch: Any, bucket: str, tmp_path: Path
) -> None:
    started = cluster.have_workers(2)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    diary = tmp_path / "diary"
    work = {f"{number:03}": number for number in range(400)}
    store = Store(bucket)

    # a function within a function travels by value: workers do not know this file
    def square(batch: Any) -> Any:
        import os
        import time

        for key in batch:
            time.sleep(0.01)
            with diary.open("a") as file:
                file.write(f"{key} {os.getpid()}\n")
        return {key: item * item for key, item in batch.items()}

    def kill_one(items: Any, total: int, label: str) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 60:
                started[0].kill()
            yield item

    with workers():
        found = map_memoized(store, MemoizedMap("squares", square), work, kill_one, spread)
    assert found == {key: item * item for key, item in work.items()}
    done = [line.split() for line in diary.read_text().splitlines()]
    assert {int(pid) for _, pid in done} == {worker.pid for worker in started}
    # 400 items are 58 batches of 7; the one in hand is begun again
    assert set(work) == {key for key, _ in done} and 400 <= len(done) <= 407
    assert store.recall("squares", work) == found


class Site(ThreadingHTTPServer):
    """Pictures of one host: how many were asked for at once at most, and each how often."""

    daemon_threads = True

    def __init__(self, picture: bytes, others: dict[str, str]) -> None:
        self.hits, self.active, self.busiest, self.lock = Counter[str](), 0, 0, Lock()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:
                if handler.path == "/robots.txt":
                    return handler.send_error(404)
                with self.lock:
                    self.hits[handler.path] += 1
                    self.active += 1
                    self.busiest = max(self.busiest, self.active)
                time.sleep(0.05)
                target = others.get(handler.path, "")
                handler.send_response(302 if target else 200)
                handler.send_header("Location", target)
                handler.send_header("Content-Length", str(0 if target else len(picture)))
                # who reads the answer may ask again before this thread goes on
                with self.lock:
                    self.active -= 1
                handler.end_headers()
                handler.wfile.write(b"" if target else picture)

            def log_message(handler, *words: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answer)
        Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


def test_hosts_are_parted_among_workers_and_go_to_another_one_when_theirs_is_lost(
    cluster: Any, monkeypatch: Any, bucket: str, noise: Any, encode: Any
) -> None:
    """Three hosts of 60 pictures, two at a time; one worker is killed, and one redirects."""
    picture = encode(noise(1))
    sites = [Site(picture, {}) for _ in range(2)]
    sites.append(Site(picture, {f"/{n}": sites[0].url("/far") for n in range(9)}))
    urls = [site.url(f"/{number}") for site in sites for number in range(60)]
    started = cluster.have_workers(2)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    limits = fetch_limits(Collect(engines=("bing",), allow_private_hosts=True, per_host=2))
    store = Store(bucket)

    def kill_one() -> None:
        while any(sum(site.hits.values()) < 20 for site in sites[:2]):
            time.sleep(0.01)
        started[0].kill()

    with workers():
        while len(CLIENT.get().nthreads()) < 2:
            time.sleep(0.01)
        killer = Thread(target=kill_one, daemon=True)
        killer.start()
        group = fleet()
        assert group and group.size() == 2
        anew = over_workers(group, limits, store, turn=2.0)
        found = list(fetch_all(urls, limits, store, anew=anew))
        killer.join(10)
    assert started[0].poll() is not None
    assert sorted(one.url for one in found) == sorted(urls)
    assert {one.outcome.value for one in found} == {"ok"}
    # two workers that know nothing of each other would ask for four
    assert [site.busiest for site in sites] == [2, 2, 2]
    # what the lost worker had in its hands, or had not yet noted: a second's
    again = sum(count - 1 for site in sites for path, count in site.hits.items() if path != "/far")
    assert 0 < again < 80, [site.hits for site in sites]
    assert all(one.recalled for one in fetch_all(urls, limits, store))
    for site in sites:
        site.shutdown()
        site.server_close()


def test_workers_ask_for_nothing_more_once_nobody_waits_for_it(
    cluster: Any, monkeypatch: Any, bucket: str, noise: Any, encode: Any
) -> None:
    """A turn may last minutes; who interrupts a run after its first picture does not mean that."""
    from distributed import Future

    site = Site(encode(noise(1)), {})
    cluster.have_workers(1)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    limits = fetch_limits(Collect(engines=("bing",), allow_private_hosts=True, per_host=1))
    store = Store(bucket)

    def crawl(group: Fleet) -> None:
        urls = [site.url(f"/a{number}") for number in range(1_000)]
        anew = over_workers(group, limits, store, turn=600.0)
        with pytest.raises(StageError, match="knows no more of a batch"):
            list(fetch_all(urls, limits, store, anew=anew))

    with workers():
        group, client = fleet(), CLIENT.get()
        assert group
        crawling = Thread(target=copy_context().run, args=(crawl, group))
        crawling.start()
        while not site.hits:
            time.sleep(0.01)
        # as an interrupted run does, and the scheduler for a client that is gone
        client.cancel([Future(key, client) for key in list(client.futures)])
        crawling.join()
    # the worker looks each second
    time.sleep(2)
    asked = site.hits.total()
    time.sleep(0.5)
    assert site.hits.total() == asked < 60
    site.shutdown()
    site.server_close()


def test_pairs_among_many_are_those_of_one_machine(
    cluster: Any, monkeypatch: Any, bucket: str, noise: Callable[..., Any]
) -> None:
    drawn = [noise(seed, 320, 240) for seed in range(6)]
    images = [*drawn, *(one.crop((12, 5, 312, 232)) for one in drawn)]
    prints = pack_fingerprints(fingerprint(image, "phash") for image in images)
    exact = find_pairs(prints, Dedup()).pairs
    monkeypatch.setattr(pairs, "EXACT", 0)
    monkeypatch.setenv("FOODCLS_RUNNER", f"dask:{cluster.address}")
    cluster.have_workers(1)
    with workers():
        found = find_pairs(prints, Dedup(), share=partial(share_over, Store(bucket), spread)).pairs
    assert len(found.left) == 5
    assert np.array_equal(found.left, exact.left) and np.array_equal(found.right, exact.right)
