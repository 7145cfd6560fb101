"""Asks each engine one small question: whether it works, and what it needs, gives and costs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from foodcls.collect.engines.answers import UNKNOWN_SHAPE
from foodcls.collect.engines.base import Access, Question
from foodcls.collect.engines.licences import short_name
from foodcls.collect.engines.registry import ENGINES, lacking, read_access
from foodcls.collect.hosts.shared import host_places
from foodcls.collect.limits import Limits, fetch_limits
from foodcls.collect.query_stats import NO_RESULTS
from foodcls.collect.rate_limits import RateLimits
from foodcls.collect.search import SearchResult, search_all
from foodcls.recipe.data_settings import Collect
from foodcls.recipe.recipe import Recipe
from foodcls.store.store import Store

# pictures that are asked for: those of one page
FEW = 20
ANY_DISH = "bread"


@dataclass(frozen=True)
class EngineTrial:
    """What an engine answered; `mend` is what to do where it is of no use."""

    engine: str
    works: bool
    text: str
    mend: str = ""


def look_for_keys(names: Iterable[str], access: Access) -> Iterator[EngineTrial]:
    """Say whether each engine may be asked; no request is made."""
    for name in names:
        why = lacking(name, access)
        said = "cannot be asked" if why else "can be asked"
        with_key = ", its key is set" if ENGINES[name].has_key(access) else ""
        yield EngineTrial(name, not why, said + with_key, why)


def try_recipe(
    recipe: Recipe | None, query: str, environment: Mapping[str, str], store: Store
) -> Iterator[EngineTrial]:
    """Try a recipe's engines, or all, with its first query where none is given."""
    settings = recipe.collect if recipe else Collect(engines=("commons",))
    names = settings.engines if recipe else [name for name in ENGINES if name != "sample"]
    queries = [words for item in recipe.classes for words in item.queries] if recipe else []
    access = read_access(environment, settings)
    limits = fetch_limits(settings, access.contact, host_places())
    return try_engines(names, query or (queries or [ANY_DISH])[0], access, limits, store)


def try_engines(
    names: Iterable[str], query: str, access: Access, limits: Limits, store: Store
) -> Iterator[EngineTrial]:
    """Put the query to each engine, anew; the requests count in what its limits allow."""
    names = list(dict.fromkeys(names))
    yield from (one for one in look_for_keys(names, access) if not one.works)
    asked = [Question(name, "", query, FEW) for name in names if not lacking(name, access)]
    anew = replace(access, since=limits.clock())
    for found in search_all(asked, anew, replace(limits, retries=0), store):
        cost = _cost(found.question.engine, RateLimits(access, store, limits.clock))
        yield _judge(found, cost)


def _judge(found: SearchResult, cost: str) -> EngineTrial:
    name, reason = found.question.engine, found.stats.reason
    if found.candidates:
        licences = Counter(short_name(one.licence) or "none told" for one in found.candidates)
        told = ", ".join(f"{licence} {count}" for licence, count in licences.most_common())
        text = f"works: {len(found.candidates)} pictures at once; licences: {told}{cost}"
        return EngineTrial(name, True, text)
    if reason == NO_RESULTS:
        return EngineTrial(name, False, f"answers nothing{cost}", "ask something else: --query")
    if UNKNOWN_SHAPE in reason:
        mend = "its answers have changed: leave it out, or look for a newer foodcls"
        return EngineTrial(name, False, f"changed: {reason}{cost}", mend)
    return EngineTrial(name, False, f"refused: {reason}{cost}", "try later, or leave it out")


def _cost(name: str, rates: RateLimits) -> str:
    limit, period = rates.allowed(name)
    hours = f"{period / 3600:g} h"
    return f"; {rates.used(name):,} of {limit:,} requests in {hours} are used" if limit else ""
