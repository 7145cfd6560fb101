"""Names the engines that can be asked, and turns a question into its result pages' addresses."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from foodcls.collect.engines.baidu import BAIDU
from foodcls.collect.engines.base import Access, Question, unthreaded
from foodcls.collect.engines.bing import BING
from foodcls.collect.engines.flickr import FLICKR
from foodcls.collect.engines.google import GOOGLE
from foodcls.collect.engines.sample import SAMPLE
from foodcls.errors import CollectError

# a new engine has a line here, a file of its own, and its name in EngineName of the recipe
ENGINES = {"bing": BING, "google": GOOGLE, "baidu": BAIDU, "flickr": FLICKR, "sample": SAMPLE}


def check_questions(questions: Iterable[Question], access: Access) -> None:
    """CollectError when an engine cannot be asked so; no request is made."""
    for name, licence in sorted({(item.engine, item.licence) for item in questions}):
        engine = ENGINES[name]
        engine.check(access)
        if licence and licence not in engine.licences:
            known = ", ".join(map(repr, engine.licences))
            raise CollectError(
                f"collect.licence {licence!r}: the engine {name} cannot filter by it; "
                + (f"it knows {known}" if known else "leave the licence or the engine out")
            )


def page_urls(question: Question, access: Access) -> list[str]:
    """The addresses of a question's result pages, first to last possible."""
    engine = ENGINES[question.engine]
    feeder = unthreaded(engine.feeder)
    feeder.feed(**engine.arguments(question, access))
    base = dict(access.bases).get(question.engine, "")
    pages = (feeder.out_queue.get() for _ in range(feeder.out_queue.qsize()))
    return [_rebased(url, base) for url in pages]


def page_parser(engine: str) -> Any:
    """The engine's parser: `parse(page)` gives its pictures."""
    return unthreaded(ENGINES[engine].parser)


def _rebased(url: str, base: str) -> str:
    parts = urlsplit(url)
    return url.replace(f"{parts.scheme}://{parts.netloc}", base.rstrip("/"), 1) if base else url
