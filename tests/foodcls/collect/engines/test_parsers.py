"""Result pages in the engines' markup, written for these tests."""

import html
import json

import pytest

from foodcls.collect.engines.baidu import BAIDU
from foodcls.collect.engines.base import Engine, Page
from foodcls.collect.engines.bing import BING
from foodcls.collect.engines.flickr import FLICKR
from foodcls.collect.engines.google import GOOGLE
from foodcls.collect.engines.sample import SAMPLE


def parse(engine: Engine, text: str) -> list[dict[str, str]]:
    page = Page("http://sample.foodcls.test/search?q=x", text.encode())
    return list(engine.parse(page))


def bing_page(*results: str) -> str:
    divs = "".join(
        f'<div class="imgpt"><a class="iusc" m="{html.escape(result)}"></a></div>'
        for result in results
    )
    return f"<html><body>{divs}</body></html>"


def test_bing_keeps_every_format_and_the_whole_address() -> None:
    urls = [
        "https://a.test/1.jpg?w=1&h=2",
        "https://a.test/2.png",
        "https://a.test/3.webp",
        "https://a.test/4.jpeg",
        "https://a.test/5",
    ]
    results = [json.dumps({"murl": url, "purl": "https://a.test/p", "turl": "t"}) for url in urls]
    found = parse(BING, bing_page(*results))
    assert [hit["file_url"] for hit in found] == urls
    assert {hit["page"] for hit in found} == {"https://a.test/p"}


def test_bing_passes_over_an_odd_result_but_not_over_odd_pages() -> None:
    good = json.dumps({"murl": "https://a.test/1.jpg"})
    assert len(parse(BING, bing_page("{broken", good, "[]"))) == 1
    with pytest.raises(ValueError, match="2 results"):
        parse(BING, bing_page("{broken", "[]"))


def google_page(data: str) -> str:
    return (
        '<html><script>var logo="https://www.google.com/logo.png"</script>'
        f"<script>AF_initDataCallback({{key: 'ds:1', data:{data}}});</script></html>"
    )


def test_google_gives_originals_and_not_its_logo_or_thumbnails() -> None:
    data = (
        '[1,[0,"id",["https://encrypted-tbn0.gstatic.com/images?q\\u003dtbn:x",168,300],'
        '["https://a.test/pasta.jpg?w\\u003d1\\u0026h\\u003d2",800,1200]],'
        '[0,"id",["https://a.test/p\\u00e2t\\u00e9.webp",600,900],'
        '{"2003":[null,"ref","https://a.test/caf\\u00e9?a\\u003d1","On \\"pâté\\""]}],'
        '[0,"id",["https://a.test/rice.jpg",600,900],{"2003":[null,"https://odd\\n"]}]]'
    )
    found = parse(GOOGLE, google_page(data))
    assert [hit["file_url"] for hit in found] == [
        "https://a.test/pasta.jpg?w=1&h=2",
        "https://a.test/pâté.webp",
        "https://a.test/rice.jpg",
    ]
    # one without a page does not get its neighbor's
    assert [hit["page"] for hit in found] == ["", "https://a.test/café?a=1", ""]


def test_google_pages_of_icrawlers_shape_are_read_too() -> None:
    text = '<script>x="https://a.test/1.jpg" y="https://a.test/2.png"</script>'
    found = parse(GOOGLE, text)
    assert [hit["file_url"] for hit in found] == ["https://a.test/1.jpg", "https://a.test/2.png"]


@pytest.mark.parametrize("text", ["", "<html><script>0</script></html>", google_page("[]")])
def test_google_without_pictures_gives_none_of_them(text: str) -> None:
    assert parse(GOOGLE, text) == []


def test_baidu_decodes_its_addresses() -> None:
    # "http://a.test/b.jpg" in Baidu's cipher
    coded = "ippr_z2C$qAzdH3FAzdH3Fw_z&e3Bpjfpw_z&e3B3r2"
    answer = {"data": [{"objURL": coded}, {"hoverURL": "http://b.test/1.jpg"}, {}]}
    found = parse(BAIDU, json.dumps(answer))
    assert found[0]["file_url"].startswith("http://a.test")
    assert found[1]["file_url"] == "http://b.test/1.jpg"
    assert len(found) == 2


def test_addresses_are_text_whatever_an_answer_holds() -> None:
    photos = [{"id": "1", "owner": "o", "url_o": 7}]
    answers = {
        BAIDU: {"data": [{"hoverURL": 7}]},
        FLICKR: {"stat": "ok", "photos": {"photo": photos}},
    }
    for engine, answer in answers.items():
        assert [hit["file_url"] for hit in parse(engine, json.dumps(answer))] == ["7"], engine


@pytest.mark.parametrize("text", ["<html>", '{"antiFlag": 1}', "[1]"])
def test_baidu_in_another_shape_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse(BAIDU, text)


def test_flickr_gives_the_largest_size_with_page_and_licence() -> None:
    photos = [
        {"id": "1", "owner": "o", "license": "4", "url_o": "http://f.test/o.jpg", "url_m": "m"},
        {"id": "2", "owner": "o", "license": "99", "url_m": "http://f.test/m.jpg"},
        {"id": "3", "owner": "o", "license": "0"},
    ]
    found = parse(FLICKR, json.dumps({"stat": "ok", "photos": {"photo": photos}}))
    assert [hit["file_url"] for hit in found] == ["http://f.test/o.jpg", "http://f.test/m.jpg"]
    assert found[0]["page"] == "https://www.flickr.com/photos/o/1"
    assert [hit["licence"] for hit in found] == ["CC-BY-2.0", "Flickr 99"]


def test_flickr_errors_are_said() -> None:
    with pytest.raises(ValueError, match="Invalid API Key"):
        parse(FLICKR, json.dumps({"stat": "fail", "message": "Invalid API Key"}))


def test_the_sample_web_gives_whole_addresses() -> None:
    link = '<a class="result" href="/img/1.jpg" data-page="/page/1" data-licence="CC0-1.0">'
    assert parse(SAMPLE, f"<html>{link}</a><a href='/next'>more</a></html>") == [
        {
            "file_url": "http://sample.foodcls.test/img/1.jpg",
            "page": "http://sample.foodcls.test/page/1",
            "licence": "CC0-1.0",
        }
    ]
