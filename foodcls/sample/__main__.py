"""Turns a command line into a sample web: served, or described in tables."""

import argparse
import time
from pathlib import Path

from foodcls.errors import FoodclsError
from foodcls.sample.http_server import serve
from foodcls.sample.tables import write_boxes, write_filter
from foodcls.sample.web import SampleWeb

EXAMPLES = {
    "serve": ("serve the web on this machine", "--port 8080"),
    "boxes": ("write the true boxes as CSV", "boxes.csv"),
    "filter": ("write which pictures to keep as CSV", "filter.csv"),
}


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    given = _parser().parse_args(arguments)
    web = SampleWeb(given.per_class, given.seed)
    if given.command == "serve":
        return _serve(web, given.port)
    {"boxes": write_boxes, "filter": write_filter}[given.command](web, given.path)
    print(f"wrote {given.path}")


def _serve(web: SampleWeb, port: int) -> None:
    with serve(web, port) as open_port:
        print(f"http://127.0.0.1:{open_port}/  (Ctrl-C ends)", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("ended")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m foodcls.sample", description="A small messy web of drawn canteen food."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (purpose, example) in EXAMPLES.items():
        command = commands.add_parser(
            name, help=purpose, epilog=f"example: python -m foodcls.sample {name} {example}"
        )
        command.add_argument("--per-class", type=int, default=48, help="good pictures a class")
        command.add_argument("--seed", type=int, default=0)
        if name == "serve":
            command.add_argument("--port", type=int, default=0, help="0 takes a free one")
        else:
            command.add_argument("path", type=Path)
    return parser


if __name__ == "__main__":
    try:
        main()
    except (FoodclsError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
