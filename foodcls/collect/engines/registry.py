"""Names the engines that can be asked, and says which of them can be asked now."""

from collections.abc import Iterable, Mapping

from foodcls.collect.engines.baidu import BAIDU
from foodcls.collect.engines.base import CONTACT, Access, Engine, Question, rebased
from foodcls.collect.engines.bing import BING
from foodcls.collect.engines.brave import BRAVE
from foodcls.collect.engines.commons import COMMONS
from foodcls.collect.engines.ddgs import DDGS
from foodcls.collect.engines.flickr import FLICKR
from foodcls.collect.engines.google import GOOGLE
from foodcls.collect.engines.inaturalist import INATURALIST
from foodcls.collect.engines.openverse import OPENVERSE
from foodcls.collect.engines.pexels import PEXELS
from foodcls.collect.engines.pixabay import PIXABAY
from foodcls.collect.engines.sample import SAMPLE
from foodcls.collect.engines.unsplash import UNSPLASH
from foodcls.errors import CollectError
from foodcls.recipe.data_settings import Collect

# how interfaces answer who has no key, or one that is wrong or used up
REFUSALS = ("HTTP 400", "HTTP 401", "HTTP 403", "HTTP 422")
# a new engine has a line here, a file of its own, and its name in EngineName of the recipe
ENGINES: dict[str, Engine] = {
    "commons": COMMONS,
    "openverse": OPENVERSE,
    "inaturalist": INATURALIST,
    "flickr": FLICKR,
    "brave": BRAVE,
    "pexels": PEXELS,
    "pixabay": PIXABAY,
    "unsplash": UNSPLASH,
    "ddgs": DDGS,
    "bing": BING,
    "google": GOOGLE,
    "baidu": BAIDU,
    "sample": SAMPLE,
}


def check_questions(questions: Iterable[Question], access: Access) -> dict[str, str]:
    """What engines that cannot be asked lack; no request is made.

    CollectError when none of them can be asked, or one cannot filter by a licence.
    """
    asked = sorted({(item.engine, item.licence) for item in questions})
    for name, licence in asked:
        engine = ENGINES[name]
        if licence and licence not in engine.licences:
            known = ", ".join(map(repr, engine.licences))
            raise CollectError(
                f"collect.licence {licence!r}: the engine {name} cannot filter by it; "
                + (f"it knows {known}" if known else "leave the licence or the engine out")
            )
    mute = {name: why for name, _ in asked if (why := lacking(name, access))}
    if mute and len(mute) == len({name for name, _ in asked}):
        lines = "\n".join(f"  {name} {why}" for name, why in mute.items())
        raise CollectError(f"no engine of collect.engines can be asked:\n{lines}")
    return mute


def check_listed(sources: Iterable[str], access: Access) -> None:
    """CollectError where a list names pictures of an engine that forbids what foodcls does."""
    for name in sorted(ENGINES.keys() & set(sources)):
        if is_forbidden(name, access):
            raise CollectError(
                f"collect.urls lists pictures of {name}, which {ENGINES[name].terms.caution}: if "
                f"it permits that to you, add {name} to collect.permitted, else take its rows out"
            )


def lacking(name: str, access: Access) -> str:
    """Why an engine cannot be asked, and how to mend that; empty where it can be."""
    why = ENGINES[name].lacks(access)
    if is_forbidden(name, access):
        forbidden = (
            f"{ENGINES[name].terms.caution}: if it permits that to you, add {name} to "
            "collect.permitted"
        )
        return f"{forbidden}; and it {why}" if why else forbidden
    return why


def is_forbidden(name: str, access: Access) -> bool:
    """Whether an engine forbids what foodcls does, and no recipe says that it permits that."""
    return bool(ENGINES[name].terms.caution) and name not in access.permitted


def page_urls(question: Question, access: Access) -> list[str]:
    """The addresses of a question's result pages, as far as they are known."""
    base = dict(access.bases).get(question.engine, "")
    return [rebased(url, base) for url in ENGINES[question.engine].pages(question, access)]


def explain(name: str, detail: str) -> str:
    """What a refusal by its status means, where keys are asked for."""
    terms = ENGINES[name].terms
    if terms.keys and detail in REFUSALS:
        keys = " and ".join(terms.keys)
        spent = f", or are its {terms.keyed_quota:,} requests used up" if terms.keyed_quota else ""
        return f"{detail}: does the key in {keys} hold{spent}? a new one: {terms.key_page}"
    return detail


def read_access(environment: Mapping[str, str], settings: Collect | None = None) -> Access:
    """The access with the keys of an environment, and what a recipe says of contact and permits."""
    contact = settings and settings.contact
    names = [name for engine in ENGINES.values() for name in engine.terms.keys]
    keys = {name: environment.get(name, "").strip() for name in names}
    told = contact or environment.get(CONTACT, "").strip()
    return Access(keys, told, permitted=settings.permitted if settings else ())
