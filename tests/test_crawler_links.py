import pytest

from crawler.links import followed_links, site_of
from crawler.page import parse_page

LINKS = """<a href="/b">b</a><a href="http://www.a.example/c#top">c</a><a href="/b#again">b</a><a href="mailto:x@y.z">m</a>
  <a rel="sponsored nofollow" href="/d">d</a><a href="https://other.example/e">e</a>"""


@pytest.mark.parametrize(
    ("scope", "home", "links"),
    [
        ("none", "a.example", []),
        ("site", "a.example", ["http://a.example/b", "http://www.a.example/c"]),
        ("site", "other.example", ["https://other.example/e"]),
        ("web", "a.example", ["http://a.example/b", "http://www.a.example/c", "https://other.example/e"]),
    ],
)
def test_links_of_a_scope(scope: str, home: str, links: list[str]) -> None:
    assert list(followed_links(parse_page(LINKS, "http://a.example/"), scope, home)) == links


def test_a_site_is_a_host_and_port_without_www() -> None:
    assert site_of("http://WWW.a.example:8080/x") == "a.example:8080"
