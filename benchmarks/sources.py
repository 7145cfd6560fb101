"""Collects the recipe foods13 from loopback copies of three sources, and holds it to all limits.

    python benchmarks/sources.py                    # 13 classes, 52 queries, 2,028 pictures
    python benchmarks/sources.py --per-query 3

Commons, Openverse and iNaturalist answer in their documented shapes, Bing with a challenge page. A
server in a process of its own gives each a loopback address, and five more to pictures' hosts: one
as upload.wikimedia.org wants to be asked (2 connections, 25 Mbit/s), one with a pause, one with a
Crawl-delay, one without limits, and one whose robots.txt forbids all. One picture in twenty fails
(404, 500, cut off, no picture, too late), one search in nine is refused with Retry-After, and one
picture in four has a licence that the recipe does not want. Openverse's pause is 0.1 s here, not 3.

At the end the server's log is read: who was asked how often, by how many connections at once, and
for how many bytes a second. The exit code is 1 if anything is wrong.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

from collect import draw_picture
from peers import busy, describe_machine

from foodcls.collect.collect import CollectRequest, collect
from foodcls.collect.engines.base import Access
from foodcls.collect.engines.licences import short_name
from foodcls.collect.outcomes import Outcome
from foodcls.recipe.recipe import load_recipe
from foodcls.store.store import Store

ENGINES = {"commons": 2, "openverse": 3, "inaturalist": 4, "bing": 5}  # by last number of address
WIKI, PAUSED, CRAWL, FREE, FORBIDDEN = (f"127.0.0.{number}" for number in range(10, 15))
SHOWN_BY = {
    "commons": (WIKI,),
    "openverse": (PAUSED, FREE, FORBIDDEN),
    "inaturalist": (CRAWL, FREE),
}
# of hosts: connections, seconds from one request to the next, bytes a second
LIMITS = {
    "127.0.0.2": (1, 0.0, 0), "127.0.0.3": (1, 0.1, 0), "127.0.0.4": (1, 0.05, 0),
    WIKI: (2, 0.0, 25e6 / 8), PAUSED: (512, 0.03, 0), CRAWL: (512, 0.02, 0),
}  # fmt: skip
WANTED = ("cc0", "pdm", "by", "by-sa")
LICENCES = ("by", "by-sa", "cc0", "by-nc")  # of pictures, in turn
LATENCY = 0.01
TIMEOUT = 3.0
SLACK = 0.1  # of a second's requests or bytes, by which a busy machine's clocks may be off


def picture_url(engine: str, query: str, number: int) -> str:
    """Where a picture lies: the hosts of an engine take turns."""
    hosts = SHOWN_BY[engine]
    name = f"{crc32(f'{query} {number}'.encode())}"
    return f"http://{hosts[number % len(hosts)]}:{Site.port}/{engine}-{name}/square.jpg"


def answer_search(engine: str, query: str, count: int) -> bytes:
    """A page of results in the engine's shape; all that there are."""
    if engine == "bing":
        return b"<html>Our systems have detected unusual traffic: solve this captcha</html>"
    urls = [(number, picture_url(engine, query, number)) for number in range(count)]
    codes = [LICENCES[number % len(LICENCES)] for number in range(count)]
    pairs = list(zip(urls, codes, strict=True))
    if engine == "commons":
        pages = [{"index": number, "imageinfo": [{
            "thumburl": url, "descriptionurl": f"https://commons.test/{number}",
            "extmetadata": {"LicenseShortName": {"value": f"CC {code} 4.0"},
                            "LicenseUrl": {"value": deed(code)}, "Artist": {"value": "Ann"}}}]}
            for (number, url), code in pairs]  # fmt: skip
        return json.dumps({"batchcomplete": True, "query": {"pages": pages}}).encode()
    if engine == "openverse":
        found = [
            {"url": url, "license": code, "license_version": "4.0", "license_url": deed(code),
             "creator": "Ben", "foreign_landing_url": url} for (_, url), code in pairs
        ]  # fmt: skip
        return json.dumps({"page_count": 1, "results": found}).encode()
    seen = [{"uri": url, "user": {"login": "cy"},
             "photos": [{"url": url, "license_code": code if code == "cc0" else f"cc-{code}"}]}
            for (_, url), code in pairs]  # fmt: skip
    return json.dumps({"total_results": len(seen), "results": seen}).encode()


def deed(code: str) -> str:
    """The page of a licence."""
    if code == "cc0":
        return "https://creativecommons.org/publicdomain/zero/1.0/"
    return f"https://creativecommons.org/licenses/{code}/4.0/"


class Site:
    """All hosts at once: answers by the address that was asked, and keeps a log."""

    port = 0
    count = 0  # results of a query
    log: list[tuple[str, float, float, int, str]] = []  # host, from, to, bytes, path
    pictures: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection, one after the other."""
        host = writer.get_extra_info("sockname")[0]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                begun, mark = time.monotonic(), len(self.log)
                self.log.append((host, begun, begun, 0, path))
                sent = await self.answer(host, path, reader, writer)
                self.log[mark] = (host, begun, time.monotonic(), sent, path)
                if sent < 0:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        writer.close()

    async def answer(
        self, host: str, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> int:
        """Answer a request; bytes of the body, -1 where the connection is cut."""
        await asyncio.sleep(LATENCY)
        status, body, more, length = "200 OK", b"", "", -1
        engine = next((name for name, at in ENGINES.items() if host.endswith(f".{at}")), "")
        if path == "/robots.txt":
            rules = {FORBIDDEN: b"User-agent: *\nDisallow: /\n",
                     CRAWL: b"User-agent: *\nCrawl-delay: 0.02\n"}  # fmt: skip
            status, body = ("200 OK", rules[host]) if host in rules else ("404 Not Found", b"")
        elif path == "/log":
            body = json.dumps([one for one in self.log if one[4] != "/log"]).encode()
        elif engine:
            words = parse_qs(urlsplit(path).query)
            named = ("gsrsearch", "q", "taxon_name")
            query = next((words[name][0] for name in named if name in words), "")
            if crc32(f"{engine} {query}".encode()) % 9 == 0 and self.first(path):
                status, more = "429 Too Many Requests", "Retry-After: 1\r\n"
            else:
                body = answer_search(engine, query.removesuffix(" filetype:bitmap"), self.count)
        else:
            body = self.pictures[crc32(path.encode()) % len(self.pictures)] + path.encode()
            fate = crc32(path.encode()) % 100
            if fate == 0:
                status, body = "404 Not Found", b""
            elif fate == 1:
                status, body = "500 Broken", b""
            elif fate == 2:
                length = len(body)
                body = body[: length // 2]
            elif fate == 3:
                body = b"<html>no picture</html>"
            elif fate == 4:
                # until whoever asks gives up: from then on the connection is not at work
                await asyncio.wait_for(reader.read(1), 2 * TIMEOUT)
                return -1
        length = len(body) if length < 0 else length
        head = f"HTTP/1.1 {status}\r\nContent-Type: image/jpeg\r\n{more}Content-Length: {length}"
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()
        return len(body) if length == len(body) else -1

    def first(self, path: str) -> bool:
        """Whether it is asked for the first time."""
        return sum(one[4] == path for one in self.log) == 1


async def serve(count: int) -> None:
    """Listen at each address, on one port; print it, then answer until killed."""
    Site.count, Site.pictures = count, [draw_picture(number) for number in range(40)]
    site, numbers = Site(), [1, *ENGINES.values(), *range(10, 15)]
    first = await asyncio.start_server(site.talk, "127.0.0.1", 0, backlog=1024)
    Site.port = first.sockets[0].getsockname()[1]
    for number in numbers[1:]:
        await asyncio.start_server(site.talk, f"127.0.0.{number}", Site.port, backlog=1024)
    print(Site.port, flush=True)
    await first.serve_forever()


def run(per_query: int, folder: Path) -> int:
    """Collect, read the server's log, and print what was found; how much of it is wrong."""
    words = [sys.executable, __file__, "--serve", "--per-query", str(per_query)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            return _collect(int(server.stdout.readline()), per_query, folder)
        finally:
            server.terminate()


def _collect(port: int, per_query: int, folder: Path) -> int:
    recipe = load_recipe(
        Path(__file__).resolve().parent.parent / "recipes" / "foods13.yaml",
        {
            "collect.engines": list(ENGINES),
            "collect.per_query": per_query,
            "collect.min_per_class": 0,
            "collect.licences": list(WANTED),
            "collect.allow_private_hosts": True,
            "collect.timeout": TIMEOUT,
            "collect.retries": 1,
            "collect.hosts": [
                {"name": host, "connections": at_once, "pause": pause}
                | ({"megabits": rate * 8 / 1e6} if rate else {})
                for host, (at_once, pause, rate) in LIMITS.items()
                if host != CRAWL
            ],
        },
    )
    bases = tuple((name, f"http://127.0.0.{at}:{port}") for name, at in ENGINES.items())
    access = Access(contact="bench@example.org", bases=bases)
    spent: dict[str, float] = {}

    def track(items: Iterable[Any], total: int, label: str, forecast: Any = None) -> Iterator[Any]:
        begun = time.monotonic()
        yield from items
        spent[label] = time.monotonic() - begun

    begun = time.monotonic()
    request = CollectRequest(
        recipe.classes, recipe.collect, access=access, places=folder / "places"
    )
    found = collect(request, Store(folder / "store"), track)
    whole = time.monotonic() - begun
    log = _read_log(port)
    rows = found.manifest
    print(f"{len(rows)} pictures of {len(recipe.classes)} classes, {len(found.stats)} queries: "
          f"{whole:.1f} s ({', '.join(f'{name} {took:.1f}' for name, took in spent.items())}); "
          f"{busy()}")  # fmt: skip
    print("outcomes:", dict(Counter(rows["outcome"]).most_common()))
    print(
        "searches:", dict(Counter(f"{one.engine}: {one.reason or 'enough'}" for one in found.stats))
    )
    wrong = _check_rows(rows, 3 * 52 * per_query) + _check_hosts(log)
    for line in wrong:
        print("WRONG:", line)
    print("no limit was broken, every address has an outcome, every kept picture its licence"
          if not wrong else f"{len(wrong)} things are wrong")  # fmt: skip
    return len(wrong)


def _read_log(port: int) -> dict[str, list[tuple[float, float, int, str]]]:
    hosts = defaultdict(list)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/log", timeout=60) as answer:
        for host, begun, ended, sent, path in json.load(answer):
            hosts[host].append((begun, ended, sent, path))
    return hosts


def _check_rows(rows: Any, wanted: int) -> list[str]:
    known = {one.value for one in Outcome}
    kept = rows[rows["state"] == "kept"]
    told = {"by": kept["licence_by"] == "source",
            "wanted": kept["licence"].map(short_name).isin(WANTED)}  # fmt: skip
    wrong = [] if len(rows) == wanted else [f"{len(rows)} rows, {wanted} pictures were shown"]
    wrong += [] if set(rows["outcome"]) <= known else ["a row without an outcome"]
    wrong += [f"{int((~ok).sum())} kept pictures break the rule: {name}"
              for name, ok in told.items() if not ok.all()]  # fmt: skip
    return wrong


def _check_hosts(log: dict[str, list[tuple[float, float, int, str]]]) -> list[str]:
    """Print a line for each host, and say which limits were broken."""
    wrong = []
    print("host          requests  at once  allowed  least gap  allowed   MB/s  allowed  seconds")
    for host, asked in sorted(log.items()):
        at_once, pause, rate = LIMITS.get(host, (512, 0.0, 0.0))
        moments = sorted([(begun, 1) for begun, *_ in asked] + [(end, -1) for _, end, *_ in asked])
        most = level = 0
        for _, step in moments:
            level += step
            most = max(most, level)
        begins = sorted(begun for begun, *_ in asked)
        # requests of a second, so that what a busy machine delays is not taken for haste
        dense = max(sum(begun <= other < begun + 1 for other in begins) for begun in begins)
        gap = min((b - a for a, b in zip(begins, begins[1:], strict=False)), default=0.0)
        span = max(end for _, end, *_ in asked) - begins[0]
        sent = sum(max(size, 0) for *_, size, _ in asked)
        speed = sent / span if span else 0.0
        print(f"{host:<13} {len(asked):8d} {most:8d} {at_once:8d} {gap:9.3f}s {pause:7.3f}s "
              f"{speed / 1e6:6.2f} {rate / 1e6:8.2f} {span:8.1f}")  # fmt: skip
        if most > at_once:
            wrong.append(f"{host}: {most} connections at once")
        if pause and dense > (1 + SLACK) / pause + 1:
            wrong.append(f"{host}: {dense} requests in a second")
        largest = max(size for *_, size, _ in asked)
        if rate and sent > rate * span * (1 + SLACK) + at_once * largest:
            wrong.append(f"{host}: {speed / 1e6:.2f} MB a second")
    if pictures := [path for *_, path in log[FORBIDDEN] if path != "/robots.txt"]:
        wrong.append(f"{len(pictures)} pictures were asked for that robots.txt forbids")
    return wrong


def main() -> None:
    """Serve, collect and check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--per-query", type=int, default=13)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.per_query))
        return
    print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="foodcls-sources-") as folder:
        sys.exit(bool(run(options.per_query, Path(folder))))


if __name__ == "__main__":
    main()
