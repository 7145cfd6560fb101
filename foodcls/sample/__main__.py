"""Serves the sample web on this machine, or writes the truth about it as tables."""

import argparse
import time
from pathlib import Path

from foodcls.errors import FoodclsError
from foodcls.sample.http_server import serve
from foodcls.sample.tables import write_boxes, write_filter
from foodcls.sample.web import SampleWeb

EXAMPLES = """examples:
  python -m foodcls.sample --port 8080       serves the web
  python -m foodcls.sample /tmp             writes boxes.csv and filter.csv there"""


def main(arguments: list[str] | None = None) -> None:
    """Write the tables into the folder that is named; without one, serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m foodcls.sample", description="A small messy web of drawn canteen food.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folder", type=Path, nargs="?", help="for the true boxes and decisions")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--per-class", type=int, default=48, help="good pictures a class")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.per_class < 1 or not 0 <= given.port < 65_536:
        parser.error("--per-class is 1 or more, --port 0 to 65535")
    web = SampleWeb(given.per_class, given.seed)
    if given.folder:
        write_boxes(web, given.folder / "boxes.csv")
        write_filter(web, given.folder / "filter.csv")
        return print(f"wrote boxes.csv and filter.csv into {given.folder}")
    with serve(web, given.port) as port:
        print(f"http://127.0.0.1:{port}/  (Ctrl-C ends)", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("ended")


if __name__ == "__main__":
    try:
        main()
    except (FoodclsError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
