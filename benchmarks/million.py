"""Runs a recipe on so many pictures of a web on this machine, kills it on the way, and counts.

    python benchmarks/million.py --pictures 10000
    nice -n 19 python benchmarks/million.py --pictures 1000000 --folder million --processes 1

The pictures are small JPEGs that are drawn first (million_web.py): originals, copies that are
planted (the same bytes, recompressed, cropped, mirrored, turned), strangers, which a table of a
person's decisions drops, and broken files. `foodcls run` fetches them from loopback, drops what is
no picture or a copy, splits, and trains a probe on a tiny network with random weights. Its process
gets SIGKILL at random moments, and the same command is typed again.

Seconds are those of the clock, which other work on the machine lengthens, and those of processors,
of all attempts together; starting is a part of "check". Memory is what the process and its
children hold beside mapped files, looked at four times a second: a peak between two looks is
missed. Work is repeated if an address is fetched again that the store remembered as fetched when
the process was killed, if a fact that the store remembered is written again, or if a stage that
had ended runs anew. With --folder all is kept there, and the same command goes on.
"""

import argparse
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
from answering import answering
from million_web import BROKEN, COPIES, Plan, Visits, draw_shards, list_rows, make_plan
from peers import as_table, busy, describe_machine

from foodcls.collect.fetch import KIND as FETCHED
from foodcls.sample.dishes import LABELS
from foodcls.store.disk import format_bytes
from foodcls.store.local_store import BLOBS, FACTS
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace

HERE = Path(__file__).resolve().parent
RECIPE = """\
name: million
classes: [{classes}]
collect:
  urls: urls.csv
  allow_private_hosts: true
  connections: 64
  per_host: 64
filter: {{manifest: filter.csv}}
augment: {{per_class: null}}
train: {{method: probe, backbone: test_resnet, weights: none, hidden_units: 0, input_size: 64}}
export: {{formats: [torchscript]}}
"""
# the stages whose results are kept; the others look or write anew each time
KEPT = ("collect", "inspect", "dedup", "filter", "crop", "split", "augment", "train", "calibrate",
        "evaluate", "export")  # fmt: skip
LOOK = 0.25  # seconds from one look at the process to the next
KILLS = 6
# a line about a stage that has ended, as foodcls.runs.stage_result.describe writes it
ENDED = re.compile(r"  (\w[\w ]{0,11}?) {2,}.*?(\d+\.\d s\b.*|cached)$")
GUARD = """
CREATE TABLE IF NOT EXISTS again (kind TEXT);
CREATE TRIGGER IF NOT EXISTS watching BEFORE INSERT ON facts
WHEN EXISTS (SELECT 1 FROM facts WHERE kind = new.kind AND key = new.key)
BEGIN INSERT INTO again VALUES (new.kind); END;
"""


@dataclass
class Session:
    """One start of the command; a stage is named by the one that ended before it."""

    code: int
    ended: list[tuple[str, bool]] = field(default_factory=list)  # stages, and whether recalled
    seconds: dict[str, float] = field(default_factory=dict)  # by the stage before
    work: dict[str, float] = field(default_factory=dict)  # seconds of processors, likewise
    memory: dict[str, int] = field(default_factory=dict)  # most bytes, likewise
    fetched: int = 0  # addresses that the store remembered afterwards
    fetched_again: int = 0  # of those that it remembered before


def main() -> None:
    """Draw, serve, run and kill, and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--every", type=float, help="seconds from start to kill; else by the size")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where all is kept; else a temporary one")
    parser.add_argument("--json", type=Path, help="also write what was seen here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = (options.folder or Path(passing)).resolve()
        folder.mkdir(exist_ok=True)
        seen = measure(folder, options)
    if options.json:
        options.json.write_text(json.dumps(seen))


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All of it in that folder; what was seen, which is printed."""
    count, seed = options.pictures, options.seed
    print(f"{describe_machine()}\n{count:,} pictures, seed {seed}", flush=True)
    begun = time.monotonic()
    draw_shards(folder / "shards", count, seed, options.processes)
    drawn = sum(path.stat().st_size for path in (folder / "shards").iterdir())
    print(f"drawn in {time.monotonic() - begun:.0f} s: {format_bytes(drawn)}", flush=True)
    plan = make_plan(count, seed)
    with serving(folder, count, seed) as port:
        write_recipe(folder, plan, port)
        # 200 a second is about what two cores do
        every = options.every or max(10.0, count / 200 / (options.kills + 1))
        sessions = run_all(folder, count, options.kills, every, np.random.default_rng(seed))
    stages = stage_figures(sessions)
    show(["stage", "seconds", "of processors", "most memory", "killed"], (
        [name, f"{one['seconds']:.1f}", f"{one['work']:.1f}", format_bytes(one["memory"]),
         str(one["kills"])]
        for name, one in stages.items()))  # fmt: skip
    sizes = disk_sizes(folder)
    show(["on disk", "bytes", "files"], ([name, format_bytes(size), f"{files:,}"]
                                         for name, (size, files) in sizes.items()))  # fmt: skip
    repeated = repeated_work(folder, sessions)
    show(["done again", "times"], ([name, f"{times:,}"] for name, times in repeated.items()))
    found = judge(folder, plan)
    show(["planted", "pictures", "known as the same", "or kept together"], (
        [name, f"{one['n']:,}", f"{one['same']:,}", f"{one['together']:,}"]
        for name, one in found["kinds"].items()))  # fmt: skip
    print(f"taken for copies: {found['dropped']:,}, of these rightly {found['dropped_rightly']:,}; "
          f"kept together with others: {found['clustered']:,}, rightly "
          f"{found['clustered_rightly']:,}; broken files refused: {found['refused']:,} of "
          f"{found['broken']:,}, others {found['refused_wrongly']:,}")  # fmt: skip
    result = json.loads((folder / "result.json").read_text())
    print(f"accuracy {result['accuracy']:.3f} ({result['accuracy_low']:.3f} to "
          f"{result['accuracy_high']:.3f}, n = {result['n']:,}); {busy()}")  # fmt: skip
    return {"stages": stages, "disk": sizes, "repeated": repeated, "found": found,
            "accuracy": result["accuracy"], "sessions": len(sessions)}  # fmt: skip


@contextmanager
def serving(folder: Path, count: int, seed: int) -> Iterator[int]:
    """The port of a server in a process of its own; the same one when the command goes on."""
    kept = folder / "port"
    port = kept.read_text() if kept.exists() else "0"
    with answering(HERE / "million_web.py", folder, count, seed, port) as line:
        kept.write_text(line.strip())
        yield int(line)


def write_recipe(folder: Path, plan: Plan, port: int) -> None:
    """The recipe, its list of addresses, and which pictures a person would have dropped."""
    if (folder / "million.yaml").exists():
        return
    (folder / "urls.csv").write_text("\n".join(list_rows(plan, port)) + "\n")
    strangers = np.flatnonzero(plan.is_of("stranger")).tolist()
    lines = ["path,keep,reason", *(f"{number:09}.jpg,no,unrelated" for number in strangers)]
    (folder / "filter.csv").write_text("\n".join(lines) + "\n")
    classes = ", ".join(f"{{name: {label}}}" for label in LABELS)
    (folder / "million.yaml").write_text(RECIPE.format(classes=classes))


def run_all(
    folder: Path, count: int, kills: int, every: float, dice: np.random.Generator
) -> list[Session]:
    """Start the command until it ends by itself; what earlier calls saw comes first."""
    kept = folder / "sessions.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    sessions = [Session(**json.loads(line)) for line in lines]
    watch_facts(folder)
    visits = Visits(folder / "visits", count).counts
    while not (sessions and sessions[-1].code == 0):
        is_last = len(sessions) >= kills
        limit = float("inf") if is_last else every * dice.uniform(0.5, 1.5)
        known, before = fetched_numbers(folder), np.array(visits)
        session = run_once(folder, limit)
        session.fetched_again = int((visits[known] > before[known]).sum())
        session.fetched = len(fetched_numbers(folder))
        if session.code not in (0, -signal.SIGKILL):
            raise SystemExit(f"ended with {session.code}: see {folder / 'run.log'}")
        sessions.append(session)
        with kept.open("a") as file:
            file.write(json.dumps(asdict(session)) + "\n")
        last = session.ended[-1][0] if session.ended else "the start"
        spent = sum(session.seconds.values())
        print(f"{'ended' if session.code == 0 else 'killed'} after {spent:.0f} s and {last}; "
              f"{session.fetched:,} addresses remembered; {busy()}", flush=True)  # fmt: skip
    return sessions


def open_facts(folder: Path) -> closing[sqlite3.Connection]:
    """The database of the store's facts."""
    return closing(sqlite3.connect(Workspace(folder / "workspace").own_store / FACTS))


def watch_facts(folder: Path) -> None:
    """Let the store's database note each fact that is written again."""
    store = Workspace.at(folder / "workspace").store
    # which makes the table
    store.recall(FETCHED, [])
    with open_facts(folder) as facts:
        facts.executescript(GUARD)


def fetched_numbers(folder: Path) -> np.ndarray:
    """Of the addresses that the store remembers as done, the pictures' numbers: int64."""
    with open_facts(folder) as facts:
        keys = facts.execute("SELECT key FROM facts WHERE kind = ?", [FETCHED])
        names = [Path(key).stem for (key,) in keys]
    return np.array([int(name) for name in names if name.isdigit()], np.int64)


def run_once(folder: Path, limit: float) -> Session:
    """Start the command, and kill it so many seconds after its first stage."""
    words: list[str | Path] = [
        Path(sys.executable).with_name("foodcls"), "run", folder / "million.yaml",
        "--workspace", folder / "workspace", "--json", folder / "result.json",
    ]  # fmt: skip
    # nothing of this user's own Prefect and MLflow takes part
    others = {name: value for name, value in os.environ.items()
              if name not in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI")}  # fmt: skip
    others["PREFECT_HOME"] = str(folder / "prefect")
    log = folder / "run.log"
    with log.open("ab") as output, log.open(encoding="utf-8", errors="replace") as told:
        told.seek(0, os.SEEK_END)
        process = subprocess.Popen(words, stdout=output, stderr=output, env=others)
        try:
            return watch(process, told, limit)
        finally:
            process.kill()


def watch(process: subprocess.Popen[bytes], told: Iterable[str], limit: float) -> Session:
    """Look at a process and at what it tells until it ends, or is killed; what was seen."""
    session, family = Session(0), list[psutil.Process]()
    begun = before = time.monotonic()
    worked_before = 0.0
    while True:
        code, now = process.poll(), time.monotonic()
        stage = session.ended[-1][0] if session.ended else ""
        session.seconds[stage] = session.seconds.get(stage, 0.0) + now - before
        before = now
        # what is told at one look has ended since the look before
        session.ended += read_ends(told)
        if code is not None:
            break
        with suppress(psutil.Error):
            parent = psutil.Process(process.pid)
            family = [parent, *parent.children(recursive=True)]
        session.memory[stage] = max(session.memory.get(stage, 0), sum(map(held, family)))
        # of one that has ended without being waited for it is lost
        work = max(worked_before, sum(map(worked, family)))
        session.work[stage] = session.work.get(stage, 0.0) + work - worked_before
        worked_before = work
        # starting takes as long for few pictures as for many
        begun = begun if session.ended else now
        if now - begun > limit:
            process.kill()
        time.sleep(LOOK)
    session.code = code
    # its temporary server ends with it, but needs a moment
    _, alive = psutil.wait_procs(family, timeout=30)
    if alive:
        raise SystemExit(f"still there after the process that started them: {alive}")
    return session


def read_ends(told: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Stages that these lines say have ended, and whether they were recalled."""
    for line in told:
        if found := ENDED.match(line.rstrip("\n")):
            yield found[1], found[2] == "cached"


def held(process: psutil.Process) -> int:
    """Bytes that a process holds beside mapped files; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines
               if line.startswith(("RssAnon:", "RssShmem:")))  # fmt: skip


def worked(process: psutil.Process) -> float:
    """Seconds that processors worked for a process and for those it waited for; 0 at its end."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.Error:
        return 0.0


def stage_figures(sessions: Sequence[Session]) -> dict[str, dict[str, Any]]:
    """By stage, in order: seconds and memory of all sessions, and how often it was killed."""
    order = [name for name, _ in sessions[-1].ended]
    after = dict(zip(["", *order], [*order, "the end"], strict=True))
    figures = {name: {"seconds": 0.0, "work": 0.0, "memory": 0, "kills": 0}
               for name in after.values()}  # fmt: skip
    for session in sessions:
        for name, spent in session.seconds.items():
            figures[after[name]]["seconds"] += spent
            figures[after[name]]["work"] += session.work.get(name, 0.0)
        for name, most in session.memory.items():
            one = figures[after[name]]
            one["memory"] = max(one["memory"], most)
        if session.code:
            figures[after[session.ended[-1][0] if session.ended else ""]]["kills"] += 1
    return figures


def disk_sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Bytes that are taken and files, by folder."""
    space = folder / "workspace"
    places = {"blobs": space / "store" / BLOBS, "facts": space / "store" / FACTS,
              "decoded and features": space / "cache" / "pixels", "workspace": space}  # fmt: skip
    found = {}
    for name, place in places.items():
        files = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]
        found[name] = sum(file.stat().st_blocks << 9 for file in files), len(files)
    return found


def repeated_work(folder: Path, sessions: Sequence[Session]) -> dict[str, int]:
    """What was done again although it was done."""
    again, known = 0, set[str]()
    for session in sessions:
        again += sum(name in known and not is_cached for name, is_cached in session.ended)
        known |= {name for name, _ in session.ended if name in KEPT}
    with open_facts(folder) as facts:
        kinds = dict(facts.execute("SELECT kind, COUNT(*) FROM again GROUP BY kind"))
    return {"stages that had ended": again,
            "addresses that were fetched": sum(one.fetched_again for one in sessions),
            **{f"facts: {kind}": times for kind, times in kinds.items()}}  # fmt: skip


def judge(folder: Path, plan: Plan) -> dict[str, Any]:
    """What became of the planted: by kind, and how often what was taken for a copy is none."""
    rows = read_manifest(folder / "workspace" / "manifest.csv",
                         ("id", "origin", "stage", "duplicate_of", "cluster"))  # fmt: skip
    number = rows["origin"].str.extract(r"/(\d{9})\.jpg$")[0].astype(int).to_numpy()
    rows = rows.assign(family=plan.family[number]).set_index(number)
    refused = rows["stage"].isin(["collect", "inspect"]) & (rows["duplicate_of"] == "")
    is_broken = plan.is_of(*BROKEN)[number]
    # of the same bytes one row was compared for all
    compared = rows[rows["cluster"] != ""].set_index("id")
    keeper = compared["duplicate_of"].where(compared["duplicate_of"] != "", compared.index)
    arrived = rows[rows["id"].isin(compared.index)]
    arrived = arrived.assign(keeper=keeper.loc[arrived["id"]].to_numpy(),
                             cluster=compared["cluster"].loc[arrived["id"]].to_numpy())  # fmt: skip
    kinds, has_arrived = {}, np.isin(np.arange(len(plan.kind)), arrived.index)
    for name in COPIES:
        copies = arrived.loc[np.flatnonzero(plan.is_of(name) & has_arrived)]
        own = arrived.loc[copies["family"]]
        same = copies["keeper"].to_numpy() == own["keeper"].to_numpy()
        together = copies["cluster"].to_numpy() == own["cluster"].to_numpy()
        kinds[name] = {"n": len(copies), "same": int(same.sum()),
                       "together": int((same | together).sum())}  # fmt: skip
    found = {"kinds": kinds, "broken": int(is_broken.sum()),
             "refused": int((refused & is_broken).sum()),
             "refused_wrongly": int((refused & ~is_broken).sum())}  # fmt: skip
    for name, others in (("dropped", "keeper"), ("clustered", "cluster")):
        joined = arrived[arrived[others] != arrived["id"]]
        rightly = compared["family"].loc[joined[others]].to_numpy() == joined["family"].to_numpy()
        found |= {name: len(joined), f"{name}_rightly": int(rightly.sum())}
    return found


def show(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    print(as_table(head, rows), flush=True)


if __name__ == "__main__":
    main()
