"""Plays a whole network inside a network namespace of its own: run by test_hostile_network.py.

    unshare --net --mount python hostile_network.py

All addresses lie on this namespace's loopback device. One server listens on every one of them and
writes down which address a connection came to; a name server changes its mind about `rebind.test`.
Prints, as JSON, the outcome of each URL and the addresses that were reached.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from foodcls.collect.fetch import fetch_all
from foodcls.collect.limits import fetch_limits
from foodcls.recipe.data_settings import Collect
from foodcls.store.store import Store

PUBLIC = "93.184.216.34"
INNER = ["169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.100.100.200"]
INNER6 = ["fd00:ec2::254", "fe80::1"]
PICTURE = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
TARGETS = [
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/",
    "http://172.16.0.1/", "http://100.100.100.200/", "http://127.0.0.1/", "http://0.0.0.0/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://127.1/",
    "http://0x7f.1/", "http://10.1/", "http://[::1]/", "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a00:1]/", "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://localhost/",
    "http://inner.test/", "http://mixed.test/", "http://10.0.0.1.:80/",
    "http://\uff11\uff10.0.0.1/", "file:///etc/passwd", "ftp://10.0.0.1/", "gopher://10.0.0.1/",
    "//10.0.0.1/", "http://93.184.216.34@10.0.0.1/",
]  # fmt: skip
NAMES = f"127.0.0.1 localhost\n{PUBLIC} public.test mixed.test\n10.0.0.1 inner.test mixed.test\n"

reached: list[str] = []


def make_network(folder: Path) -> None:
    """Give this namespace its addresses, its table of names and its name server."""
    run("ip", "link", "set", "lo", "up")
    for address in (PUBLIC, *INNER):
        run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    for address in INNER6:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    (folder / "hosts").write_text(NAMES)
    (folder / "resolv").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    run("mount", "--bind", str(folder / "hosts"), "/etc/hosts")
    run("mount", "--bind", str(folder / "resolv"), os.path.realpath("/etc/resolv.conf"))


def run(*words: str) -> None:
    subprocess.run(words, check=True)


def answer_http(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer_one, args=(connection,), daemon=True).start()


def answer_one(connection: socket.socket) -> None:
    with connection:
        reached.append(connection.getsockname()[0].removeprefix("::ffff:"))
        path = connection.recv(65536).split(b" ")[1].decode()
        number = path.removeprefix("/to/")
        if path != number:
            head = (
                f"HTTP/1.1 302 Found\r\nLocation: {TARGETS[int(number)]}\r\nContent-Length: 0\r\n"
            )
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        else:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PICTURE)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + PICTURE)


def answer_dns(listener: socket.socket) -> None:
    """Say that `rebind.test` is public when asked first, and private ever after."""
    asked = 0
    while True:
        query, sender = listener.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        question, kind = query[12:end], struct.unpack("!H", query[end - 4 : end - 2])[0]
        records = b""
        if kind == 1 and b"rebind" in question:
            address = PUBLIC if asked == 0 else "10.0.0.1"
            asked += 1
            records = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, bool(records), 0, 0)
        listener.sendto(head + question + records, sender)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    make_network(folder)
    http = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dns.bind(("127.0.0.1", 53))
    threading.Thread(target=answer_http, args=(http,), daemon=True).start()
    threading.Thread(target=answer_dns, args=(dns,), daemon=True).start()
    os.environ |= {name: "http://10.0.0.1:80" for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY")}
    limits = fetch_limits(Collect(engines=("bing",), timeout=4.0, retries=0))
    store = Store(folder / "store")
    redirects = [f"http://public.test/to/{number}" for number in range(len(TARGETS))]
    outcomes = {
        one.url: one.outcome.value
        for urls in (
            [f"http://{PUBLIC}/a", "http://public.test/b"], redirects, TARGETS,
            ["http://rebind.test/first"], ["http://rebind.test/second"],
        )
        for one in fetch_all(urls, limits, store)
    }  # fmt: skip
    json.dump({"outcomes": outcomes, "reached": reached, "targets": TARGETS}, sys.stdout)


if __name__ == "__main__":
    main()
