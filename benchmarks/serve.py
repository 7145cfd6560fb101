"""Asks `foodcls serve` and `mlflow models serve` for the same model, by many clients at once.

    python benchmarks/serve.py                                   # drawn pictures, random weights
    python benchmarks/serve.py PHOTOS --model workspace/models/foods13-*.pt --clients 32

One run, one machine, the same files: each client sends a picture, waits for the answer, and sends
the next; the servers take turns, and the load comes from this process. MLflow has the .pt file, as
it is registered there; foodcls that, and the .onnx files of the same network. To MLflow pictures go
as it asks, base64 in JSON, encoded beforehand. First all must give the same probabilities for each
picture, but int8, which an export holds to its accuracy. What a server computes for a picture,
`CPU ms`, hardly depends on what else the machine does; pictures a second do. The table is Markdown.
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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import mlflow
import numpy as np
from inference import SIZE, make_network, write_pictures
from peers import busy, describe_machine

from foodcls.export.export import INT8, find_writer
from foodcls.export.exported_files import FORMATS, check_libraries, find_format, sibling
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.torchscript import InferenceConfig
from foodcls.image.decode import decode
from foodcls.network.resize import squash_pixels
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.recipe.train_settings import Format
from foodcls.sample.dishes import LABELS
from foodcls.store.store import digest_json

SERVED: tuple[Format, ...] = ("torchscript", "onnx", INT8)
HEAD = """| served | differs by | pictures/s | times mlflow's | p50, ms | p99, ms | CPU ms |
|---|---|---|---|---|---|---|"""


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


def write_models(backbone: str, pictures: Sequence[bytes], folder: Path) -> Path:
    """Exported files with random weights, which take as long as any; the path of the .pt one."""
    check_libraries(SERVED)
    # its libraries may be absent
    from foodcls.export.onnx.int8 import quantize

    network = OptimizedNetwork(make_network(backbone), SIZE)
    facts = {"labels_digest": digest_json(tuple(LABELS))}
    path = folder / "model.pt"
    for kind in ("torchscript", "onnx"):
        data = find_writer(kind)(network, InferenceConfig(SIZE, tuple(LABELS)), facts)
        sibling(path, FORMATS[kind].ending).write_bytes(data)
    squares = [squash_pixels(np.asarray(decode(one, MAX_PIXELS).image), SIZE) for one in pictures]
    sibling(path, FORMATS[INT8].ending).write_bytes(quantize(data, squares))
    return path


@contextmanager
def started(words: Sequence[object], health: str) -> Iterator[int]:
    """A server in a session of its own, from when it answers until the block ends."""
    with subprocess.Popen(
        list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        # foodcls sets the policy for itself: MLflow's threads too sleep while they wait
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                          "OMP_WAIT_POLICY": "passive"},
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
    """Let the servers take turns; print each one's figures, and its rate by that of the last."""
    answers = [asyncio.run(ask_all(server)) for server in servers]
    runs: dict[str, list[tuple[float, ...]]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        for server in servers:
            before = server.computed()
            rate, took = asyncio.run(load(server, clients, seconds if number else 3))
            computed = 1000 * (server.computed() - before) / len(took)
            # the first round warms up
            if number:
                runs[server.name].append((rate, *np.percentile(took * 1000, [50, 99]), computed))
    middles = [np.median(runs[server.name], axis=0) for server in servers]
    for server, given, (rate, p50, p99, computed) in zip(servers, answers, middles, strict=True):
        difference = np.abs(given - answers[-1]).max()
        print(f"| {server.name} | {difference:.0e} | {rate:.1f} | {rate / middles[-1][0]:.2f} "
              f"| {p50:.0f} | {p99:.0f} | {computed:.1f} |", flush=True)  # fmt: skip


def serve_all(model: Path, pictures: Sequence[bytes], folder: Path, options: Any) -> None:
    """Start a server for each format of the model, and MLflow's; ask them in turn."""
    mlflow.pyfunc.save_model(
        folder / "mlflow", loader_module="foodcls.export.pyfunc", data_path=str(model),
        pip_requirements=[],
    )  # fmt: skip
    base = "http://127.0.0.1"
    files = [sibling(model, FORMATS[kind].ending) for kind in SERVED]
    servers = []
    with ExitStack() as running:
        for path in filter(Path.is_file, files):
            port = free_port()
            words = [sys.executable, "-m", "flows.cli.main", "serve", path, "--port", port]
            session = running.enter_context(started(words, f"{base}:{port}/health"))
            name = f"{find_format(path)}, foodcls"
            servers.append(Server(name, f"{base}:{port}/predict", {}, pictures, session))
        port = free_port()
        words = ["mlflow", "models", "serve", "-m", folder / "mlflow", "--env-manager", "local",
                 "-p", port]  # fmt: skip
        session = running.enter_context(started(words, f"{base}:{port}/health"))
        frames = [{"columns": ["image"], "data": [[base64.b64encode(data).decode()]]}
                  for data in pictures]  # fmt: skip
        bodies = [json.dumps({"dataframe_split": frame}).encode() for frame in frames]
        json_type = {"Content-Type": "application/json"}
        url = f"{base}:{port}/invocations"
        servers.append(Server("torchscript, mlflow", url, json_type, bodies, session))
        compare(servers, options.clients, options.seconds, options.rounds)


def main() -> None:
    """One network after the other, or the model that is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--model", type=Path, help="an exported .pt file; else some are made")
    parser.add_argument("--backbones", nargs="+", default=["resnet34", "tf_efficientnet_lite0"])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--count", type=int, default=64, help="pictures, sent again and again")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{describe_machine()}; {options.clients} clients; medians of {options.rounds} rounds")
    for name in [options.model] if options.model else options.backbones:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            paths = write_pictures(options.photos, options.count, folder)
            pictures = [path.read_bytes() for path in paths]
            model = options.model or write_models(name, pictures, folder)
            print(f"\n{name}\n\n{HEAD}")
            serve_all(model, pictures, folder, options)
            print(f"\n{busy()}")


if __name__ == "__main__":
    main()
