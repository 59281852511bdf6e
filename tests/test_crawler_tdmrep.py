"""tdmrep.json: what a site reserves from text and data mining is not fetched."""

import json
from pathlib import Path

import pytest

from crawler.tdmrep import is_reserved, parse_tdmrep
from tests.crawler_web import page
from tests.polite_web import Answer, Host, crawled

FILE = "/.well-known/tdmrep.json"


def rule(location: object, reservation: object = 1) -> dict[str, object]:
    return {"location": location, "tdm-reservation": reservation}


@pytest.mark.parametrize(
    ("location", "path", "matches"),
    [
        ("/", "/a/b", True),
        ("/a", "/abc", True),
        ("/a/", "/a", False),
        ("/A", "/a", False),
        ("/a/*.jpg", "/a/b/c.jpg", True),
        ("/a/*.jpg", "/a/b/c.jpg?size=2", True),
        ("/a/*.jpg$", "/a/b/c.jpg?size=2", False),
        ("/a/*.jpg$", "/a/x.jpg.jpg", True),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a*b*c", "/a-b-b-c-d", True),
        ("/a*b*c", "/a-c-b", False),
        ("/a*a$", "/a", False),
        ("*.png", "/x/y.png", True),
        ("/*?print", "/x?print=1", True),
        ("/foo-%24", "/foo-$", True),
        ("/%7Ejoe", "/~joe/x", True),
        ("/caf\u00e9", "/caf%c3%a9/menu", True),
        ("/a%2Fb", "/a/b", False),
        ("images/", "/images/x.jpg", True),
        ("https://a.example/news", "/news/1", True),
        ("/", "", True),
    ],
)
def test_locations_match_as_in_robots_txt(location: str, path: str, matches: bool) -> None:
    rules = parse_tdmrep(json.dumps([rule(location)]).encode())
    assert is_reserved(rules, f"https://a.example{path}") is matches


def test_the_first_rule_that_matches_decides() -> None:
    rules = parse_tdmrep(
        json.dumps([rule("/a/open", 0), rule("/a"), rule("/a/b", 0), rule("/c", 2), rule("/c")]).encode()
    )
    reserved = {path: is_reserved(rules, f"https://a.example{path}") for path in ("/a/open/1", "/a/b", "/c", "/d")}
    assert reserved == {"/a/open/1": False, "/a/b": True, "/c": False, "/d": False}


@pytest.mark.parametrize(
    ("body", "reserved"),
    [
        (b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://a.example/policy"}]', True),
        (b'\xef\xbb\xbf[{"location": "/", "tdm-reservation": 1}]', True),
        (b'{"location": "/", "tdm-reservation": "1"}', True),
        (
            b'[7, {"location": 7, "tdm-reservation": 1}, {"tdm-reservation": 1}, {"location": "/x", "tdm-reservation": 1}]',
            True,
        ),
        (b'[{"location": "/", "tdm-reservation": 2}]', False),
        (b'[{"location": "", "tdm-reservation": 1}]', False),
        (b'[{"location": "/", "tdm-reservation": 1}', False),
        (b"<html>No such page</html>", False),
        (b"\xff\xfe\x00", False),
        (b"[" * 100_000, False),
        (b"", False),
    ],
)
def test_junk_reserves_nothing(body: bytes, reserved: bool) -> None:
    assert is_reserved(parse_tdmrep(body), "http://a.example/x") is reserved


def test_what_is_reserved_is_not_fetched(host: Host, other: Host, tmp_path: Path) -> None:
    host.tdmrep(rule("/story-0"), rule("/gone-to", 1))
    other.tdmrep(rule("/*.jpg$"))
    pages = host.stories(2)
    host.says("/theirs", Answer(page(f"{other.url}/photo.jpg"), "text/html"))
    host.says("/moved", Answer(status=301, headers=(("Location", "/gone-to"),)))
    books = crawled(tmp_path, [*pages, f"{host.url}/theirs", f"{host.url}/moved"])
    assert books.refused == {
        pages[0]: ("opted_out", "tdmrep.json:tdm-reservation"),
        f"{host.url}/theirs": ("image_opted_out", "tdmrep.json:tdm-reservation"),
        f"{host.url}/gone-to": ("opted_out", "tdmrep.json:tdm-reservation"),
    }
    assert books.stats["candidates"] == 1
    assert sorted(host.paths()) == [
        "/.well-known/tdmrep.json",
        "/moved",
        "/photo.jpg",
        "/robots.txt",
        "/story-1",
        "/theirs",
    ]
    assert other.paths() == ["/robots.txt", FILE]
    assert {asked.agent for asked in host.diary} == {host.diary[0].agent}


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(status=0), Answer(status=403), Answer(b"<html></html>")])
def test_a_site_that_gives_no_such_file_reserves_nothing(answer: Answer, host: Host, tmp_path: Path) -> None:
    host.says(FILE, answer)
    assert crawled(tmp_path, host.stories(2)).stats["candidates"] == 2
    assert host.paths().count(FILE) == 1


def test_the_file_is_left_alone_where_robots_txt_forbids_it_or_the_user_does(
    host: Host, other: Host, tmp_path: Path
) -> None:
    host.robots("User-agent: *\nDisallow: /.well-known/\n")
    host.tdmrep(rule("/"))
    other.tdmrep(rule("/"))
    assert crawled(tmp_path, host.stories(1)).stats["candidates"] == 1
    assert FILE not in host.paths()
    assert crawled(tmp_path, other.stories(1), "LAIT_TDMREP=0").stats["candidates"] == 1
    assert FILE not in other.paths()


def test_a_location_that_is_no_address_is_passed_over() -> None:
    rules = parse_tdmrep(b'[{"location": "http://[", "tdm-reservation": 1}, {"location": "/a", "tdm-reservation": 1}]')
    assert (len(rules), is_reserved(rules, "http://a.example/a")) == (1, True)
