"""Asks `foodcls serve` and `mlflow models serve` for the same model, by many clients at once.

    python benchmarks/serve.py                                   # drawn pictures, random weights
    python benchmarks/serve.py PHOTOS --model workspace/models/foods13-*.pt --clients 32

One run, one machine, the same files: each client sends a picture, waits for the answer, and sends
the next; the servers take turns, and the load comes from this process. To MLflow they go as it
asks, base64 in JSON, encoded beforehand. First both must give the same probabilities for each
picture. What a server computes for a picture, `CPU ms`, hardly depends on what else the machine
does; pictures a second do.
"""

import argparse
import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import mlflow
import numpy as np
from inference import SIZE, make_network, write_pictures
from peers import busy, describe_machine

from foodcls.export.export import labels_digest
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.sample.dishes import LABELS


@dataclass(frozen=True)
class Server:
    """A running server, what it is asked, and where its answer has the probabilities."""

    name: str
    url: str
    headers: dict[str, str]
    bodies: Sequence[bytes]
    session: int  # that its processes are in

    def computed(self) -> float:
        """Seconds of computing until now, of all its processes."""
        spent = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it may have ended
                cells = path.read_text().rpartition(")")[2].split()
                spent += sum(map(int, cells[11:15])) if int(cells[3]) == self.session else 0
        return spent / os.sysconf("SC_CLK_TCK")

    def probabilities(self, answer: Any) -> list[float]:
        """Of each class, in order."""
        if "predictions" not in answer:
            return list(answer["probabilities"].values())
        [row] = answer["predictions"]
        return [value for name, value in row.items() if name.startswith("p_")]


def write_model(backbone: str, folder: Path) -> Path:
    """An exported file with random weights, which take as long as any."""
    network = OptimizedNetwork(make_network(backbone), SIZE)
    facts = {"labels_digest": labels_digest(tuple(LABELS))}
    path = folder / "model.pt"
    path.write_bytes(export_bytes(network, InferenceConfig(SIZE, tuple(LABELS)), facts))
    return path


@contextmanager
def started(words: Sequence[object], health: str) -> Iterator[int]:
    """A server in a session of its own, from when it answers until the block ends."""
    with subprocess.Popen(
        list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            asyncio.run(await_health(health, process))
            yield process.pid
        finally:
            # it may have ended by itself, and this is to hide no error
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


async def await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    async with aiohttp.ClientSession() as session:
        while process.poll() is None:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)
    raise SystemExit(f"{process.args!r} ended with {process.returncode}")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def ask_all(server: Server) -> np.ndarray:
    """The probabilities of each picture once, (N, C)."""
    async with aiohttp.ClientSession() as session:
        rows = []
        for body in server.bodies:
            async with session.post(server.url, data=body, headers=server.headers) as answer:
                assert answer.status == 200, await answer.text()
                rows.append(server.probabilities(await answer.json()))
        return np.array(rows)


async def load(server: Server, clients: int, seconds: float) -> tuple[float, np.ndarray]:
    """Pictures a second, and the seconds that each request took, by clients that never rest."""
    took: list[float] = []
    numbers, begun = count(), time.perf_counter()

    async def client(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() - begun < seconds:
            body = server.bodies[next(numbers) % len(server.bodies)]
            sent = time.perf_counter()
            async with session.post(server.url, data=body, headers=server.headers) as answer:
                await answer.read()
                assert answer.status == 200, await answer.text()
            took.append(time.perf_counter() - sent)

    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))
    return len(took) / (time.perf_counter() - begun), np.array(took)


def compare(servers: Sequence[Server], clients: int, seconds: float, rounds: int) -> None:
    """Let the servers take turns; print each one's figures and the ratio of the medians."""
    answers = [asyncio.run(ask_all(server)) for server in servers]
    worst = float(np.abs(answers[0] - answers[1]).max())
    print(f"largest difference of a probability, {len(answers[0])} pictures: {worst:.1e}")
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        for server in servers:
            before = server.computed()
            rate, took = asyncio.run(load(server, clients, seconds if number else 3))
            computed = 1000 * (server.computed() - before) / len(took)
            # the first round warms up
            if number:
                rates[server.name].append(rate)
                p50, p99 = np.percentile(took * 1000, [50, 99])
                print(f"{server.name:<20} {rate:7.1f} pictures/s  p50 {p50:5.0f} ms  p99 "
                      f"{p99:5.0f} ms  CPU {computed:4.0f} ms  n {len(took)} {busy()}")  # fmt: skip
    ours, theirs = (float(np.median(rates[server.name])) for server in servers)
    print(f"{servers[0].name} / {servers[1].name}, {clients} clients = {ours / theirs:.2f}")


def main() -> None:
    """Write the model in both forms, start both servers, and ask them in turn."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--model", type=Path, help="an exported .pt file; else one is made")
    parser.add_argument("--backbone", default="resnet34")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--count", type=int, default=64, help="pictures, sent again and again")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{describe_machine()}; {options.model or options.backbone}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = options.model or write_model(options.backbone, folder)
        pictures = [
            path.read_bytes() for path in write_pictures(options.photos, options.count, folder)
        ]
        mlflow.pyfunc.save_model(
            folder / "mlflow", loader_module="foodcls.export.pyfunc", data_path=str(model),
            pip_requirements=[],
        )  # fmt: skip
        here, there = free_port(), free_port()
        ours = [sys.executable, "-m", "flows.cli.main", "serve", model, "--port", here]
        theirs = ["mlflow", "models", "serve", "-m", folder / "mlflow", "--env-manager", "local",
                  "-p", there]  # fmt: skip
        frames = [{"dataframe_split": {"columns": ["image"],
                                       "data": [[base64.b64encode(data).decode()]]}}
                  for data in pictures]  # fmt: skip
        base = "http://127.0.0.1"
        json_type = {"Content-Type": "application/json"}
        with (
            started(ours, f"{base}:{here}/health") as one,
            started(theirs, f"{base}:{there}/health") as other,
        ):
            bodies = [json.dumps(frame).encode() for frame in frames]
            servers = (
                Server("foodcls serve", f"{base}:{here}/predict", {}, pictures, one),
                Server(
                    "mlflow models serve", f"{base}:{there}/invocations", json_type, bodies, other
                ),
            )
            compare(servers, options.clients, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
