"""One small question to each engine, on loopback: what it is called when it works, or does not."""

import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from foodcls.collect.engines.base import Access
from foodcls.collect.engines.registry import ENGINES, read_access
from foodcls.collect.trial import look_for_keys, try_engines
from foodcls.recipe.data_settings import Collect

RECIPE = Collect(engines=("commons",), contact="you@example.org")

RESULT = {"url": "http://p.test/1.jpg", "license": "by-sa", "license_version": "4.0"}
PAGE = {"page_count": 1, "results": [RESULT, RESULT | {"url": "http://p.test/2.jpg"}]}


@pytest.mark.parametrize(
    ("status", "body", "works", "said"),
    [
        ("200 OK", json.dumps(PAGE), True, "works: 2 pictures at once; licences: by-sa 2"),
        ("200 OK", '{"page_count": 0, "results": []}', False, "answers nothing"),
        ("200 OK", '{"renamed": []}', False, "changed: a page of unknown shape"),
        ("401 Unauthorized", "{}", False, "refused: HTTP 401: does the key"),
        ("429 Too Many Requests", "{}", False, "refused: HTTP 429"),
    ],
)
def test_an_engine_is_told_by_what_it_answers_and_costs(
    status: str, body: str, works: bool, said: str, web, limits, store
) -> None:
    web.say("/v1/images/", body.encode(), status)
    access = Access(bases=(("openverse", web.url("")),))
    (trial,) = try_engines(["openverse"], "soup", access, limits, store)
    assert (trial.works, trial.engine) == (works, "openverse")
    assert trial.text.startswith(said) and "1 of 200 requests in 24 h are used" in trial.text
    assert web.hits["/v1/images/"] == 1
    # what was found out is asked anew by who wants to know, and counts
    (again,) = try_engines(["openverse"], "soup", access, replace(limits), store)
    assert "2 of 200" in again.text


def test_engines_that_lack_something_are_told_without_a_request(web, limits, store) -> None:
    names = ["commons", "flickr"]
    access = Access(bases=tuple((name, web.url("")) for name in names))
    trials = list(try_engines(names, "soup", access, limits, store))
    assert [one.works for one in trials] == [False, False] and not web.hits
    assert "FOODCLS_CONTACT" in trials[0].mend and "FLICKR_API_KEY" in trials[1].mend


def test_keys_are_read_from_an_environment_and_never_told() -> None:
    environment = {"FLICKR_API_KEY": " sesame ", "FOODCLS_CONTACT": "me@example.org"}
    access = read_access(environment)
    assert access.keys["FLICKR_API_KEY"] == "sesame" and access.contact == "me@example.org"
    assert read_access(environment, RECIPE).contact == "you@example.org"
    told = {one.engine: one for one in look_for_keys(ENGINES, access)}
    assert told["flickr"].works and told["commons"].works and not told["pexels"].works
    assert "sesame" not in str(told)
    environment["PEXELS_API_KEY"] = "open"
    assert read_access(environment, RECIPE).keys["PEXELS_API_KEY"] == "open"


CAUTIOUS = [name for name, engine in ENGINES.items() if engine.terms.caution]


@pytest.mark.parametrize("name", CAUTIOUS)
def test_who_forbids_training_is_asked_only_with_its_permission(
    name: str, web, limits, store
) -> None:
    """Also where the key is given: a key is no permission."""
    keys = dict.fromkeys(ENGINES[name].terms.keys, "open")
    access = replace(read_access(keys), bases=((name, web.url("")),))
    (told,) = try_engines([name], "soup", access, limits, store)
    assert not told.works and ENGINES[name].terms.caution in told.mend and not web.hits
    assert told.mend.endswith(f"if it permits that to you, add {name} to collect.permitted")
    (keyed,) = look_for_keys([name], access)
    assert keyed.text == "cannot be asked, its key is set"
    (keyless,) = look_for_keys([name], Access())
    assert "collect.permitted; and it needs a key" in keyless.mend
    permitted = read_access(keys, Collect(engines=(name,), permitted=(name,))).permitted
    (tried,) = try_engines([name], "soup", replace(access, permitted=permitted), limits, store)
    assert "HTTP 404" in tried.text and web.hits.total() == 1


def test_a_recipe_may_permit_every_engine_that_forbids_training_and_no_other() -> None:
    assert CAUTIOUS == ["brave", "pexels", "unsplash"]
    with pytest.raises(ValidationError):
        Collect(engines=("flickr",), permitted=("flickr",))
